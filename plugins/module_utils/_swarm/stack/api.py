# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One app in a Swarm: its services, tasks, secrets, configs and network, by name, through the engine of a manager."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Mapping
from typing import Any

from ..._app.checks import Answer
from ..._app.failure import health_output
from ..engine import Engine, EngineError, NotFound
from ..placement import eligible, floating, local_volumes, misfit, no_room
from ..tasks import Node, Task, parse_node, parse_task
from . import inside
from .diff import with_network_names
from .spec import APP, PART, STACK

JOB = "job"
LOG_LINES = 25
NO_LOGS = "Error grabbing logs: "
ASK_TIMEOUT = 5.0
SPEC = "izzzi.kind"


class Swarm:
    def __init__(self, engine: Engine, project: str, registry_auth: Mapping[str, str] | None = None):
        self.engine = engine
        self.project = project
        auth = base64.urlsafe_b64encode(json.dumps(dict(registry_auth)).encode()).decode() if registry_auth else ""
        self._headers = {"X-Registry-Auth": auth} if auth else {}
        self._mine = {"label": [f"{APP}={project}"]}

    # Services, as the API has them; jobs are not among them.
    def services(self) -> dict[str, dict]:
        found = self.engine.get("/services", filters=self._mine)
        return {item["Spec"]["Name"]: item for item in found if item["Spec"]["Labels"].get(PART) != JOB}

    def specs(self) -> dict[str, dict]:
        """Of all services, with their networks named as in declarations."""
        names = {network["Id"]: network["Name"] for network in self.engine.get("/networks")}
        return {name: with_network_names(item["Spec"], names) for name, item in self.services().items()}

    def service(self, name: str) -> dict | None:
        try:
            return self.engine.get(f"/services/{name}")
        except NotFound:
            return None

    def create(self, spec: Mapping[str, Any]) -> None:
        self.engine.post("/services/create", self._with_ids(spec), headers=self._headers)

    def update(self, spec: Mapping[str, Any]) -> None:
        """Against the version that is there now: whoever changed it in between is told so by Conflict."""
        current = self.engine.get(f"/services/{spec['Name']}")
        wanted = self._with_ids(spec)
        force = current["Spec"]["TaskTemplate"].get("ForceUpdate")
        if force:  # a number that a person raised to restart tasks; taking it back would restart them again
            wanted["TaskTemplate"]["ForceUpdate"] = force
        version = current["Version"]["Index"]
        self.engine.post(f"/services/{current['ID']}/update", wanted, headers=self._headers, version=version)

    def remove(self, name: str) -> None:
        try:
            self.engine.delete(f"/services/{name}")
        except NotFound:
            return

    def _with_ids(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Swarm wants ids beside the names of secrets and configs."""
        result = copy.deepcopy(dict(spec))
        container = result["TaskTemplate"].get("ContainerSpec") or {}
        for kind in ("Secret", "Config"):
            if references := container.get(f"{kind}s"):
                ids = {name: item["ID"] for name, item in self.objects(f"{kind.lower()}s").items()}
                for reference in references:
                    if reference[f"{kind}Name"] not in ids:
                        raise EngineError(0, f"{kind} {reference[f'{kind}Name']} is gone.")
                    reference[f"{kind}ID"] = ids[reference[f"{kind}Name"]]
        return result

    # Tasks and nodes.
    def tasks(self, name: str) -> list[Task]:
        return [parse_task(item) for item in self.engine.get("/tasks", filters={"service": [name]})]

    def tasks_of(self, service: str) -> list[Task]:
        """Of a service's id, also when the service itself is removed and they still stop."""
        return [parse_task(item) for item in self.engine.get("/tasks") if item.get("ServiceID") == service]

    def leaving(self, volumes: set[str]) -> list[Task]:
        """Tasks with one of these volumes that are to end, of whatever service, also of one that was removed."""
        found = [item for item in self.engine.get("/tasks") if item.get("DesiredState") in ("shutdown", "remove")]
        return [
            parse_task(item) for item in found if volumes & set(local_volumes({"Spec": {"TaskTemplate": item["Spec"]}}))
        ]

    def addresses(self, name: str) -> list[str]:
        """Of a service's tasks that run, in the app's network."""
        return inside.addresses(self.engine.get("/tasks", filters={"service": [name]}), self.project)

    def address(self, task: str) -> str:
        """Of one task in the app's network, also while it is not healthy yet; empty when it has none."""
        try:
            found = inside.attached([self.engine.get(f"/tasks/{task}")], self.project)
        except EngineError:
            return ""
        return next(iter(found), "")

    def health(self, container: str) -> str:
        """What a container's health check said. Only the engine that has the container knows; empty on the others."""
        try:
            state = self.engine.get(f"/containers/{container}/json")["State"] if container else {}
        except EngineError:
            return ""
        return health_output(state, always=True)

    def doorway(self) -> int:
        """What `ask` needs; 0 where no container of the app runs on this host."""
        return inside.doorway(self.engine, self.project)

    def ask(self, door: int, address: str, port: int, check: Mapping[str, Any]) -> Answer:
        return inside.ask(door, address, port, check["path"], check.get("headers") or {}, ASK_TIMEOUT)

    def nodes(self) -> dict[str, Node]:
        return {node.id: node for node in map(parse_node, self.engine.get("/nodes"))}

    def eligible(self, spec: Mapping[str, Any]) -> list[Node]:
        """The nodes that take tasks of this service."""
        return [parse_node(node) for node in eligible({"Spec": spec}, self.engine.get("/nodes"))]

    def misfits(self, specs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """The services whose tasks have no place, or not the one with their data, by name, and why."""
        nodes = self.engine.get("/nodes") if specs else []
        found = {name: _misplaced({"Spec": spec}, nodes) for name, spec in specs.items()}
        return {name: why for name, why in found.items() if why}

    def logs(self, task: str, lines: int = LOG_LINES, timestamps: bool = False) -> str:
        """The last lines of a task, wherever it ran; empty when its container is gone, or never was."""
        try:
            text = self.engine.logs(f"/tasks/{task}/logs", tail=lines, timestamps=timestamps)
        except EngineError:
            return ""
        # The engine's own words, which it puts among the task's instead of failing.
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(NO_LOGS))

    # Secrets and configs with contents, by name.
    def objects(self, kind: str) -> dict[str, dict]:
        return {item["Spec"]["Name"]: item for item in self.engine.get(f"/{kind}", filters=self._mine)}

    def ensure(self, kind: str, contents: Mapping[str, bytes]) -> list[str]:
        """Makes those that are missing: a name stands for its content."""
        if not contents:
            return []
        known = self.objects(kind)
        missing = [name for name in contents if name not in known]
        for name in missing:
            self.make(kind, name, contents[name], {SPEC: "content"})
        return missing

    def make(self, kind: str, name: str, content: bytes, labels: Mapping[str, str]) -> str:
        data = base64.b64encode(content).decode()
        body = {"Name": name, "Data": data, "Labels": {APP: self.project, STACK: self.project, **labels}}
        return self.engine.post(f"/{kind}/create", body)["ID"]

    def prune(self, used: set[str]) -> list[str]:
        """Removes secrets and configs of former contents that nothing refers to any more."""
        removed = []
        for kind in ("secrets", "configs"):
            for name, item in self.objects(kind).items():
                if item["Spec"]["Labels"].get(SPEC) == "content" and name not in used:
                    self.engine.delete(f"/{kind}/{item['ID']}")
                    removed.append(name)
        return removed

    def network_range(self) -> str:
        """From where the app's network has its addresses; empty before there is one."""
        found = [network for network in self.engine.get("/networks") if network["Name"] == self.project]
        ranges = [item["Subnet"] for network in found for item in (network.get("IPAM") or {}).get("Config") or []]
        return next((text for text in ranges if text), "")

    def provide_network(self, encrypted: bool, tries: int = 50, sleep=time.sleep) -> str:
        """Makes the network where it is missing; returns its range, which Swarm chooses a moment later."""
        self.ensure_network(encrypted)
        for _ in range(tries):
            if found := self.network_range():
                return found
            sleep(0.1)
        raise EngineError(0, f"The network {self.project} has no addresses: Swarm's address pool has none left.")

    def ensure_network(self, encrypted: bool) -> bool:
        if any(network["Name"] == self.project for network in self.engine.get("/networks")):
            return False
        body = {
            "Name": self.project,
            "Driver": "overlay",
            "Attachable": True,
            "CheckDuplicate": True,
            "Labels": {APP: self.project, STACK: self.project},
            "Options": {"encrypted": ""} if encrypted else {},
        }
        self.engine.post("/networks/create", body)
        return True

    def remove_network(self, tries: int = 60, sleep=time.sleep) -> None:
        """It is in use until the last container has left it, and is there a moment longer than Swarm's answer says."""
        for attempt in range(tries):
            try:
                self.engine.delete(f"/networks/{self.project}")
            except NotFound:
                return
            except EngineError:
                if attempt == tries - 1:
                    raise
            sleep(1)


def _misplaced(service: Mapping[str, Any], nodes: list[Mapping[str, Any]]) -> str:
    return misfit(service, nodes) or (nodes and (floating(service, nodes) or no_room(service, nodes))) or ""


def used_objects(specs: Mapping[str, Mapping]) -> set[str]:
    """Names of secrets and configs that services refer to."""
    names = set()
    for spec in specs.values():
        container = spec["TaskTemplate"].get("ContainerSpec") or {}
        names |= {item["SecretName"] for item in container.get("Secrets") or []}
        names |= {item["ConfigName"] for item in container.get("Configs") or []}
    return names
