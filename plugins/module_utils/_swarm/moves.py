# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a Swarm's nodes that wait until they are done: moving tasks away, availability, roles, removal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from .._app.lock import LeaseError
from . import placement, wellness
from .engine import Conflict, Engine, NotFound, NotInSwarm
from .labels import APP, CLOSED
from .node import Node, parse_node
from .placement import Service, name_of
from .service import Spec, is_global
from .stack.api import Swarm
from .stack.lock import hold
from .task import Task, last_error, parse_task

NOTHING: dict[str, Any] = {"moves": [], "stops": [], "blocked": {}}
LOCK_TTL = 60
TRIES = 5  # of a write that others' writes come before


class NodeError(Exception):
    """The node cannot become what was asked, or did not in time. What was begun is undone."""


def named(nodes: Iterable[Node], text: str) -> list[Node]:
    """Return all nodes with this host name, address or id, or else those whose id begins so."""
    found = [node for node in nodes if text in (node.name, node.id, node.address)]
    return found or [node for node in nodes if len(text) > 5 and node.id.startswith(text)]


def find(nodes: Iterable[Node], text: str) -> Node:
    """Return the one node that the text names. Of several the one that is ready counts."""
    found = named(nodes, text)
    ready = [node for node in found if node.is_ready]
    if len(ready or found) != 1:
        names = ", ".join(sorted(node.name for node in nodes))
        many = "several nodes are called" if found else "there is no node"
        raise NodeError(f"node: {many} {text}. There are: {names}.")
    return (ready or found)[0]


