# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to happen so that a Swarm has the declared members, or why nothing may. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from .member import STOPPED

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
    def members(self) -> dict[str, str]:
        return {**self.managers, **self.workers}

    def role(self, name: str) -> str:
        return "manager" if name in self.managers else "worker"

    def member(self, name: str, data_node: str) -> dict[str, Any]:
        data = {self.data_label: "true"} if name == data_node else {}
        labels = {**self.labels.get(name, {}), **data}
        return {"address": self.members[name], "role": self.role(name), "labels": labels}


def majority(voters: int) -> int:
    return voters // 2 + 1


def has_quorum(nodes: Iterable[Mapping[str, Any]]) -> bool:
    voters = [node for node in nodes if node["voter"]]
    return sum(node["reachable"] for node in voters) >= majority(len(voters))


def without(nodes: Iterable[Mapping[str, Any]], gone: str) -> list[Mapping[str, Any]]:
    return [node for node in nodes if node["id"] != gone]


def loss_of_quorum(nodes: list[Mapping[str, Any]], going: Iterable[str]) -> str:
    """Why these nodes (ids) cannot stop being managers one by one, unreachable ones first; empty when they can."""
    gone = set(going)
    leaving = [node for node in nodes if node["id"] in gone and node["voter"]]
    for node in sorted(leaving, key=lambda node: node["reachable"]):
        rest = without(nodes, node["id"])
        if not has_quorum(rest):
            voters = [other for other in rest if other["voter"]]
            up = sum(other["reachable"] for other in voters)
            return (
                f"Without the manager {node['name']} only {up} of {len(voters)} managers would be reachable, and "
                f"{majority(len(voters))} are needed: the Swarm would lose its majority. "
                "Bring managers back or add some first."
            )
        nodes = rest
    return ""


