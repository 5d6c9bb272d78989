# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a Swarm's nodes that wait until they are done: moving tasks away, availability, roles, removal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .._app.lock import LeaseError
from . import placement
from .engine import Conflict, Engine, NotFound
from .placement import Object, name_of
from .stack.api import Swarm
from .stack.spec import APP
from .stack.store import held

NOTHING: dict[str, Any] = {"moves": [], "stops": [], "blocked": {}}
LOCK_TTL = 60


class NodeError(Exception):
    """The node cannot become what was asked, or did not in time. What was begun is undone."""


def named(nodes: Iterable[Object], text: str) -> list[Object]:
    """All nodes that the text names."""
    found = [n for n in nodes if text in (n["Description"].get("Hostname"), n["ID"], n["Status"].get("Addr"))]
    return found or [n for n in nodes if len(text) > 5 and n["ID"].startswith(text)]


def find(nodes: Iterable[Object], text: str) -> Object:
    """By host name, id (or how it begins), or address. Several of one name: the one that is ready."""
    found = named(nodes, text)
    ready = [n for n in found if n["Status"]["State"] == "ready"]
    if len(ready or found) != 1:
        names = ", ".join(sorted(n["Description"].get("Hostname", n["ID"]) for n in nodes))
        many = "several nodes are called" if found else "there is no node"
        raise NodeError(f"node: {many} {text}. There are: {names}.")
    return (ready or found)[0]


def label(node: Object) -> str:
    return node["Description"].get("Hostname") or node["ID"]