class Nodes:
    """Changes nodes through a manager's engine. Clock and sleep are injected."""

    def __init__(
        self,
        engine: Engine,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.engine = engine
        self.timeout = timeout
        self.clock = clock
        self._sleep = sleep

    # Looking ---------------------------------------------------------------------------------------------------------

    def nodes(self) -> list[Node]:
        return [parse_node(item) for item in self.engine.get("/nodes")]

    def services(self) -> list[Service]:
        return self.engine.get("/services")

    def tasks(self) -> list[Task]:
        return [parse_task(item) for item in self.engine.get("/tasks")]

    def drain_impact(self, node: Node) -> dict[str, Any]:
        """Name the services that move when the node is drained, that stop there, and that cannot leave and why."""
        nodes, services, tasks = self.nodes(), self.services(), self.tasks()
        if not node.is_ready:
            bound = [name_of(s) for s in services if placement.is_bound(s["Spec"], nodes, node.id)]
            return {**NOTHING, "blocked": dict.fromkeys(bound, "it may run on this node only, and waits for it")}
        here = [s for s in services if placement.on_node(s, tasks, node.id)]
        blocked = {name_of(s): why for s in here if (why := placement.blocker(s, tasks, nodes, node.id))}
        stops = [name_of(s) for s in here if is_global(s["Spec"])]
        moves = [name_of(s) for s in here if name_of(s) not in {*blocked, *stops}]
        return {"moves": sorted(moves), "stops": sorted(stops), "blocked": blocked}

    # Moving ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self, owner: str, purpose: str, wait: float = 0) -> Iterator[None]:
        """Hold the lock of every app in the Swarm: a deploy and a move would take each other's changes back."""
        apps = {app for s in self.services() if (app := (s["Spec"].get("Labels") or {}).get(APP))}
        with ExitStack() as stack:
            try:
                for app in sorted(apps):
                    stack.enter_context(hold(Swarm(self.engine, app), owner, purpose, LOCK_TTL, wait))
            except LeaseError as error:
                raise NodeError(str(error)) from error
            yield

    def recover(self) -> list[str]:
        """Put back the specs that a killed run left changed."""
        return sorted(name_of(s) for s in self.services() if self._restore(s["ID"]))

    def others_are_well(self, node: Node, checking: str = "") -> None:
        """Return once all other nodes are there and open, and every service has its tasks. Raise NodeError when that
        takes too long: a node that goes while another is away may take a service's last task, or the majority. A check
        looks once, and nodes closed for the purpose `checking` would be open by then."""

        def pending() -> str:
            found = self.nodes()
            there = [replace(n, availability="active") if checking == n.labels.get(CLOSED) else n for n in found]
            return "; ".join(wellness.unwell(there, self.services(), self.tasks(), node.id))

        if why := pending() if checking else "":
            raise NodeError(f"{node.name} has to wait: {why}.")
        self.wait(pending, f"{node.name} stays as it is, because")

    def drain(
        self, node: Node, accepted: Iterable[str] = (), purpose: str = "", before: Callable[[], Any] = dict
    ) -> dict[str, Any]:
        """Move every task away, one start-first after the other, then close the node. On failure it stays open. With a
        `purpose`, which its label says, it is closed for a while. `before` is called when only that is left to do."""
        impact = self.drain_impact(node)
        refuse_blocked(node, impact["blocked"], accepted)
        moving = [s for s in self.services() if name_of(s) in impact["moves"]]
        self._move(moving, lambda spec: placement.moving_spec(spec, node.id), node.id)
        before()
        self.set_availability(node.id, "drain", purpose)
        self.wait(lambda: self._left_on(node.id), f"{node.name} is drained, but")
        return impact

    def spread(self, rounds: int = 3) -> dict[str, int]:
        """Make tasks of uneven services anew until they are even; return what stays uneven by how much."""
        for _round in range(rounds):
            uneven = self.uneven()
            if not uneven:
                return {}
            self._move(uneven, placement.spreading_spec)
        nodes, tasks = self.nodes(), self.tasks()
        return {name_of(s): placement.skew(s, tasks, nodes) for s in self.uneven()}

    def uneven(self) -> list[Service]:
        nodes, tasks = self.nodes(), self.tasks()
        return [s for s in self.services() if placement.is_uneven(s, tasks, nodes)]

    def _move(self, services: list[Service], change: Callable[[Spec], dict[str, Any]], node: str = "") -> None:
        begun: dict[str, str] = {}
        failed: list[str] = []
        try:
            for service in services:
                begun[service["ID"]] = self._update_service(service["ID"], change)
            self.wait(lambda: self._unmoved(begun, failed, node), "Not all tasks could move:")
        finally:
            for identity in begun:
                self._restore(identity)
        if failed:
            raise NodeError(f"{' '.join(failed)} Nothing was drained.")

    def _unmoved(self, begun: dict[str, str], failed: list[str], node: str) -> str:
        """Say what is waited for. A service that failed is put back; the others end their move."""
        tasks = self.tasks()
        pending = []
        for service in [s for s in self.services() if s["ID"] in begun]:
            since = begun[service["ID"]]
            if why := placement.halted(service, since):
                own = [task for task in tasks if task.service == service["ID"]]
                failed.append(f"{name_of(service)}: {why}. {last_error(own)}".strip())
                self._restore(service["ID"])
                del begun[service["ID"]]
                continue
            # Swarm says so once the last new task has run for a while: one that crashes at once has not moved.
            watched = "" if placement.completed(service, since) else "its new tasks are being watched"
            if why := placement.unmoved(service, tasks, node) or watched:
                pending.append(f"{name_of(service)}: {why}")
        return "; ".join(pending)

    def _update_service(self, identity: str, change: Callable[[Spec], dict[str, Any] | None]) -> str:
        """Write the changed spec over the newest version; return when that was written: what follows began later."""
        service = self._rewrite("service", identity, change)
        return service["UpdatedAt"] if service else ""

    def _restore(self, identity: str) -> bool:
        try:
            return self._update_service(identity, placement.restored_spec) != ""
        except NotFound:
            return False

    def _left_on(self, node: str) -> str:
        left = [task for task in self.tasks() if task.node == node and task.state in ("running", "starting")]
        return f"{len(left)} containers still stop" if left else ""

    # Nodes -----------------------------------------------------------------------------------------------------------

    def activate(self, node: Node) -> None:
        """Open the node and wait for what belongs there: tasks of global services, and of those pinned to it."""
        self.set_availability(node.id, "active")
        self.wait(lambda: self._missing_on(node.id), f"{node.name} is active, but")

    def _missing_on(self, node: str) -> str:
        nodes, tasks = self.nodes(), self.tasks()
        if gone := [one.state for one in nodes if one.id == node and not one.is_ready]:
            return f"it is {gone[0]}"
        missing = [name_of(s) for s in self.services() if placement.is_missing(s, tasks, nodes, node)]
        return "; ".join(f"{name} does not run there yet" for name in missing)

    def update(self, identity: str, **changes: Any) -> None:
        self._rewrite("node", identity, lambda spec: {**spec, **changes})

    def _rewrite(self, kind: str, identity: str, change: Callable[[Spec], dict[str, Any] | None]) -> Any:
        """Write the changed spec over the newest version of a node or service; return what was there, or None when
        `change` wants nothing written."""
        for _try in range(TRIES):
            found = self.engine.get(f"/{kind}s/{identity}")
            spec = change(found["Spec"])
            if spec is None:
                return None
            try:
                self.engine.post(f"/{kind}s/{identity}/update", spec, version=found["Version"]["Index"])
                return found
            except Conflict:
                self._sleep(0.5)
        raise NodeError(f"{kind} {identity} is being changed by somebody else. Run again later.")

    def set_availability(self, identity: str, availability: str, purpose: str = "") -> None:
        """Close or open a node; its label says for what."""

        def changed(spec: Spec) -> dict[str, Any]:
            labels = {name: text for name, text in (spec.get("Labels") or {}).items() if name != CLOSED}
            return {**spec, "Availability": availability, "Labels": labels | ({CLOSED: purpose} if purpose else {})}

        self._rewrite("node", identity, changed)

    def set_role(self, identity: str, role: str) -> None:
        """Return once the node votes, or does not any more."""
        self.update(identity, Role=role)

        def pending() -> str:
            node = parse_node(self.engine.get(f"/nodes/{identity}"))
            return "" if (node.reachable if role == "manager" else not node.voter) else "the managers do not agree yet"

        self.wait(pending, f"{identity} shall be a {role}, but")

    def remove(self, node: Node) -> None:
        """Remove a node; a manager stops voting first. The node's own engine is not asked: it may be gone."""
        if node.role == "manager":
            self.set_role(node.id, "worker")
        self.engine.delete(f"/nodes/{node.id}", force=True)

    def wait(self, unfinished: Callable[[], str], what: str, timeout: float | None = None) -> None:
        """Return once nothing is unfinished. Raise NodeError when that takes longer than `timeout` seconds, which are
        those of all waits by default."""
        limit = self.timeout if timeout is None else timeout
        deadline = self.clock() + limit

        def pending() -> str:
            try:
                return unfinished()
            except NotInSwarm as error:  # when a manager has gone the others choose a leader
                return str(error)

        while why := pending():
            if self.clock() >= deadline:
                raise NodeError(f"{what} after {limit:.0f} s {why}.")
            self._sleep(0.5)


def refuse_blocked(node: Node, blocked: dict[str, str], accepted: Iterable[str]) -> None:
    """Raise NodeError when services cannot leave the node and nobody consented to their standing still."""
    refused = {name: why for name, why in blocked.items() if name not in set(accepted)}
    if refused:
        lines = "\n".join(f"  {name}: {why}" for name, why in sorted(refused.items()))
        raise NodeError(
            f"{node.name} cannot be drained without stopping:\n{lines}\nMove them yourself, or consent to their "
            f"standing still until the node is active again: -e stop={','.join(sorted(refused))}."
        )
