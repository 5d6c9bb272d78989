# SPDX-License-Identifier: GPL-3.0-or-later
"""The two kinds of Docker network: the internet's stand-in, and one without a way out per VPC."""

from __future__ import annotations

import logging
from ipaddress import ip_network

import docker
from docker.errors import APIError, NotFound
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool

from .backend import BackendError

LABEL = "izzzi.sandbox"
PUBLIC = "izzzi-sandbox-public"
PUBLIC_RANGE = "198.51.100.0/24"  # TEST-NET-2: never anybody's real network
PUBLIC_GATEWAY = str(ip_network(PUBLIC_RANGE)[1])  # this machine, as droplets see it
PUBLIC_RANGE_V6 = "2001:db8:1::/64"  # for documentation (RFC 3849): never anybody's real network
PUBLIC_GATEWAY_V6 = str(ip_network(PUBLIC_RANGE_V6)[1])
# What the engine gives to containers that ask for no address; the API gives out all others.
DYNAMIC_RANGE, DYNAMIC_RANGE_V6 = "198.51.100.8/29", "2001:db8:1:0:7fff::/80"
log = logging.getLogger(__name__)


def vpc_network(vpc_id: str) -> str:
    return f"izzzi-sandbox-vpc-{vpc_id[:8]}"


def ensure_public(client: docker.DockerClient) -> bool:
    """Whether it has IPv6, which a kernel may be without."""
    existing = client.networks.list(names=[f"^{PUBLIC}$"])
    if existing and _outdated(existing[0]):
        _remove_empty(client, existing[0])
        existing = []
    if existing:
        return bool(existing[0].attrs["EnableIPv6"])
    pools = [IPAMPool(subnet=PUBLIC_RANGE, gateway=PUBLIC_GATEWAY, iprange=DYNAMIC_RANGE)]
    pool_v6 = IPAMPool(subnet=PUBLIC_RANGE_V6, gateway=PUBLIC_GATEWAY_V6, iprange=DYNAMIC_RANGE_V6)
    try:
        _create(client, PUBLIC, [*pools, pool_v6], enable_ipv6=True)
    except BackendError as error:
        log.warning("droplets get no IPv6, because %s", error)
        _create(client, PUBLIC, pools)
        return False
    return True


def _outdated(public: Network) -> bool:
    """Made by a version of the sandbox without IPv6, before it set aside a range for the engine."""
    return not any(pool.get("IPRange") for pool in public.attrs["IPAM"]["Config"])


def _remove_empty(client: docker.DockerClient, public: Network) -> None:
    """With the sandbox's own services on it, which are made again; droplets are the user's to delete."""
    members = client.containers.list(all=True, filters={"label": LABEL, "network": PUBLIC})
    if any(member.name.startswith("izzzi-sandbox-port-") for member in members):
        raise BackendError(
            "the public network was made by an older version of the sandbox, without IPv6, and droplets are on it: "
            "delete them (izzzi-sandbox reset --yes), then run izzzi-sandbox up again"
        )
    for member in members:
        member.remove(force=True)
    public.remove()


def ensure_vpc(client: docker.DockerClient, vpc_id: str, ip_range: str) -> None:
    name = vpc_network(vpc_id)
    if not client.networks.list(names=[f"^{name}$"]):
        _create(client, name, [IPAMPool(subnet=ip_range, gateway=str(ip_network(ip_range)[1]))], internal=True)


def range_of(client: docker.DockerClient, name: str) -> str:
    return client.networks.get(name).attrs["IPAM"]["Config"][0]["Subnet"]


def remove(client: docker.DockerClient, name: str) -> None:
    try:
        client.networks.get(name).remove()
    except NotFound:
        return
    except APIError as error:
        raise BackendError(f"network {name} cannot be removed: {error.explanation}") from error


def _create(client: docker.DockerClient, name: str, pools: list[IPAMPool], **options: bool) -> None:
    try:
        client.networks.create(
            name, driver="bridge", labels={LABEL: "1"}, ipam=IPAMConfig(pool_configs=pools), **options
        )
    except APIError as error:
        ranges = ", ".join(pool["Subnet"] for pool in pools)
        raise BackendError(
            f"this machine cannot have a network with the range {ranges}: {error.explanation}. "
            "Choose a range that no other Docker network or interface of it uses (docker network ls, ip route)."
        ) from error
