# SPDX-License-Identifier: GPL-3.0-or-later
"""The minimal system that every image starts from: the official one, or the same made from packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import docker
from docker.errors import DockerException

from .download import download
from .kitchen import ImageError, Kitchen


@dataclass(frozen=True)
class Release:
    """Describes a release of a distribution: what its official image is called, and what the same can be made from."""

    distribution: str
    suite: str
    official: str
    mirror: str
    components: str
    keyring: tuple[str, str] | None = None  # of a distribution that a Debian host does not know: package, its checksum
    machine_packages: str = ""  # that its cloud images have, beside those of all distributions


def _debian(suite: str) -> Release:
    return Release("debian", suite, f"{suite}-slim", "http://deb.debian.org/debian", "main")


TRIXIE, BOOKWORM = _debian("trixie"), _debian("bookworm")
NOBLE = Release(
    "ubuntu",
    "noble",
    "24.04",
    "http://archive.ubuntu.com/ubuntu",
    "main,universe",
    keyring=(
        f"{TRIXIE.mirror}/pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1-0.2_all.deb",
        "gvacimIVd0os4YAC1r6VeGL7eM/crYgt8f/4lFsSKvEmzYmsBOwR+YaikSCD8cWBm+36XppU/M6dyx1J7BsnIQ==",
    ),
    machine_packages="lsb-release ufw",  # cloud-init asks the first for its release
)


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


def ensure(kitchen: Kitchen, release: Release) -> str:
    name = f"izzzi-sandbox/{release.distribution}"
    image = f"{name}:{release.suite}"

    def pull() -> None:
        kitchen.client.images.pull(release.distribution, release.official).tag(name, release.suite)

    def bootstrap() -> None:
        debootstrap(release, image)

    return kitchen.make(image, lambda: pull() if registry_answers(kitchen) else bootstrap())


def debootstrap(release: Release, image: str) -> None:
    """Makes the image from packages. Imported in one step, so an interruption leaves no half image."""
    _require_mmdebstrap()
    with tempfile.TemporaryDirectory(prefix="izzzi-keyring-") as scratch:
        options = [
            "--quiet",
            "--variant=minbase",
            "--include=apt,ca-certificates",
            f"--components={release.components}",
            "--dpkgopt=force-unsafe-io",  # this and the next as in the official images
            '--aptopt=Acquire::Languages "none"',
        ]
        if release.keyring:
            options.append(f"--keyring={_keyrings(*release.keyring, Path(scratch))}")
        _import(["mmdebstrap", *options, release.suite, "-", release.mirror], release, image)


def _keyrings(url: str, sha512: str, scratch: Path) -> Path:
    scratch.chmod(0o755)  # apt reads them as a user of its own
    package = scratch / "keyring.deb"
    package.write_bytes(download(url, sha512))
    subprocess.run(["dpkg-deb", "--extract", package, scratch], check=True)
    return scratch / "usr/share/keyrings"


def _import(mmdebstrap: list[str], release: Release, image: str) -> None:
    load = ["docker", "import", "--change", "LABEL izzzi.sandbox=1", "-", image]
    with subprocess.Popen(mmdebstrap, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False) as maker:
        loader = subprocess.run(load, stdin=maker.stdout, capture_output=True, text=True, check=False)
        _, errors = maker.communicate()
    if maker.returncode or loader.returncode:
        subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=False)
        reason = (errors.decode(errors="replace") + loader.stderr).strip().splitlines()[-3:]
        raise ImageError(f"a minimal {release.suite} cannot be made from {release.mirror}: {' | '.join(reason)}")


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
