# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reboots the nodes of a Swarm for which an update asks, one after the other, from a manager.

A worker cannot ask the Swarm for anything. So a task on each node says whether the host has left a mark, and another
one leaves the mark for which the host reboots as soon as no task runs there any more. A manager does that with all
nodes but itself; another manager does it with this one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..._app.lock import LeaseError
from ..engine import NotFound
from ..labels import CLOSED, EDGE, PART
from ..moves import LOCK_TTL, NodeError, Nodes
from ..node import Node
from ..stack.api import Swarm
from ..stack.lock import hold
from ..task import Task, parse_task

PURPOSE = "reboot"
WAITS = "a reboot before "  # and a Unix time, on the open node of the manager that had the night, for the others
TURN = 4 * 3600.0  # seconds after which the night is over
LOCK = "izzzi-reboots"  # in the place of an app's name
MARKS = "/run/izzzi-reboot"  # on hosts, and in the tasks that look there
DUE, GO = "due", "go"
SCRIPT = "/usr/local/sbin/izzzi-reboot-when-empty"  # on hosts
# What the tasks run. A task that finds no mark ends well.
LOOK, SEND = f"test ! -e {MARKS}/{DUE}", f"touch {MARKS}/{GO}"
ANSWER = 120.0  # seconds for a task to end
NOTICED = 45.0  # seconds after which managers have noticed that a node is away
BACK = 900.0  # seconds for a node to come back
PATIENCE = 1800.0  # seconds for a release to end


def task_spec(name: str, image: str, command: str, node: str = "") -> dict[str, Any]:
    """Describe a service whose task runs a command once beside the host's marks: on one node, or on each."""
    mount = {"Type": "bind", "Source": MARKS, "Target": MARKS}
    container = {"Image": image, "Command": ["sh", "-c", command], "Mounts": [mount], "User": "0"}
    return {
        "Name": name,
        "Labels": {},
        "TaskTemplate": {
            "ContainerSpec": container,
            "RestartPolicy": {"Condition": "none"},
            "Placement": {"Constraints": [f"node.id=={node}"]} if node else {},
        },
        "Mode": {"Global": {}},
    }


def image_of(services: list[dict], otherwise: str) -> str:
    """Choose an image with a shell: the edge's, which every node has, so that no registry is asked."""
    edges = [service["Spec"] for service in services if (service["Spec"].get("Labels") or {}).get(PART) == EDGE]
    return edges[0]["TaskTemplate"]["ContainerSpec"]["Image"] if edges else otherwise


def in_order(nodes: list[Node], own: str) -> list[Node]:
    """Return workers, then managers, this one last."""
    return sorted(nodes, key=lambda node: (node.id == own, node.role == "manager", node.name))


class Busy(NodeError):
    """Another manager has its night."""