def plan(declared: Declared, observed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Steps in their order, and problems; with a problem no step may be taken. `observed` is by declared name."""
    found = declaration_problems(declared)
    speakers = {n: o for n, o in observed.items() if o["manager"] and o["nodes"] is not None}
    # A check comes before the run that starts them; then they are as hosts that could not be asked.
    found = found or ([] if declared.checking and speakers else stopped_members(observed))
    observed = {name: o for name, o in observed.items() if o["state"] != STOPPED}
    result: dict[str, Any] = {
        "founder": "",
        "speaker": "",
        "join": {},
        "leave": [],
        "dead": [],
        "remove": [],
        "members": {},
        "steps": [],
        "problems": found or conflicts(declared, observed, speakers),
    }
    if result["problems"]:
        return result
    result |= _grown(declared, observed, speakers) if speakers else _founded(declared, observed)
    data = result.pop("data_node")
    # A host that could not be asked keeps what it has.
    return {
        **result,
        "members": {name: declared.member(name, data) for name in _in_order(declared) if name in observed},
    }


def stopped_members(observed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Members whose engines do not run. They are not gone: who joins them anew would take their votes and data."""
    names = sorted(name for name, o in observed.items() if o["state"] == STOPPED)
    if not names:
        return []
    return [
        f"{', '.join(names)}: a member of a Swarm whose Docker engine does not run ({observed[names[0]]['error']}) "
        "Nothing was changed. Start it there (systemctl start docker), or run configure.yml without --tags, which does."
    ]


def _founded(declared: Declared, observed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    founder = min(declared.managers)
    join = {name: declared.role(name) for name in _in_order(declared) if name != founder and name in observed}
    data = declared.data_node or founder
    steps = [f"begin a Swarm on {founder} ({declared.managers[founder]})", *_joining(join)]
    steps.append(f"label {data} {declared.data_label}=true")
    return {"founder": founder, "speaker": founder, "join": join, "data_node": data, "steps": steps}


def _grown(declared: Declared, observed, speakers) -> dict[str, Any]:
    nodes = next(iter(speakers.values()))["nodes"]
    moved = moved_members(declared, observed, {node["id"] for node in nodes})
    # They leave before anybody joins: from then on the others must be the majority.
    nodes = [node | {"state": "down", "reachable": False} if node["id"] in moved.values() else node for node in nodes]
    known = identities(declared, observed, nodes)
    missing = [name for name in _in_order(declared) if name in observed and name not in known]
    leave = [name for name in missing if observed[name]["state"] != "inactive"]
    leave += [name for name, o in observed.items() if name not in declared.members and o["state"] != "inactive"]
    remove = [node for node in nodes if node["id"] not in known.values()]
    demoted = [known[name] for name in declared.workers if name in known and _by_id(nodes, known[name])["voter"]]
    join = {name: declared.role(name) for name in missing}
    same = moved | broken_members(declared, observed, nodes)  # hosts that join anew: they have their data still
    data, problems = _data_node(declared, nodes, known | same, {node["id"] for node in remove} - {*same.values()})
    # Dead managers go first and new ones come before living ones go, so the count is that of the end of each phase.
    dead = [node["id"] for node in remove if node["state"] != "ready"]
    going = [node["id"] for node in remove if node["id"] not in dead] + demoted
    newcomers = [
        {"id": f"new {name}", "name": name, "voter": True, "reachable": True}
        for name in join
        if name in declared.managers
    ]
    after = [node for node in nodes if node["id"] not in dead]
    lost = loss_of_quorum(nodes, dead) or loss_of_quorum(after + newcomers, going)
    problems += [lost] if lost else []
    speaker = _speaker(declared, speakers, known, nodes)
    if not speaker:
        problems.append("No manager of this run stays a manager: nobody could carry the change out. Include one.")
    steps = [_leaving(name, declared, observed[name], name in moved) for name in leave]
    steps += [f"remove {node['name']} ({node['address']}, {node['state']})" for node in remove if node["id"] in dead]
    steps += _joining(join)
    steps += [f"make {name} a {declared.role(name)}" for name in sorted(changed_roles(declared, nodes, known))]
    steps += [f"drain and remove {node['name']} ({node['address']})" for node in remove if node["id"] not in dead]
    return {
        "speaker": speaker,
        "join": join,
        "leave": leave,
        "dead": dead,
        "remove": [node["id"] for node in remove if node["id"] not in dead],
        "data_node": data,
        "steps": steps,
        "problems": problems,
    }


def moved_members(declared: Declared, observed, ids: Collection[str]) -> dict[str, str]:
    """Members, with their node's id, that speak at another address than the declared one. Swarm keeps the address with
    which a node joined: the others look for it there, for its overlay networks above all, also when it seems ready.
    """
    return {
        name: o["id"]
        for name, o in observed.items()
        if name in declared.members
        and o.get("id") in ids
        and o.get("address") not in ("", None, declared.members[name])
    }


def broken_members(declared: Declared, observed, nodes) -> dict[str, str]:
    """Members, with their node's id, whose engine runs and whose Swarm part does not: it forgets who it was. Expired
    certificates and a Raft log that a full disk has cut off do that.
    """
    ids = {node["address"]: node["id"] for node in nodes if node["state"] != "ready"}
    broken = {
        name: o.get("address") for name, o in observed.items() if o["state"] == "error" and name in declared.members
    }
    return {name: ids[address] for name, address in broken.items() if address in ids}


def _leaving(name: str, declared: Declared, own: Mapping[str, Any], is_moved: bool) -> str:
    if is_moved:
        return f"leave and join anew: {name} speaks at {own['address']}, declared is {declared.members[name]}"
    if own["state"] == "error" and own.get("error"):
        return f"leave and join anew: {name}, whose Swarm part does not run ({own['error']})"
    return f"leave the Swarm it was removed from: {name}"


def changed_roles(declared: Declared, nodes, known: Mapping[str, str]) -> list[str]:
    return [name for name, node in known.items() if _by_id(nodes, node)["role"] != declared.role(name)]


def _joining(join: Mapping[str, str]) -> list[str]:
    return [f"join {name} as {role}" for name, role in join.items()]


def _in_order(declared: Declared) -> list[str]:
    return [*sorted(declared.managers), *sorted(declared.workers)]


def _by_id(nodes: Iterable[Mapping[str, Any]], identity: str) -> Mapping[str, Any]:
    return next(node for node in nodes if node["id"] == identity)


def identities(declared: Declared, observed, nodes) -> dict[str, str]:
    """The node id of each declared member that is one. A host that was looked at says so itself; others by address."""
    ids = {node["id"] for node in nodes}
    moved = moved_members(declared, observed, ids)
    result = {}
    for name, address in declared.members.items():
        if name in observed:
            own = observed[name]
            if own["state"] != "inactive" and own.get("id") in ids - {*moved.values()}:
                result[name] = own["id"]
            continue
        there = [node for node in nodes if node["address"] == address]
        if there:
            result[name] = max(there, key=lambda node: (node["state"] == "ready", node["created"]))["id"]
    return result


def _data_node(declared: Declared, nodes, known, removed: set[str]) -> tuple[str, list[str]]:
    """Where data is pinned. It stays where it is: elsewhere its services would begin with empty volumes."""
    names = {identity: name for name, identity in known.items()}
    holders = [node for node in nodes if node["labels"].get(declared.data_label) == "true"]
    current = next((names[node["id"]] for node in holders if node["id"] in names), "")
    wanted = declared.data_node or current or min(declared.managers)
    lost = [node["name"] for node in holders if node["id"] in removed or names.get(node["id"]) != wanted]
    if lost and not declared.move_data:
        return wanted, [
            f"The data lies on {', '.join(lost)} (label {declared.data_label}); pinned to "
            f"{wanted} the data services would begin with empty volumes. Keep that node, or move the data and consent: "
            "-e swarm_cluster_move_data=true."
        ]
    return wanted, []


def _speaker(declared: Declared, speakers, known, nodes) -> str:
    """Who carries out changes of nodes: a manager that stays one, and rather the leader."""
    staying = [name for name in speakers if name in declared.managers and name in known]
    return max(staying, key=lambda name: _by_id(nodes, known[name])["leader"], default="")


def declaration_problems(declared: Declared) -> list[str]:
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
            found.append(f"{name}: {address!r} is no IP address. Give its address in the VPC.")
        if address in addresses and name not in both:
            found.append(f"{name} and {addresses[address]} have the same address {address}.")
        addresses[address] = name
    if declared.data_node and declared.data_node not in declared.members:
        found.append(f"swarm_cluster_data_node: {declared.data_node!r} is no declared member.")
    return found + pool_problems(declared, [])


def pool_problems(declared: Declared, own_pools: list[str]) -> list[str]:
    """Overlay networks must not hide the VPC, the members or Docker's bridges."""
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
            found.append(f"swarm_cluster_address_pools: {text!r} is no network ({error}).")
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


def conflicts(declared: Declared, observed, speakers) -> list[str]:
    """What the hosts say that stands against the declaration."""
    found = []
    own = sorted({pool for o in observed.values() for pool in o.get("own_pools", [])})
    found += pool_problems(declared, own) if own else []
    clusters = {o["cluster"]: name for name, o in speakers.items()}
    if len(clusters) > 1:
        found.append(
            f"There are {len(clusters)} Swarms: {', '.join(sorted(clusters.values()))} are managers of different ones. "
            "Decide which one stays, and run 'docker swarm leave --force' on the others."
        )
    for name, o in observed.items():
        if o["manager"] and o["nodes"] is None:
            found.append(f"{name} is a manager that cannot say what its nodes are: {o['error']}")
        # A check comes before the run that would turn it off.
        if o.get("live_restore") and o["state"] == "inactive" and not declared.checking:
            found.append(
                f"{name}: the engine's live-restore is on, which Swarm refuses. "
                "Set docker_daemon_options: {live-restore: false}."
            )
        if o["state"] == "locked":
            found.append(f"{name}: its Swarm is locked. Unlock it there: docker swarm unlock.")
    if found:
        return found
    if not speakers:
        return _unfounded(declared, observed)
    return _changed_pools(declared, speakers) + _strangers(declared, observed, speakers)


def _unfounded(declared: Declared, observed) -> list[str]:
    """Where no manager answers, a new Swarm may be begun only when it is certain that there is none."""
    unseen = sorted(set(declared.managers) - set(observed))
    if unseen:
        return [
            f"No manager of this run is in a Swarm, and {', '.join(unseen)} could not be asked (unreachable, or left "
            "out by --limit). A second Swarm could come of it: run again with every manager."
        ]
    members = sorted(name for name, o in observed.items() if o["state"] != "inactive")
    if members:
        where = ", ".join(sorted({m for name in members for m in observed[name].get("managers", [])})) or "unknown"
        return [
            f"{', '.join(members)} belong to a Swarm whose managers ({where}) are not declared. Declare them, or run "
            "'docker swarm leave --force' on those hosts."
        ]
    return []


def _changed_pools(declared: Declared, speakers) -> list[str]:
    pools = next(iter(speakers.values()))["pools"]
    size = next(iter(speakers.values()))["pool_size"]
    if sorted(pools) == sorted(declared.pools) and size == declared.pool_size:
        return []
    return [
        f"The Swarm was begun with the address pools {', '.join(pools)} in /{size}, declared are "
        f"{', '.join(declared.pools)} in /{declared.pool_size}. They cannot change: declare what is there."
    ]


def _strangers(declared: Declared, observed, speakers) -> list[str]:
    """A host that is in a Swarm, but not in ours: it may be left only when ours is the one that removed it."""
    nodes = next(iter(speakers.values()))["nodes"]
    ids = {node["id"] for node in nodes}
    ours = set(declared.managers.values()) | {node["address"] for node in nodes if node["voter"]}
    return [
        f"{name} belongs to another Swarm (managers: {', '.join(o['managers'])}). If it may leave that one, run "
        "'docker swarm leave --force' there."
        for name, o in observed.items()
        if o["state"] != "inactive" and o.get("id") not in ids and set(o.get("managers", [])) - ours
    ]
