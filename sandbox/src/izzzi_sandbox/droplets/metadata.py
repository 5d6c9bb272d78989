# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service: what a droplet can learn about itself at http://169.254.169.254/metadata/v1/.

One container on the public network answers for all droplets; it knows them by their address, and has a file for each.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from ..archive import archive
from ..images import Kitchen, metadata_image
from . import network
from .backend import DropletSpec

NAME = "izzzi-sandbox-metadata"
ADDRESS = "198.51.100.3"
VENDOR_DATA = "#cloud-config\n{}\n"
log = logging.getLogger(__name__)


def document(spec: DropletSpec, macs: dict[str, str], netmask: str, nameservers: Iterable[str]) -> dict[str, Any]:
    """What /metadata/v1.json holds. `macs` by kind of interface."""
    public_ipv4 = {
        "ip_address": spec.public_ip,
        "netmask": str(ip_network(network.PUBLIC_RANGE).netmask),
        "gateway": network.PUBLIC_GATEWAY,
    }
    public: dict[str, Any] = {"ipv4": public_ipv4, "mac": macs["public"], "type": "public"}
    if spec.public_ipv6:
        prefix = ip_network(network.PUBLIC_RANGE_V6).prefixlen
        public["ipv6"] = {"ip_address": spec.public_ipv6, "cidr": prefix, "gateway": network.PUBLIC_GATEWAY_V6}
    private_ipv4 = {"ip_address": spec.private_ip, "netmask": netmask, "gateway": "0.0.0.0"}
    private = {"ipv4": private_ipv4, "mac": macs["private"], "type": "private"}
    reserved: dict[str, Any] = {"active": bool(spec.reserved_ip)}
    if spec.reserved_ip:
        reserved["ip_address"] = spec.reserved_ip
    return {
        "droplet_id": spec.id,
        "hostname": spec.name,
        "user_data": spec.user_data,
        "vendor_data": VENDOR_DATA,
        "public_keys": list(spec.public_keys),
        "region": spec.region,
        "interfaces": {"private": [private], "public": [public]},
        "floating_ip": {"ipv4": reserved},
        "reserved_ip": {"ipv4": reserved},
        "dns": {"nameservers": list(nameservers)},
        "tags": list(spec.tags),
        "features": {"dhcp_enabled": False},
    }


def file(document: dict[str, Any]) -> dict[str, bytes]:
    """The name that the service looks it up by."""
    address = document["interfaces"]["public"][0]["ipv4"]["ip_address"]
    return {f"srv/metadata/{address}.json": json.dumps(document).encode()}


class MetadataService:
    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def start(self) -> None:
        """A container that was built from an older recipe is made again, without any document."""
        image = metadata_image(Kitchen(log.info))
        try:
            container = self._client.containers.get(NAME)
            if image not in container.image.tags:
                container.remove(force=True)
                raise NotFound("built from an older recipe")
        except NotFound:
            container = self._client.containers.create(
                image,
                name=NAME,
                labels={network.LABEL: "1"},
                cap_add=["NET_ADMIN"],
                network=network.PUBLIC,
                networking_config={network.PUBLIC: self._client.api.create_endpoint_config(ipv4_address=ADDRESS)},
                restart_policy={"Name": "unless-stopped"},
            )
        container.start()

    def publish(self, documents: Iterable[dict[str, Any]]) -> None:
        files = {name: content for document in documents for name, content in file(document).items()}
        if files:
            self._container().put_archive("/", archive(files))

    def withdraw(self, address: str) -> None:
        self._container().exec_run(["rm", "-f", f"/srv/metadata/{address}.json"])

    def _container(self) -> Container:
        return self._client.containers.get(NAME)
