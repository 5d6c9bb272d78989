# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry that droplets use as a mirror: a container with a fixed address on the public network."""

from __future__ import annotations

import time
import urllib.error
import urllib.request

from docker.errors import NotFound

from ..droplets import network
from . import root
from .kitchen import LABEL, Kitchen

NAME = "izzzi-sandbox-registry"
ADDRESS = "198.51.100.2"
# Where this machine's engine pushes to: an engine trusts plain HTTP on loopback only.
LOOPBACK_PORT = 8783
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


def image(kitchen: Kitchen) -> str:
    return kitchen.build("registry", "registry", ROOT=root.ensure(kitchen, root.TRIXIE))


def ensure(kitchen: Kitchen) -> str:
    """Starts the registry and returns the address to push to."""
    network.ensure_public(kitchen.client)  # first: an outdated network takes its containers along
    wanted = image(kitchen)
    try:
        container = kitchen.client.containers.get(NAME)
        if wanted not in container.image.tags:
            container.remove(force=True)
            raise NotFound("built from an older recipe")
    except NotFound:
        container = kitchen.client.containers.create(
            wanted,
            name=NAME,
            labels={LABEL: "1"},
            ports={"5000/tcp": ("127.0.0.1", LOOPBACK_PORT)},
            volumes={NAME: {"bind": "/var/lib/docker-registry"}},
            network=network.PUBLIC,
            networking_config={
                network.PUBLIC: kitchen.client.api.create_endpoint_config(ipv4_address=ADDRESS),
            },
            restart_policy={"Name": "unless-stopped"},
        )
    container.start()
    _wait()
    return f"127.0.0.1:{LOOPBACK_PORT}"


def has(repository: str, tag: str) -> bool:
    request = urllib.request.Request(
        f"http://127.0.0.1:{LOOPBACK_PORT}/v2/{repository}/manifests/{tag}",
        headers={"Accept": MANIFESTS},
        method="HEAD",
    )
    try:
        with urllib.request.urlopen(request, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise


def _wait(seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{LOOPBACK_PORT}/v2/", timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