@dataclass
class Reboots:
    """`own` is this manager's id, `image` what tasks run when no service of the Swarm has a better one."""

    nodes: Nodes
    own: str
    owner: str
    image: str
    say: Callable[[str], None]
    note: Callable[[str], None]  # the name of a node that has rebooted, or is about to
    reboot_host: Callable[[], None]
    balancer: Callable[[str], None]  # lets its check fail on this host (`leave`), or not any more (`stay`)
    patience: float = 0.0  # seconds that a load balancer needs to notice
    now: Callable[[], float] = time.time

    @contextmanager
    def locked(self, purpose: str, wait: float) -> Iterator[None]:
        """Keep other managers' nights away while the block runs. Raise Busy when one of them goes on."""
        try:
            with hold(Swarm(self.nodes.engine, LOCK), self.owner, purpose, LOCK_TTL, wait):
                yield
        except LeaseError as error:
            raise Busy(str(error)) from error

    def night(self) -> list[str]:
        """Reboot every node that has to, and return their names. Raise NodeError at the first that is not well then."""
        self.open_returned()
        due, done = self.due(), []
        for node in self.waiting():
            if node.id not in {one.id for one in due}:
                self.nodes.set_availability(node.id, node.availability)  # without the label
        for node in in_order(due, self.own):
            is_only = sum(other.voter for other in self.nodes.nodes()) == 1
            if node.id == self.own and not is_only:
                self.say(f"{node.name} has to reboot: another manager does that.")
                self.nodes.set_availability(node.id, node.availability, f"{WAITS}{self.now() + TURN:.0f}")
                continue
            with self.nodes.locked(self.owner, f"reboot of {node.name}", PATIENCE):
                self._reboot(node)
            done.append(node.name)
        return done

    def due(self, *only: Node) -> list[Node]:
        """Return the nodes whose hosts have left the mark. Without `only` all that take tasks are asked."""
        asked = list(only) or [node for node in self.nodes.nodes() if node.takes_tasks]
        codes = self._run(LOOK, asked, only[0].id if only else "")
        return [node for node in asked if codes[node.id]]

    def waiting(self) -> list[Node]:
        """Return nodes that wait for another manager's turn: those that waited for it may have rebooted meanwhile."""
        return [node for node in self.nodes.nodes() if node.labels.get(CLOSED, "").startswith(WAITS)]

    def has_turn(self) -> bool:
        """Tell whether another manager has left itself to this one, in this night."""
        ends = [float(node.labels[CLOSED].removeprefix(WAITS)) for node in self.waiting() if node.id != self.own]
        return any(self.now() < end for end in ends)

    def returned(self) -> list[Node]:
        """Return nodes that were closed for a reboot by a manager that is gone, or by this one before its own."""
        return [node for node in self.nodes.nodes() if node.labels.get(CLOSED) == PURPOSE and node.is_ready]

    def open_returned(self) -> list[str]:
        """Open them, and return their names."""
        found = self.returned()
        for node in found:
            self.nodes.activate(node)
            self.say(f"{node.name} is open again.")
        return [node.name for node in found]

    def _reboot(self, node: Node) -> None:
        self.nodes.recover()
        self.nodes.others_are_well(node)
        self.say(f"{node.name} reboots.")
        accepted = self.nodes.drain_impact(node)["blocked"]  # what keeps data there stands still meanwhile
        if node.id == self.own:
            if len(self.nodes.nodes()) > 1:
                self._drain_own(node, accepted)
            self.note(node.name)
            self.reboot_host()  # whoever starts next opens it
            return
        self.nodes.drain(node, accepted, PURPOSE, lambda: self._let_go(node))
        self._await_return(node)
        self.nodes.activate(node)
        if self.due(node):
            raise NodeError(f"{node.name} did not reboot, or an update still asks for it.")
        self.note(node.name)
        self.say(f"{node.name} is back.")

    def _let_go(self, node: Node) -> None:
        """Let the host reboot as soon as it is empty. It has told its load balancer then, which needs to notice."""
        self._run(SEND, [node], node.id)
        self._be_patient()

    def _drain_own(self, node: Node, accepted: Iterable[str]) -> None:
        def leave() -> None:
            self.balancer("leave")
            self._be_patient()

        try:
            self.nodes.drain(node, accepted, PURPOSE, leave)
        except NodeError:
            self.balancer("stay")
            raise

    def _be_patient(self) -> None:
        end = self.nodes.clock() + self.patience
        self.nodes.wait(
            lambda: "it does" if self.nodes.clock() < end else "", "A load balancer notices:", self.patience + 60
        )

    def _await_return(self, node: Node) -> None:
        """Return when a node is there that has been away, or could have been without being missed."""
        since = self.nodes.clock()

        def pending() -> str:
            state = next((one.state for one in self.nodes.nodes() if one.id == node.id), "gone")
            early = self.nodes.clock() - since < NOTICED
            return f"it is {state}" if state != "ready" or early else ""

        self.nodes.wait(pending, f"{node.name} did not come back:", BACK)

    def _run(self, command: str, nodes: list[Node], node: str) -> dict[str, int]:
        """Run a command on the nodes and return how it ended, by id. Raise NodeError when one does not answer."""
        name = f"{LOCK}-{secrets.token_hex(4)}"
        image = image_of(self.nodes.services(), self.image)
        service = self.nodes.engine.post("/services/create", task_spec(name, image, command, node))["ID"]
        ended: dict[str, Task] = {}

        def pending() -> str:
            listed = [parse_task(task) for task in self.nodes.engine.get("/tasks", filters={"service": [service]})]
            ended.update({task.node: task for task in listed if task.has_ended})
            return ", ".join(one.name for one in nodes if one.id not in ended)

        try:
            self.nodes.wait(pending, "A task does not end on", ANSWER)
        finally:
            self._remove(service)
        for one in nodes:
            task = ended[one.id]
            if task.state != "complete" and (task.state, task.exit_code) != ("failed", 1):
                raise NodeError(f"A task on {one.name} could not run: {task.error or task.state}.")
        return {id: task.exit_code for id, task in ended.items()}

    def _remove(self, service: str) -> None:
        try:
            self.nodes.engine.delete(f"/services/{service}")
        except NotFound:
            return