class Nodes:
    """What a manager's engine is asked to do. Clock and sleep are injected."""

    def __init__(
        self,
        engine: Engine,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.engine = engine
        self.timeout = timeout
        self._clock = clock
        self._sleep = sleep

    # Looking ---------------------------------------------------------------------------------------------------------

    def nodes(self) -> list[Object]:
        return self.engine.get("/nodes")

    def services(self) -> list[Object]:
        return self.engine.get("/services")

    def tasks(self) -> list[Object]:
        return self.engine.get("/tasks")

    def departure(self, node: Object) -> dict[str, Any]:
        """What leaves the node when it is drained: services that move, that stop there, and that cannot leave."""
        nodes, services, tasks = self.nodes(), self.services(), self.tasks()
        if node["Status"]["State"] != "ready":
            bound = [name_of(s) for s in services if placement.is_bound(s, nodes, node["ID"])]
            return {**NOTHING, "blocked": dict.fromkeys(bound, "it may run on this node only, and waits for it")}
        here = [s for s in services if placement.on_node(s, tasks, node["ID"])]
        blocked = {name_of(s): why for s in here if (why := placement.blocker(s, tasks, nodes, node["ID"]))}
        stops = [name_of(s) for s in here if "Global" in s["Spec"]["Mode"]]
        moves = [name_of(s) for s in here if name_of(s) not in {*blocked, *stops}]
        return {"moves": sorted(moves), "stops": sorted(stops), "blocked": blocked}

    # Moving ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self, owner: str, purpose: str, wait: float = 0) -> Iterator[None]:
        """Holds the lock of every app in the Swarm: a deploy and a move would take each other's changes back."""
        apps = {app for s in self.services() if (app := (s["Spec"].get("Labels") or {}).get(APP))}
        with ExitStack() as stack:
            try:
                for app in sorted(apps):
                    stack.enter_context(held(Swarm(self.engine, app), owner, purpose, LOCK_TTL, wait))
            except LeaseError as error:
                raise NodeError(str(error)) from error
            yield

    def recover(self) -> list[str]:
        """Puts back the specs that a killed run left changed."""
        return sorted(name_of(s) for s in self.services() if self._restore(s["ID"]))

    def drain(self, node: Object, accepted: Iterable[str] = ()) -> dict[str, Any]:
        """Moves every task away, one start-first after the other, then closes the node. On failure it stays open."""
        leaving = self.departure(node)
        refuse_blocked(node, leaving["blocked"], accepted)
        moving = [s for s in self.services() if name_of(s) in leaving["moves"]]
        self._move(moving, lambda s: placement.moving_spec(s, node), node["ID"])
        self.set_availability(node["ID"], "drain")
        self._wait(lambda: self._left_on(node["ID"]), f"{label(node)} is drained, but")
        return leaving

    def spread(self, rounds: int = 3) -> dict[str, int]:
        """Makes tasks of uneven services anew until they are even; returns what stays uneven by how much."""
        for _ in range(rounds):
            uneven = self.uneven()
            if not uneven:
                return {}
            self._move(uneven, placement.spreading_spec)
        nodes, tasks = self.nodes(), self.tasks()
        return {name_of(s): placement.skew(s, tasks, nodes) for s in self.uneven()}

    def uneven(self) -> list[Object]:
        nodes, tasks = self.nodes(), self.tasks()
        return [s for s in self.services() if placement.is_uneven(s, tasks, nodes)]

    def _move(self, services: list[Object], change: Callable[[Object], dict[str, Any]], node: str = "") -> None:
        begun: dict[str, str] = {}
        failed: list[str] = []
        try:
            for service in services:
                begun[service["ID"]] = self._update_service(service["ID"], change)
            self._wait(lambda: self._unmoved(begun, failed, node), "Not all tasks could move:")
        finally:
            for identity in begun:
                self._restore(identity)
        if failed:
            raise NodeError(f"{' '.join(failed)} Nothing was drained.")

    def _unmoved(self, begun: dict[str, str], failed: list[str], node: str) -> str:
        """What is waited for. A service that failed is put back; the others end their move."""
        tasks = self.tasks()
        waiting = []
        for service in [s for s in self.services() if s["ID"] in begun]:
            since = begun[service["ID"]]
            if why := placement.halted(service, since):
                failed.append(f"{name_of(service)}: {why}. {last_error(service, tasks)}".strip())
                self._restore(service["ID"])
                del begun[service["ID"]]
                continue
            # Swarm says so once the last new task has run for a while: one that crashes at once has not moved.
            watched = "" if placement.completed(service, since) else "its new tasks are being watched"
            if why := placement.waiting(service, tasks, node) or watched:
                waiting.append(f"{name_of(service)}: {why}")
        return "; ".join(waiting)

    def _update_service(self, identity: str, change: Callable[[Object], dict[str, Any] | None]) -> str:
        """Writes the changed spec over the newest version; returns when that was written: what follows began later."""
        for _ in range(5):
            service = self.engine.get(f"/services/{identity}")
            spec = change(service)
            if spec is None:
                return ""
            try:
                self.engine.post(f"/services/{identity}/update", spec, version=service["Version"]["Index"])
                return service["UpdatedAt"]
            except Conflict:
                self._sleep(0.5)
        raise NodeError(f"service {identity} is being changed by somebody else. Run again later.")

    def _restore(self, identity: str) -> bool:
        try:
            return self._update_service(identity, lambda s: placement.restored_spec(s["Spec"])) != ""
        except NotFound:
            return False

    def _left_on(self, node: str) -> str:
        left = [t for t in self.tasks() if t.get("NodeID") == node and t["Status"]["State"] in ("running", "starting")]
        return f"{len(left)} containers still stop" if left else ""

    # Nodes -----------------------------------------------------------------------------------------------------------

    def activate(self, node: Object) -> None:
        """Opens the node and waits for what belongs there: tasks of global services, and of those pinned to it."""
        self.set_availability(node["ID"], "active")
        self._wait(lambda: self._missing_on(node["ID"]), f"{label(node)} is active, but")

    def _missing_on(self, node: str) -> str:
        nodes, tasks = self.nodes(), self.tasks()
        return "; ".join(
            f"{name_of(s)} does not run there yet" for s in self.services() if is_missing(s, tasks, nodes, node)
        )

    def update(self, identity: str, **changes: Any) -> None:
        for _ in range(5):
            node = self.engine.get(f"/nodes/{identity}")
            try:
                self.engine.post(
                    f"/nodes/{identity}/update", {**node["Spec"], **changes}, version=node["Version"]["Index"]
                )
                return
            except Conflict:
                self._sleep(0.5)
        raise NodeError(f"node {identity} is being changed by somebody else. Run again later.")

    def set_availability(self, identity: str, availability: str) -> None:
        self.update(identity, Availability=availability)

    def set_role(self, identity: str, role: str) -> None:
        """Returns once the node votes, or does not any more."""
        self.update(identity, Role=role)

        def pending() -> str:
            status = self.engine.get(f"/nodes/{identity}").get("ManagerStatus")
            done = bool(status) and status.get("Reachability") == "reachable" if role == "manager" else not status
            return "" if done else "the managers do not agree yet"

        self._wait(pending, f"{identity} shall be a {role}, but")

    def remove(self, node: Object) -> None:
        """A manager stops voting first. The node's own engine is not asked: it may be gone."""
        if node["Spec"]["Role"] == "manager":
            self.set_role(node["ID"], "worker")
        self.engine.delete(f"/nodes/{node['ID']}", force=True)

    def _wait(self, unfinished: Callable[[], str], what: str) -> None:
        deadline = self._clock() + self.timeout
        while why := unfinished():
            if self._clock() >= deadline:
                raise NodeError(f"{what} after {self.timeout:.0f} s {why}.")
            self._sleep(0.5)


def refuse_blocked(node: Object, blocked: dict[str, str], accepted: Iterable[str]) -> None:
    open_ones = {name: why for name, why in blocked.items() if name not in set(accepted)}
    if open_ones:
        lines = "\n".join(f"  {name}: {why}" for name, why in sorted(open_ones.items()))
        raise NodeError(
            f"{label(node)} cannot be drained without stopping:\n{lines}\nMove them yourself, or consent to their "
            f"standing still until the node is active again: -e stop={','.join(sorted(open_ones))}."
        )


def is_missing(service: Object, tasks: list[Object], nodes: list[Object], node: str) -> bool:
    """Whether a task belongs on this node and on no other, and does not run there."""
    able = [n["ID"] for n in placement.eligible(service, nodes)]
    bound = "Global" in service["Spec"]["Mode"] or (placement.replicas(service) and able == [node])
    here = [t for t in placement.on_node(service, tasks, node) if placement.is_running(t)]
    return bool(node in able and bound and not here)


def last_error(service: Object, tasks: Iterable[Object]) -> str:
    failed = [t for t in tasks if t.get("ServiceID") == service["ID"] and t["Status"].get("Err")]
    if not failed:
        return ""
    task = max(failed, key=lambda t: t["Status"].get("Timestamp", ""))
    return f"Its last task says: {task['Status']['Err']}."
