# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers: a container with HAProxy on the public network and in the VPC for each."""

from __future__ import annotations

import hashlib
import logging

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from ..archive import archive
from ..images import Kitchen, balancer_image
from . import haproxy, network
from .backend import BackendError, LoadBalancerSpec

log = logging.getLogger(__name__)


def container_name(id: str) -> str:
    return f"izzzi-sandbox-balancer-{id}"


class Balancers:
    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._applied: dict[str, str] = {}  # by id, what the running container was told last

    def apply(self, spec: LoadBalancerSpec) -> None:
        files = haproxy.files(spec)
        wanted = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        container = self._existing(spec) or self._create(spec)
        if container.status == "running" and self._applied.get(spec.id) == wanted:
            return
        container.put_archive("/", archive(files, mode=0o600))
        container.start()
        status, output = container.exec_run(["izzzi-balancer", "apply"])
        if status:
            raise BackendError(f"HAProxy refuses the rules: {output.decode(errors='replace').strip()}")
        self._applied[spec.id] = wanted

    def delete(self, id: str) -> None:
        self._applied.pop(id, None)
        try:
            self._client.containers.get(container_name(id)).remove(force=True, v=True)
        except NotFound:
            return

    def _existing(self, spec: LoadBalancerSpec) -> Container | None:
        try:
            return self._client.containers.get(container_name(spec.id))
        except NotFound:
            return None

    def _create(self, spec: LoadBalancerSpec) -> Container:
        container = self._client.containers.create(
            balancer_image(Kitchen(log.info)),
            name=container_name(spec.id),
            hostname=spec.name,
            labels={network.LABEL: "1"},
            network=network.PUBLIC,
            networking_config={
                network.PUBLIC: self._client.api.create_endpoint_config(ipv4_address=spec.public_ip),
            },
            restart_policy={"Name": "unless-stopped"},
        )
        vpc = self._client.networks.get(network.vpc_network(spec.vpc_id))
        vpc.connect(container, ipv4_address=spec.private_ip)
        return container
