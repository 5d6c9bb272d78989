# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment's VPC. Its name finds it; region and range cannot change once it exists."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

from ._account import Account, Row
from ._client import Client
from ._plan import CREATE, DELETE, NOOP, UPDATE, Ids, Step, changed, created

PRIVATE = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# DigitalOcean keeps these for itself; the first in nyc1 only.
RESERVED = tuple(
    IPv4Network(network)
    for network in ("10.10.0.0/16", "10.229.0.0/16", "10.244.0.0/16", "10.245.0.0/16", "10.246.0.0/24")
)
# Docker's own default network, on every host: addresses of the VPC inside it would be unreachable from containers.
DOCKER = IPv4Network("172.17.0.0/16")


def problems(vpc: dict[str, Any], region: str) -> list[str]:
    text = vpc["ip_range"]
    try:
        network = IPv4Network(text)
    except ValueError as error:
        return [f"vpc.ip_range: {text!r} is not an IPv4 network in CIDR notation ({error}). Example: 10.20.0.0/16."]
    if not 16 <= network.prefixlen <= 28:
        return [f"vpc.ip_range: {text} is a /{network.prefixlen}; DigitalOcean takes /16 to /28."]
    found = []
    if not any(network.subnet_of(private) for private in PRIVATE):
        found.append(f"vpc.ip_range: {text} is not private. Choose inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.")
    for reserved in RESERVED[0 if region == "nyc1" else 1 :]:
        if network.overlaps(reserved):
            found.append(f"vpc.ip_range: {text} overlaps {reserved}, which DigitalOcean keeps for itself.")
    if network.overlaps(DOCKER):
        found.append(f"vpc.ip_range: {text} overlaps {DOCKER}, Docker's own default network on every host.")
    return found


def conflicts(name: str, vpc: dict[str, Any], region: str, account: Account) -> list[str]:
    current = find(name, account.vpcs)
    if current is None:
        wanted = IPv4Network(vpc["ip_range"])
        return [
            f"vpc.ip_range: {wanted} overlaps the VPC {other['name']} ({other['ip_range']}) of this account."
            for other in account.vpcs
            if wanted.overlaps(IPv4Network(other["ip_range"]))
        ]
    fixed = {"region": region, "ip_range": vpc["ip_range"]}
    return [
        f"VPC {name}: {change.field} is {change.before}, declared is {change.after}, and that cannot be changed. "
        f"Declare {change.before}, or destroy the environment first."
        for change in changed(current, fixed)
    ]


def find(name: str, rows: list[Row]) -> Row | None:
    return next((vpc for vpc in rows if vpc["name"] == name), None)


def step(name: str, vpc: dict[str, Any], region: str, account: Account, client: Client, ids: Ids) -> Step:
    current = find(name, account.vpcs)
    if current is None:
        body = {"name": name, "region": region, "ip_range": vpc["ip_range"], "description": vpc["description"]}

        def look_up() -> dict[str, Any] | None:
            row = find(name, client.list("/vpcs", "vpcs"))
            return row and {"vpc": row}

        def create() -> None:
            ids.vpc = client.create("/vpcs", body, look_up)["vpc"]["id"]

        return Step(CREATE, "vpc", name, created({k: v for k, v in body.items() if k != "name"}), create)
    ids.vpc = current["id"]
    changes = changed(current, {"description": vpc["description"]})
    if not changes:
        return Step(NOOP, "vpc", name)
    body = {"name": name, "description": vpc["description"]}
    return Step(UPDATE, "vpc", name, changes, lambda: client.put(f"/vpcs/{current['id']}", body))


def removal(current: Row, delete: Callable[[], None]) -> Step:
    """The default VPC of a region cannot be deleted, by anybody; it costs nothing and the next run takes it up."""
    if current["default"]:
        return Step(NOOP, "vpc", current["name"])
    return Step(DELETE, "vpc", current["name"], apply=delete)
