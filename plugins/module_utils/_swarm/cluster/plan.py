# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans what has to happen so that a Swarm has the declared members, or says why nothing may. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..node import Node, loss_of_quorum, newest
from .conflicts import conflicts, stopped_members
from .declared import Declared, declaration_problems
from .member import STOPPED, Member, Members, of_result


def plan(declared: Declared, results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return steps in their order, and problems; with a problem no step may be taken.

    `results` is what the module swarm_member returned for each host, by declared name.
    """
    observed = {name: of_result(result) for name, result in results.items()}
    found = declaration_problems(declared)
    managers = {name: o for name, o in observed.items() if o.manager and o.nodes is not None}
    # A check comes before the run that starts them; then they are as hosts that could not be asked.
    found = found or ([] if declared.checking and managers else stopped_members(observed))
    observed = {name: o for name, o in observed.items() if o.state != STOPPED}
    result: dict[str, Any] = {
        "founder": "",
        "acting_manager": "",
        "join": {},
        "leave": [],
        "dead": [],
        "remove": [],
        "members": {},
        "steps": [],
        "problems": found or conflicts(declared, observed, managers),
    }
    if result["problems"]:
        return result
    result |= _changed(declared, observed, managers) if managers else _founded(declared, observed)
    data = result.pop("data_node")
    # A host that could not be asked keeps what it has.
    members = {name: declared.member(name, data) for name in declared.in_order if name in observed}
    return {**result, "members": members}


def _founded(declared: Declared, observed: Members) -> dict[str, Any]:
    founder = min(declared.managers)
    join = {name: declared.role(name) for name in declared.in_order if name != founder and name in observed}
    data = declared.data_node or founder
    steps = [f"begin a Swarm on {founder} ({declared.managers[founder]})", *_joining(join)]
    steps.append(f"label {data} {declared.data_label}=true")
    return {"founder": founder, "acting_manager": founder, "join": join, "data_node": data, "steps": steps}


def _changed(declared: Declared, observed: Members, managers: Members) -> dict[str, Any]:
    delta = compare(declared, observed, next(iter(managers.values())).nodes)
    data, problems = _data_node(declared, delta)
    if lost := delta.lost_majority:
        problems.append(lost)
    acting = _acting_manager(declared, managers, delta)
    if not acting:
        problems.append("No manager of this run stays a manager: nobody could carry the change out. Include one.")
    return {
        "acting_manager": acting,
        "join": delta.join,
        "leave": delta.leave,
        "dead": [node.id for node in delta.dead],
        "remove": [node.id for node in delta.living],
        "data_node": data,
        "steps": steps(declared, observed, delta),
        "problems": problems,
    }


@dataclass(frozen=True)
class Delta:
    """How the nodes of a Swarm differ from its declared members."""

    nodes: Mapping[str, Node]  # by id
    known: Mapping[str, str]  # members that are nodes, by name their ids
    moved: Mapping[str, str]  # members that have another address than declared: they leave and join anew
    same: Mapping[str, str]  # members whose nodes are removed while their hosts join anew with their data; ids by name
    join: Mapping[str, str]  # roles by name
    leave: list[str]  # hosts that are in a Swarm and are to leave it first
    remove: list[Node]
    changed_roles: list[str]  # members, by name
    demoted: list[str]  # ids of managers that become workers
    new_managers: list[str]

    @property
    def dead(self) -> list[Node]:
        return [node for node in self.remove if not node.is_ready]

    @property
    def living(self) -> list[Node]:
        return [node for node in self.remove if node.is_ready]

    @property
    def lost_majority(self) -> str:
        """Say how the change would cost the majority; empty when it does not.

        Dead managers go first and new ones come before living ones go, so the count is that of the end of each phase.
        """
        dead = {node.id for node in self.dead}
        after = [node for node in self.nodes.values() if node.id not in dead]
        after += [Node(f"new {name}", name, voter=True, reachable=True) for name in self.new_managers]
        going = [*(node.id for node in self.living), *self.demoted]
        return loss_of_quorum(self.nodes.values(), dead) or loss_of_quorum(after, going)


def compare(declared: Declared, observed: Members, found: list[Node]) -> Delta:
    """Compare a Swarm's nodes with its declared members."""
    moved = moved_members(declared, observed, {node.id for node in found})
    # They leave before anybody joins: from then on the others must be the majority.
    gone = {"state": "down", "reachable": False}
    left = {*moved.values()}
    nodes = {node.id: replace(node, **gone) if node.id in left else node for node in found}
    known = identities(declared, observed, nodes, moved)
    kept = {*known.values()}
    missing = [name for name in declared.in_order if name in observed and name not in known]
    leave = [name for name in missing if observed[name].state != "inactive"]
    leave += [name for name, o in observed.items() if name not in declared.members and o.state != "inactive"]
    return Delta(
        nodes=nodes,
        known=known,
        moved=moved,
        same={**moved, **broken_members(declared, observed, nodes)},
        join={name: declared.role(name) for name in missing},
        leave=leave,
        remove=[node for id, node in nodes.items() if id not in kept],
        changed_roles=sorted(name for name, id in known.items() if nodes[id].role != declared.role(name)),
        demoted=[known[name] for name in declared.workers if name in known and nodes[known[name]].voter],
        new_managers=[name for name in missing if name in declared.managers],
    )


def moved_members(declared: Declared, observed: Members, ids: Collection[str]) -> dict[str, str]:
    """Return members, with their node's id, that speak at another address than the declared one.

    Swarm keeps the address with which a node joined: the others look for it there, for its overlay networks above all,
    also when it seems ready.
    """
    members = declared.members
    own = {name: o for name, o in observed.items() if name in members and o.id in ids}
    return {name: o.id for name, o in own.items() if o.address not in ("", members[name])}


def broken_members(declared: Declared, observed: Members, nodes: Mapping[str, Node]) -> dict[str, str]:
    """Return members, with their node's id, whose engine runs and whose Swarm part does not: it forgets who it was.

    Expired certificates and a Raft log that a full disk has cut off do that.
    """
    ids = {node.address: node.id for node in nodes.values() if not node.is_ready}
    broken = {name: o.address for name, o in observed.items() if o.state == "error" and name in declared.members}
    return {name: ids[address] for name, address in broken.items() if address in ids}


def identities(
    declared: Declared, observed: Members, nodes: Mapping[str, Node], moved: Mapping[str, str]
) -> dict[str, str]:
    """Return the node id of each member that is one. A host that was looked at says so itself; others by address."""
    result = {}
    gone = {*moved.values()}
    by_address: dict[str, list[Node]] = {}
    for node in nodes.values():
        by_address.setdefault(node.address, []).append(node)
    for name, address in declared.members.items():
        if name in observed:
            own = observed[name]
            if own.state != "inactive" and own.id in nodes and own.id not in gone:
                result[name] = own.id
        elif there := by_address.get(address):
            result[name] = newest(there).id
    return result


def steps(declared: Declared, observed: Members, delta: Delta) -> list[str]:
    """Tell the change in words, in its order."""
    return [
        *(_leaving(name, declared, observed[name], name in delta.moved) for name in delta.leave),
        *(f"remove {node.name} ({node.address}, {node.state})" for node in delta.dead),
        *_joining(delta.join),
        *(f"make {name} a {declared.role(name)}" for name in delta.changed_roles),
        *(f"drain and remove {node.name} ({node.address})" for node in delta.living),
    ]


def _leaving(name: str, declared: Declared, own: Member, is_moved: bool) -> str:
    if is_moved:
        return f"leave and join anew: {name} speaks at {own.address}, declared is {declared.members[name]}"
    if own.state == "error" and own.error:
        return f"leave and join anew: {name}, whose Swarm part does not run ({own.error})"
    return f"leave the Swarm it was removed from: {name}"


def _joining(join: Mapping[str, str]) -> list[str]:
    return [f"join {name} as {role}" for name, role in join.items()]


def _data_node(declared: Declared, delta: Delta) -> tuple[str, list[str]]:
    """Choose where data is pinned. It stays where it is: elsewhere its services would begin with empty volumes."""
    names = {id: name for name, id in {**delta.known, **delta.same}.items()}
    holders = [node for node in delta.nodes.values() if node.labels.get(declared.data_label) == "true"]
    current = next((names[node.id] for node in holders if node.id in names), "")
    wanted = declared.data_node or current or min(declared.managers)
    removed = {node.id for node in delta.remove} - {*delta.same.values()}
    lost = [node.name for node in holders if node.id in removed or names.get(node.id) != wanted]
    if lost and not declared.move_data:
        return wanted, [
            f"The data lies on {', '.join(lost)} (label {declared.data_label}); pinned to "
            f"{wanted} the data services would begin with empty volumes. Keep that node, or move the data and consent: "
            "-e swarm_cluster_move_data=true."
        ]
    return wanted, []


def _acting_manager(declared: Declared, managers: Members, delta: Delta) -> str:
    """Pick the manager that applies node changes: one that stays a manager, the leader if possible."""
    staying = [name for name in managers if name in declared.managers and name in delta.known]
    return max(staying, key=lambda name: delta.nodes[delta.known[name]].leader, default="")
