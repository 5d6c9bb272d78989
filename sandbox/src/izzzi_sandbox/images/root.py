"""The minimal Debian that every image starts from: the official one, or the same made from Debian's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import docker
from docker.errors import DockerException

from .kitchen import ImageError, Kitchen

MIRROR = "http://deb.debian.org/debian"


@cache
def _answers(timeout: int) -> bool:
    try:
        docker.from_env(timeout=timeout).images.get_registry_data("debian:trixie-slim")
    except (DockerException, OSError):
        return False
    return True


def registry_answers(kitchen: Kitchen) -> bool:
    """Whether this machine's engine reaches a public registry; asked once per process."""
    return _answers(15)


def ensure(kitchen: Kitchen, suite: str) -> str:
    image = f"izzzi-sandbox/debian:{suite}"

    def pull() -> None:
        kitchen.client.images.pull("debian", f"{suite}-slim").tag("izzzi-sandbox/debian", suite)

    def bootstrap() -> None:
        debootstrap(suite, image)

    return kitchen.make(image, lambda: pull() if registry_answers(kitchen) else bootstrap())


def debootstrap(suite: str, image: str) -> None:
    """Makes the image from Debian's packages. Imported in one step, so an interruption leaves no half image."""
    _require_mmdebstrap()
    mmdebstrap = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", suite, "-", MIRROR]
    load = ["docker", "import", "--change", "LABEL izzzi.sandbox=1", "-", image]
    with subprocess.Popen(mmdebstrap, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False) as maker:
        loader = subprocess.run(load, stdin=maker.stdout, capture_output=True, text=True, check=False)
        _, errors = maker.communicate()
    if maker.returncode or loader.returncode:
        subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=False)
        reason = (errors.decode(errors="replace") + loader.stderr).strip().splitlines()[-3:]
        raise ImageError(f"a minimal Debian {suite} cannot be made from {MIRROR}: {' | '.join(reason)}")


def _require_mmdebstrap() -> None:
    if shutil.which("mmdebstrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ImageError(
            "no container registry answers, and mmdebstrap is missing to make images from Debian packages: "
            "install it (apt install mmdebstrap) or give the Docker engine access to a registry"
        )
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "-y", "mmdebstrap"]):
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
