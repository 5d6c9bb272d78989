# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment's VPC. Its name finds it; region and range cannot change once it exists."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any, ClassVar

from .. import catalogue
from ..account import Account, Reads, Row, listed
from ..declaration import slug_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Step, changed, created
from ..resource import BASE, Context, Resource
from . import project

PRIVATE = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# DigitalOcean keeps these for itself; the first in nyc1 only.
RESERVED = tuple(
    IPv4Network(network)
    for network in ("10.10.0.0/16", "10.229.0.0/16", "10.244.0.0/16", "10.245.0.0/16", "10.246.0.0/24")
)
# Docker's own default network, on every host: addresses of the VPC inside it would be unreachable from containers.
DOCKER = IPv4Network("172.17.0.0/16")
# Where Docker Swarm takes its overlay networks from, unless it is told otherwise: of 10.0.0.0/8, from the beginning.
SWARM = IPv4Network("10.0.0.0/16")
DEFAULT = "it is its region's default, which DigitalOcean does not let go."
LAG_SECONDS = 60.0  # a deleted droplet counts as a member for a while


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


def conflicts(name: str, vpc: dict[str, Any], region: str, rows: list[Row]) -> list[str]:
    current = find(name, rows)
    if current is None:
        wanted = IPv4Network(vpc["ip_range"])
        found = [
            f"vpc.ip_range: {wanted} overlaps the VPC {other['name']} ({other['ip_range']}) of this account."
            for other in rows
            if wanted.overlaps(IPv4Network(other["ip_range"]))
        ]
        if wanted.overlaps(SWARM) and not vpc["allow_swarm_overlap"]:
            found.append(
                f"vpc.ip_range: {wanted} overlaps {SWARM}, where Docker Swarm makes its overlay networks by default. "
                "Choose another, such as 10.20.0.0/16; or give Swarm a pool of its own (docker swarm init "
                "--default-addr-pool) and set vpc.allow_swarm_overlap to true."
            )
        return found
    fixed = {"region": region, "ip_range": vpc["ip_range"]}
    return [
        f"VPC {name}: {change.field} is {change.before}, declared is {change.after}, and that cannot be changed. "
        f"Declare {change.before}, or destroy the environment first."
        for change in changed(current, fixed)
    ]


def find(name: str, rows: list[Row]) -> Row | None:
    return next((vpc for vpc in rows if vpc["name"] == name), None)


class Vpc(Resource):
    kind = "vpc"
    phase = BASE
    arguments: ClassVar[dict[str, Any]] = {
        "vpc": {
            "type": "dict",
            "required": True,
            "options": {
                "ip_range": {"type": "str", "required": True},
                "description": {"type": "str"},
                "allow_swarm_overlap": {"type": "bool", "default": False},
            },
        }
    }

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        return slug_problems("region", declared["region"]) + problems(declared["vpc"], declared["region"])

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._name = context.names.vpc
        self._declared = context.declared["vpc"]
        self._region = context.declared["region"]

    def reads(self) -> Reads:
        return {"vpcs": lambda: self.context.client.list("/vpcs", "vpcs")}

    def more_reads(self, account: Account) -> Reads:
        current = find(self._name, account["vpcs"])
        if current and self.context.is_absent:
            path = f"/vpcs/{current['id']}/members"
            return {"vpc_members": lambda: listed(self.context.client, path, "members", needed=False)}
        if current or self.context.is_absent:
            return {}
        return {"sizes": lambda: catalogue.sizes(self.context.client)}

    def problems(self, account: Account) -> list[str]:
        found = conflicts(self._name, self._declared, self._region, account["vpcs"])
        if not find(self._name, account["vpcs"]):
            found += catalogue.region_problems(self._region, account["sizes"])
        return found

    def steps(self, account: Account) -> list[Step]:
        current = find(self._name, account["vpcs"])
        if current is None:
            text = self._declared["description"] or ""
            fields = {"region": self._region, "ip_range": self._declared["ip_range"], "description": text}
            return [Step(CREATE, "vpc", self._name, created(fields), lambda: self._create(fields))]
        self.context.known.put("vpc", self._name, current)
        changes = changed(current, {"description": self._declared["description"]})
        if not changes or self._declared["description"] is None:
            return [Step(NOOP, "vpc", self._name)]
        body = {"name": self._name, "description": self._declared["description"]}
        path = f"/vpcs/{current['id']}"
        return [Step(UPDATE, "vpc", self._name, changes, lambda: self.context.client.put(path, body))]

    def _create(self, fields: dict[str, Any]) -> None:
        client = self.context.client

        def look_up() -> dict[str, Any] | None:
            row = find(self._name, client.list("/vpcs", "vpcs"))
            return row and {"vpc": row}

        row = client.create("/vpcs", {"name": self._name, **fields}, look_up)["vpc"]
        self.context.known.put("vpc", self._name, row)

    def surplus(self, account: Account) -> list[Step]:
        """Delete the VPC. The default VPC of a region cannot be deleted; it costs nothing and the next run adopts
        it."""
        current = find(self._name, account["vpcs"])
        if not self.context.is_absent or not current:
            return []
        step = Step(DELETE, "vpc", self._name, apply=lambda: self._delete(current["id"]))
        if current["default"]:
            return [step.keep(DEFAULT)]
        gone = project.doomed(self.context, account)
        rest = [row["urn"] for row in account["vpc_members"] if project.spelling(row["urn"]) not in gone]
        return [step.keep(f"it holds what is not the environment's: {', '.join(sorted(rest))}.")] if rest else [step]

    def _delete(self, id: str) -> None:
        self.context.wait.through(lambda: self.context.client.delete(f"/vpcs/{id}"), (403, 409), LAG_SECONDS)

    def outputs(self) -> dict[str, Any]:
        row = self.context.known.row("vpc", self._name) or {}
        return {"vpc_id": row.get("id", ""), "vpc_cidr": row.get("ip_range", "")}
