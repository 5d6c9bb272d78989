# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for public images, for machines that reach no registry.

Each is built from Debian and npm packages, keeps its public name, and is pushed to the sandbox's registry, so that
`docker pull postgres:17` works in a droplet as it does on the internet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from ..archive import archive
from . import registry, root
from .download import download
from .kitchen import LABEL, RECIPES, ImageError, Kitchen

NPM_URL = "https://registry.npmjs.org/npm/-/npm-10.9.8.tgz"
NPM_SHA512 = "fYwb6ODSmHkqrJQQaCxY3M2lPf/mpgC7ik0HSzzIwG5CGtabRp4bNqikatvCoT42b5INQSqudVH0R7yVmC9hVg=="
MAILDEV = "2.2.1"

# A host behind a proxy with a CA of its own trusts it here; containers get a copy that is gone in the image.
HOST_CA = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
COPIED_CA = "/opt/host-ca.crt"


def ensure(kitchen: Kitchen, address: str) -> None:
    base = root.ensure(kitchen, root.TRIXIE)
    node = _node(kitchen, base)
    for name, tags, image in (
        ("library/debian", ["trixie-slim"], base),
        ("library/postgres", ["17"], kitchen.build("postgres", "postgres", ROOT=base, VERSION="17")),
        ("library/redis", ["8"], kitchen.build("redis", "redis", ROOT=base)),
        ("library/nginx", ["1.26"], kitchen.build("nginx", "nginx", ROOT=base)),
        ("library/node", ["20-slim", "20"], node),
        ("library/registry", ["2"], kitchen.build("distribution", "distribution", REGISTRY=registry.image(kitchen))),
        ("maildev/maildev", [MAILDEV], _maildev(kitchen, node)),
    ):
        _push(kitchen, image, address, name, tags)


OLDER = {"postgres:15": (root.BOOKWORM, "15")}  # what an upgrade begins with, from the Debian that has it


def ensure_older(kitchen: Kitchen, address: str, name: str) -> None:
    """Make one that only some tests need, for whoever asks for it by name."""
    release, version = OLDER[name]
    recipe = name.partition(":")[0]
    image = kitchen.build(f"{recipe}-{version}", recipe, ROOT=root.ensure(kitchen, release), VERSION=version)
    _push(kitchen, image, address, f"library/{recipe}", [version])


def _node(kitchen: Kitchen, base: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        context = Path(scratch, "node")
        shutil.copytree(RECIPES / "node", context)

        def fetch_npm() -> None:
            (context / "npm.tgz").write_bytes(download(NPM_URL, NPM_SHA512))

        return kitchen.build("node", "node", context=context, prepare=fetch_npm, ROOT=base)


MAILDEV_INSTALL = f"npm install --global --omit=dev maildev@{MAILDEV} && rm -f {COPIED_CA}"
MAILDEV_CHANGES = [
    "ENV NODE_EXTRA_CA_CERTS=",
    "USER node",
    "EXPOSE 1080 1025",
    f"LABEL {LABEL}=1",
    'CMD ["maildev", "--web", "1080", "--smtp", "1025"]',
]


def _maildev(kitchen: Kitchen, node: str) -> str:
    """npm needs the host's CA, and the classic builder cannot mount one: so install in a container and commit that."""
    recipe = hashlib.sha256("\n".join([node, MAILDEV_INSTALL, *MAILDEV_CHANGES]).encode()).hexdigest()[:12]
    image = f"izzzi-sandbox/maildev:{recipe}"

    def maker() -> None:
        container = kitchen.client.containers.create(
            node,
            ["sh", "-c", MAILDEV_INSTALL],
            environment={"NODE_EXTRA_CA_CERTS": COPIED_CA} if HOST_CA.exists() else {},
            labels={LABEL: "1"},
        )
        try:
            if HOST_CA.exists():
                # Copied, not mounted: a commit records mount points, and the CA must not stay in the image.
                container.put_archive("/", archive({COPIED_CA.lstrip("/"): HOST_CA.read_bytes()}))
            container.start()
            if container.wait()["StatusCode"]:
                raise ImageError(f"npm cannot install maildev: {container.logs(tail=5).decode(errors='replace')}")
            container.commit(*image.rsplit(":", 1), changes=MAILDEV_CHANGES)
        finally:
            container.remove(force=True, v=True)

    return kitchen.make(image, maker)


def _push(kitchen: Kitchen, image: str, address: str, name: str, tags: list[str]) -> None:
    """Pushes under the public tags and under the recipe's, which tells next time that nothing has changed."""
    recipe = image.rsplit(":", 1)[1]
    if registry.has(name, recipe):
        return
    repository = f"{address}/{name}"
    for tag in [*tags, recipe]:
        kitchen.client.images.get(image).tag(repository, tag)
        for line in kitchen.client.images.push(repository, tag, stream=True, decode=True):
            if error := line.get("error"):
                raise ImageError(f"{name}:{tag} cannot be pushed to the sandbox's registry: {error}")
