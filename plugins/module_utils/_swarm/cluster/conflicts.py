# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts say of themselves that stands against the declared members of a Swarm. Pure."""

from __future__ import annotations

from ..node import Node
from .declared import Declared, pool_problems
from .member import STOPPED, Member, Members


def stopped_members(observed: Members) -> list[str]:
    """Return members whose engines do not run. They are not gone: joining them anew would take their votes and data."""
    names = sorted(name for name, o in observed.items() if o.state == STOPPED)
    if not names:
        return []
    return [
        f"{', '.join(names)}: a member of a Swarm whose Docker engine does not run ({observed[names[0]].error}) "
        "Nothing was changed. Start it there (systemctl start docker), or run configure.yml without --tags, which does."
    ]


def conflicts(declared: Declared, observed: Members, managers: Members) -> list[str]:
    """Return what hosts say of themselves that stands against the declaration."""
    found = []
    own = sorted({pool for o in observed.values() for pool in o.own_pools})
    found += pool_problems(declared, own) if own else []
    clusters = {o.cluster: name for name, o in managers.items()}
    if len(clusters) > 1:
        found.append(
            f"There are {len(clusters)} Swarms: {', '.join(sorted(clusters.values()))} are managers of different ones. "
            "Decide which one stays, and run 'docker swarm leave --force' on the others."
        )
    for name, o in observed.items():
        if o.manager and o.nodes is None:
            found.append(f"{name} is a manager that cannot say what its nodes are: {o.error}")
        # A check comes before the run that would turn it off.
        if o.live_restore and o.state == "inactive" and not declared.checking:
            found.append(
                f"{name}: the engine's live-restore is on, which Swarm refuses. "
                "Set docker_daemon_options: {live-restore: false}."
            )
        if o.state == "locked":
            found.append(f"{name}: its Swarm is locked. Unlock it there: docker swarm unlock.")
    if found:
        return found
    if not managers:
        return _unfounded(declared, observed)
    answering = next(iter(managers.values()))
    return _changed_pools(declared, answering) + _strangers(declared, observed, answering.nodes)


def _unfounded(declared: Declared, observed: Members) -> list[str]:
    """Return why no new Swarm may be begun where no manager answers: it must be certain that there is none."""
    unseen = sorted(set(declared.managers) - set(observed))
    if unseen:
        return [
            f"No manager of this run is in a Swarm, and {', '.join(unseen)} could not be asked (unreachable, or left "
            "out by --limit). A second Swarm could come of it: run again with every manager."
        ]
    members = sorted(name for name, o in observed.items() if o.state != "inactive")
    if members:
        where = ", ".join(sorted({m for name in members for m in observed[name].managers})) or "unknown"
        return [
            f"{', '.join(members)} belong to a Swarm whose managers ({where}) are not declared. Declare them, or run "
            "'docker swarm leave --force' on those hosts."
        ]
    return []


def _changed_pools(declared: Declared, answering: Member) -> list[str]:
    pools, size = answering.pools, answering.pool_size
    if sorted(pools) == sorted(declared.pools) and size == declared.pool_size:
        return []
    return [
        f"The Swarm was begun with the address pools {', '.join(pools)} in /{size}, declared are "
        f"{', '.join(declared.pools)} in /{declared.pool_size}. They cannot change: declare what is there."
    ]


def _strangers(declared: Declared, observed: Members, nodes: list[Node]) -> list[str]:
    """Return hosts in a Swarm that is not ours: they may leave it only when ours is the one that removed them."""
    ids = {node.id for node in nodes}
    ours = set(declared.managers.values()) | {node.address for node in nodes if node.voter}
    return [
        f"{name} belongs to another Swarm (managers: {', '.join(o.managers)}). If it may leave that one, run "
        "'docker swarm leave --force' there."
        for name, o in observed.items()
        if o.state != "inactive" and o.id not in ids and set(o.managers) - ours
    ]
