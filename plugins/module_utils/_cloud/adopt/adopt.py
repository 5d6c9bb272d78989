# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down an account that was made by Terraform or by hand as a declaration. Every request reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..client import Client
from ..kinds.record.owner import addresses
from ..names import Names
from ..plan import UPDATE
from ..resource import Context, Wait
from . import attached, buckets, droplets, firewalls, first_plan, keys, watched, zone
from .adoption import Adoption, refuse
from .ours import Ours, choose
from .reading import Reading, zone_paths


@dataclass(frozen=True)
class Asked:
    """What somebody said beside the account. `options` are of the module environment: where the API and Spaces are, and
    the project's and the environment's name."""

    options: Mapping[str, Any]
    region: str = ""
    domain: str = ""
    runner: str = ""
    public_key: str = ""  # of whoever asks

    @property
    def names(self) -> Names:
        return Names(self.options["project"], self.options["environment"])


def adopt(client: Client, asked: Asked) -> Adoption:
    """Return what the account has of the environment. Raise Problems when there is nothing of it, or when no
    declaration could say it."""
    reading, adoption = Reading(client), Adoption()
    ours, told = choose(asked.names, reading.account())
    adoption.todo += told
    region = ours.vpc["region"]
    if asked.region and asked.region != region:
        raise refuse(
            f"region: you said {asked.region}, and the VPC {ours.vpc['name']} is in {region}. Leave region out."
        )
    adoption.declared |= {"region": region, "vpc": {"ip_range": ours.vpc["ip_range"]}}
    adoption.found.append(f"VPC {ours.vpc['name']} ({ours.vpc['ip_range']}, {region})")
    keys.declare(ours, asked.public_key, adoption)
    sources = _hardware(ours, asked, adoption)
    _domain(ours, reading, asked, sources, adoption)
    watched.declare_alerts(ours, adoption)
    checks = {row["id"]: f"/uptime/checks/{row['id']}/alerts" for row in watched.ours_of_checks(ours)}
    watched.declare_checks(ours, reading.each(checks, "alerts"), adoption)
    _buckets(client, asked, adoption)
    _strangers(ours, reading, adoption)
    _project(ours, reading, adoption)
    adoption.todo += reading.notes()
    _plan(client, asked, adoption)
    return adoption


def _hardware(ours: Ours, asked: Asked, adoption: Adoption) -> dict[str, str]:
    """Declare the droplets, and what protects them and hangs on them. Return what records can point to, by address."""
    volumes = attached.volumes_of(ours, adoption)
    members = droplets.declare(ours, asked.runner, attached.marks(ours, volumes), adoption)
    firewalls.declare(ours, adoption)
    attached.declare_volumes(volumes, members, adoption)
    rows = {row["name"]: row for row in ours.droplets}
    sources = {
        address: group
        for group, names in members.items()
        for name in names
        for address in addresses(rows[name]).values()
    }
    sources |= attached.declare_reserved_ip(ours, members, adoption)
    return sources | attached.declare_load_balancer(ours, adoption)


def _domain(ours: Ours, reading: Reading, asked: Asked, sources: dict[str, str], adoption: Adoption) -> None:
    paths = zone_paths(ours.account["domains"], list(sources), asked.domain)
    zones = reading.each(paths, "domain_records")
    if name := zone.pick(ours, zones, asked.domain, sources):
        zone.declare(ours, name, zones[name], sources, adoption)


def _buckets(client: Client, asked: Asked, adoption: Adoption) -> None:
    options = first_plan.completed({**asked.options, **adoption.declared})
    buckets.declare(Context(options, asked.names, client, Wait(options["wait_timeout"])), adoption)


def _strangers(ours: Ours, reading: Reading, adoption: Adoption) -> None:
    """Name what else is in the network, of kinds that no declaration has."""
    rows = reading.rows(f"/vpcs/{ours.vpc['id']}/members", "members")
    adoption.todo += [
        f"{row.get('name') or row['urn']} ({row['urn'].split(':')[1]}) stands in {ours.names.vpc}, and a declaration "
        "has no such kind: it stays as it is, and destroy.yml keeps the network for it"
        for row in rows
        if row["urn"].split(":")[1] not in ("droplet", "loadbalancer")
    ]


def _project(ours: Ours, reading: Reading, adoption: Adoption) -> None:
    """Declare the DigitalOcean project that has our droplets, unless it is the account's default one."""
    rows = [row for row in ours.account["projects"] if not row.get("is_default") and row["name"] != ours.names.lock]
    there = reading.each({row["id"]: f"/projects/{row['id']}/resources" for row in rows}, "resources")
    urns = {f"do:droplet:{id}" for id in ours.droplet_names}
    holding = [row for row in rows if urns & {resource["urn"] for resource in there[row["id"]]}]
    if len(holding) == 1:
        adoption.declared["do_project"] = {"name": holding[0]["name"]}
    elif holding:
        adoption.todo.append(
            f"the droplets are in the DigitalOcean projects {', '.join(row['name'] for row in holding)}; a declaration "
            "has one, so that none is declared and all stay where they are"
        )


def _plan(client: Client, asked: Asked, adoption: Adoption) -> None:
    """Make the first plan, which shows that the declaration is as the account is."""
    steps, text = first_plan.plan(client, {**asked.options, **adoption.declared})
    project = adoption.declared.get("do_project")
    if project and any((step.action, step.kind) == (UPDATE, "project_resources") for step in steps):
        adoption.project = adoption.declared.pop("do_project")
        adoption.todo.append(
            f"the DigitalOcean project {project['name']} has the droplets, but not all that is declared. It is a "
            "comment in environment.yml: without the # the next provision.yml puts all into it"
        )
        steps, text = first_plan.plan(client, {**asked.options, **adoption.declared})
    elif project:
        adoption.found.append(f"DigitalOcean project {project['name']}")
    adoption.first_plan = text
    adoption.todo += [
        f"the first plan does more than giving tags: {words}. Look at it before provision.yml"
        for words in first_plan.strange(steps)
    ]
