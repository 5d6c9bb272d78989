"""The two kinds of Docker network: the internet's stand-in, and one without a way out per VPC."""

from __future__ import annotations

from ipaddress import ip_network

import docker
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from .backend import BackendError

LABEL = "izzzi.sandbox"
PUBLIC = "izzzi-sandbox-public"
PUBLIC_RANGE = "198.51.100.0/24"  # TEST-NET-2: never anybody's real network
PUBLIC_GATEWAY = str(ip_network(PUBLIC_RANGE)[1])  # this machine, as droplets see it


def vpc_network(vpc_id: str) -> str:
    return f"izzzi-sandbox-vpc-{vpc_id[:8]}"


def ensure_public(client: docker.DockerClient) -> None:
    _ensure(client, PUBLIC, PUBLIC_RANGE, internal=False)


def ensure_vpc(client: docker.DockerClient, vpc_id: str, ip_range: str) -> None:
    _ensure(client, vpc_network(vpc_id), ip_range, internal=True)


def remove(client: docker.DockerClient, name: str) -> None:
    try:
        client.networks.get(name).remove()
    except NotFound:
        return
    except APIError as error:
        raise BackendError(f"network {name} cannot be removed: {error.explanation}") from error


def _ensure(client: docker.DockerClient, name: str, ip_range: str, *, internal: bool) -> None:
    if client.networks.list(names=[f"^{name}$"]):
        return
    gateway = str(ip_network(ip_range)[1])
    try:
        client.networks.create(
            name,
            driver="bridge",
            internal=internal,
            labels={LABEL: "1"},
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=ip_range, gateway=gateway)]),
        )
    except APIError as error:
        raise BackendError(
            f"this machine cannot have a network with the range {ip_range}: {error.explanation}. "
            "Choose a range that no other Docker network or interface of it uses (docker network ls, ip route)."
        ) from error
