# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared members of a Swarm, and what is wrong with a declaration. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Any

COUNTS = (1, 3, 5)
# Docker's own bridges: docker0, docker_gwbridge and those of Compose projects.
DOCKER_POOLS = [*(f"172.{second}.0.0/16" for second in range(17, 32)), "192.168.0.0/16"]


@dataclass(frozen=True)
class Declared:
    """Names with their addresses in the VPC, and what the networks may not touch."""

    managers: Mapping[str, str]
    workers: Mapping[str, str]
    pools: list[str]
    pool_size: int
    reserved: list[str] = field(default_factory=list)
    labels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    data_node: str = ""
    data_label: str = "izzzi.data"
    move_data: bool = False
    checking: bool = False

    @property
    def in_order(self) -> list[str]:
        """The names, managers first."""
        return [*sorted(self.managers), *sorted(self.workers)]

    @cached_property
    def members(self) -> dict[str, str]:
        """Addresses by name. Asked for each member, it is put together once."""
        return {**self.managers, **self.workers}

    def role(self, name: str) -> str:
        return "manager" if name in self.managers else "worker"

    def member(self, name: str, data_node: str) -> dict[str, Any]:
        """Return what the module swarm_cluster is told about a member."""
        data = {self.data_label: "true"} if name == data_node else {}
        labels = {**self.labels.get(name, {}), **data}
        return {"address": self.members[name], "role": self.role(name), "labels": labels}


def declaration_problems(declared: Declared) -> list[str]:
    """Return what is wrong with a declaration, whatever the hosts are."""
    found = []
    count = len(declared.managers)
    if count not in COUNTS:
        found.append(
            f"{count} managers are declared ({', '.join(sorted(declared.managers)) or 'none'}). Declare 1, 3 or 5: an "
            "even number survives no more losses than the odd one below it, and more than 5 slow every change down."
        )
    both = sorted(set(declared.managers) & set(declared.workers))
    if both:
        found.append(f"Declared as manager and as worker: {', '.join(both)}. Choose one.")
    addresses: dict[str, str] = {}
    for name, address in declared.members.items():
        try:
            ip_address(address)
        except ValueError:
            found.append(f"{name}: {address!r} is not an IP address. Give its address in the VPC.")
        if address in addresses and name not in both:
            found.append(f"{name} and {addresses[address]} have the same address {address}.")
        addresses[address] = name
    if declared.data_node and declared.data_node not in declared.members:
        found.append(f"swarm_cluster_data_node: {declared.data_node!r} is not a declared member.")
    return found + pool_problems(declared, [])


def pool_problems(declared: Declared, own_pools: list[str]) -> list[str]:
    """Return which pools of overlay networks would hide the VPC, the members or Docker's bridges."""
    found = []
    taken = [(text, "the VPC") for text in declared.reserved]
    taken += [(text, "Docker's own networks") for text in own_pools or DOCKER_POOLS]
    taken += [(f"{address}/32", name) for name, address in declared.members.items() if _is_address(address)]
    if not declared.pools:
        found.append("swarm_cluster_address_pools: give at least one network, for example 172.16.0.0/16.")
    for text in declared.pools:
        try:
            pool = ip_network(text)
        except ValueError as error:
            found.append(f"swarm_cluster_address_pools: {text!r} is not a network ({error}).")
            continue
        if not pool.prefixlen <= declared.pool_size <= 29:
            found.append(f"swarm_cluster_subnet_size: {declared.pool_size} does not fit into {text}.")
        for other, owner in taken:
            if pool.version == ip_network(other).version and pool.overlaps(ip_network(other)):
                found.append(
                    f"swarm_cluster_address_pools: {text} overlaps {other} ({owner}). Choose a range that is free."
                )
                break
    return found


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False
