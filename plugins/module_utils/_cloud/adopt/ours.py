# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network and which droplets of an account are an environment's. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..account import Account, Row
from ..declaration import NAME
from ..kinds.droplet import compare
from ..kinds.record.owner import addresses
from ..names import Names
from .adoption import named, refuse, slug

_BASE = re.compile(r"(.+-(?:production|staging|dev))-vpc")
IN_USE = ("active", "off")


@dataclass(frozen=True)
class Ours:
    """The environment's network and droplets, beside all of the account."""

    names: Names
    account: Account
    vpc: Row
    droplets: list[Row]  # by name

    @property
    def droplet_names(self) -> dict[int, str]:
        return {row["id"]: row["name"] for row in self.droplets}

    @property
    def addresses(self) -> dict[str, str]:
        """Return the droplets' names by their public addresses."""
        return {address: row["name"] for row in self.droplets for address in addresses(row).values()}

    def suffix(self, row: Row) -> str:
        return str(row["name"]).removeprefix(f"{self.names.base}-")

    def covered(self, tags: Iterable[str], ids: Iterable[int]) -> set[int]:
        """Return the ids of the account's droplets with one of these tags, and those that are named by id."""
        wanted = set(tags)
        return {row["id"] for row in self.account["droplets"] if wanted & set(row["tags"])} | set(ids)

    def others(self, ids: set[int]) -> list[str]:
        """Return the names of droplets among these that are not the environment's."""
        return [row["name"] for row in self.account["droplets"] if row["id"] in ids - set(self.droplet_names)]


def choose(names: Names, account: Account) -> tuple[Ours, list[str]]:
    """Return what is the environment's, and a sentence for each droplet that seems to be and cannot. Raise Problems
    when nothing is, or when a declaration could not say it."""
    near = [row for row in account["droplets"] if names.owns(row["name"]) or names.owner_tag in row["tags"]]
    vpc = next((row for row in account["vpcs"] if row["name"] == names.vpc), None)
    if vpc is None:
        raise refuse(_elsewhere(names, account, near) if near else _nothing(names, account))
    mine = [row for row in near if compare.is_ours(row, vpc["id"], names)]
    strangers = [row for row in account["droplets"] if row.get("vpc_uuid") == vpc["id"] and row not in mine]
    if strangers and not mine:
        raise refuse(
            f"droplets: those in the VPC {names.vpc} have other names than a declaration gives ({names.base}-GROUP, "
            f"the next {names.base}-GROUP-2). Rename them, which stops nothing, and run init again:",
            " ".join(f"{_rename(row, names)};" for row in strangers),
        )
    if found := _faults(mine, names):
        raise refuse(*found)
    told = [
        f"the droplet {named([row])} stands in the VPC {names.vpc} and is not named {names.base}-GROUP, so that it is "
        f"not declared and nothing touches it. To have it declared: {_rename(row, names)}, and write the inventory anew"
        for row in strangers
    ]
    told += [
        f"the droplet {named([row])} stands in another VPC than {names.vpc} and cannot be moved, so that it is not "
        "declared and nothing touches it"
        for row in near
        if row not in mine
    ]
    return Ours(names, account, vpc, sorted(mine, key=lambda row: row["name"])), told


def _rename(row: Row, names: Names) -> str:
    return f"doctl compute droplet-action rename {row['id']} --droplet-name {names.base}-{slug(row['name'], names)}"


def _faults(mine: list[Row], names: Names) -> list[str]:
    """Return what no declaration can say of droplets that are ours, so that every plan would refuse it."""
    found = []
    for name, count in Counter(row["name"] for row in mine).items():
        if count > 1:
            same = [row for row in mine if row["name"] == name]
            found.append(f"droplets: {count} are called alike: {named(same)}. Rename or delete all but one.")
    for row in mine:
        if not names.owns(row["name"]) or not NAME.fullmatch(row["name"].removeprefix(f"{names.base}-")):
            found.append(
                f"droplets: {named([row])} is the environment's by its tag or its VPC, and no declaration gives that "
                f"name. Rename it: {_rename(row, names)}."
            )
        if row["status"] not in IN_USE:
            cure = "Wait until it is made" if row["status"] == "new" else "Restore it, or rename it"
            found.append(f"droplets: {named([row])} is not in use: status {row['status']}. {cure}, and run init again.")
    return found


def _elsewhere(names: Names, account: Account, near: list[Row]) -> str:
    """Say in which networks droplets of our names stand, and how the right one gets its name."""
    places = [row for row in account["vpcs"] if any(droplet.get("vpc_uuid") == row["id"] for droplet in near)]
    who = ", ".join(sorted(row["name"] for row in near))
    start = f"vpc: the account has no VPC {names.vpc}, by which a declaration finds its network."
    if len(places) != 1:
        told = ", ".join(row["name"] for row in places) or "none that the token may see"
        return f"{start} Of that name are the droplets {who}, in several networks ({told}): an environment has one."
    return (
        f"{start} Its droplets ({who}) stand in {places[0]['name']}. Rename that, which stops nothing, and run init "
        f"again: doctl vpcs update {places[0]['id']} --name {names.vpc}."
    )


def _nothing(names: Names, account: Account) -> str:
    bases = sorted({found[1] for row in account["vpcs"] if (found := _BASE.fullmatch(row["name"]))} - {names.base})
    there = [
        f"{title} {', '.join(sorted(row['name'] for row in account[key]))}"
        for key, title in (("vpcs", "VPCs"), ("droplets", "droplets"), ("firewalls", "firewalls"))
        if account[key]
    ]
    meant = f" It has the environments {', '.join(bases)}: is another project or env meant?" if bases else ""
    places = [row for row in account["vpcs"] if any(one.get("vpc_uuid") == row["id"] for one in account["droplets"])]
    if len(places) == 1 and not bases:
        inside = [row for row in account["droplets"] if row.get("vpc_uuid") == places[0]["id"]]
        words = [f"doctl vpcs update {places[0]['id']} --name {names.vpc}", *(_rename(row, names) for row in inside)]
        meant = f" If these droplets are meant: {'; '.join(words)}."
    return (
        f"project, env: this account has nothing that is called {names.base}: neither a VPC {names.vpc} nor droplets "
        f"{names.base}-GROUP. There are: {'; '.join(there) or 'no network, no droplet and no firewall at all'}.{meant} "
        "What has other names is adopted once it is renamed (docs/from-terraform.md). For a new environment leave "
        "adopt out."
    )
