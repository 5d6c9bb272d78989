# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One app in a Swarm: its services, tasks, secrets, configs and network, by name, through the engine of a manager."""

from __future__ import annotations

import base64
import copy
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from ..._app.checks import Answer
from ..._app.docker_words import STACK
from ..._app.failure import health_output
from ..engine import Engine, EngineError, NotFound
from ..labels import APP, CARRIER, CERTIFICATE, JOB, JOB_NAME, KIND, PART, SITE
from ..node import Node, parse_node
from ..placement import eligible, misplaced
from ..task import Task, parse_task
from .diff import with_network_names
from .overlay import network_namespace, overlay_request

LOG_LINES = 25
NO_LOGS = "Error grabbing logs: "
ASK_TIMEOUT = 5.0


class Swarm:
    def __init__(self, engine: Engine, project: str):
        self.engine = engine
        self.project = project
        self._mine = {"label": [f"{APP}={project}"]}

    @cached_property
    def keeps_start_interval(self) -> bool:
        """Tell whether services keep `start_interval` of health checks: engines before 25 drop it unsaid, so that a
        service with it would differ for ever from what is declared."""
        found = self.engine.get("/version")  # nothing in a check of a host that has no engine yet
        return not found or tuple(map(int, found["ApiVersion"].split("."))) >= (1, 44)

    # Services, as the API has them; jobs, and what carries certificates, are not among them.
    def services(self) -> dict[str, dict]:
        return self._services(lambda part: part not in (JOB, CARRIER))

    def jobs(self) -> dict[str, dict]:
        """Return the services that run once: jobs, release commands and trials."""
        return self._services(lambda part: part == JOB)

    def carriers(self) -> dict[str, dict]:
        """Return what brings certificates to the nodes."""
        return self._services(lambda part: part == CARRIER)

    def _services(self, is_wanted: Callable[[str], bool]) -> dict[str, dict]:
        found = self.engine.get("/services", filters=self._mine)
        return {item["Spec"]["Name"]: item for item in found if is_wanted(item["Spec"]["Labels"].get(PART, ""))}

    def jobs_that_run(self) -> dict[str, dict]:
        """Return the runs of declared jobs."""
        return {name: item for name, item in self.jobs().items() if JOB_NAME in item["Spec"]["Labels"]}

    def specs(self) -> dict[str, dict]:
        """Return all services' specs, with their networks named as in declarations."""
        names = {network["Id"]: network["Name"] for network in self.engine.get("/networks")}
        return {name: with_network_names(item["Spec"], names) for name, item in self.services().items()}

    def service(self, name: str) -> dict | None:
        try:
            return self.engine.get(f"/services/{name}")
        except NotFound:
            return None

    def create(self, spec: Mapping[str, Any]) -> None:
        self.engine.post("/services/create", self._with_ids(spec))

    def update(self, spec: Mapping[str, Any], anew: bool = False) -> None:
        """Write over the version that is there now; `anew` replaces its tasks although nothing differs. Raises Conflict
        when somebody changed it in between."""
        current = self.engine.get(f"/services/{spec['Name']}")
        wanted = self._with_ids(spec)
        force = (current["Spec"]["TaskTemplate"].get("ForceUpdate") or 0) + anew
        if force:  # a number that a person raised to restart tasks; taking it back would restart them again
            wanted["TaskTemplate"]["ForceUpdate"] = force
        version = current["Version"]["Index"]
        self.engine.post(f"/services/{current['ID']}/update", wanted, version=version)

    def remove(self, name: str) -> None:
        try:
            self.engine.delete(f"/services/{name}")
        except NotFound:
            return

    def _with_ids(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Add the ids that Swarm wants beside the names of secrets and configs."""
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
    def all_tasks(self, **filters: list[str]) -> list[Task]:
        return [parse_task(item) for item in self.engine.get("/tasks", filters=filters)]

    def tasks(self, name: str) -> list[Task]:
        return self.all_tasks(service=[name])

    def tasks_of(self, service: str) -> list[Task]:
        """Return the tasks of a service's id, also when the service itself is removed and they still stop."""
        return [task for task in self.all_tasks() if task.service == service]

    def leaving(self, volumes: set[str]) -> list[Task]:
        """Return tasks with one of these volumes that are to end, of whatever service, also of a removed one."""
        return [task for task in self.all_tasks() if task.is_leaving and volumes & task.volumes]

    def address(self, task: Task) -> str:
        """Return a task's address in the app's network, also while it is not healthy yet; empty when it has none."""
        return next(iter(task.addresses.get(self.project, ())), "")

    def health(self, container: str) -> str:
        """Return what a container's health check said. Only its own node's engine knows; empty on the others."""
        try:
            state = self.engine.get(f"/containers/{container}/json")["State"] if container else {}
        except EngineError:
            return ""
        return health_output(state, always=True)

    def network_namespace(self) -> int:
        """Return what `request` needs; 0 where no container of the app runs on this host."""
        return network_namespace(self.engine, self.project)

    def request(self, namespace: int, address: str, port: int, check: Mapping[str, Any]) -> Answer:
        return overlay_request(namespace, address, port, check["path"], check.get("headers") or {}, ASK_TIMEOUT)

    def nodes(self) -> dict[str, Node]:
        return {node.id: node for node in map(parse_node, self.engine.get("/nodes"))}

    def eligible(self, spec: Mapping[str, Any]) -> list[Node]:
        """Return the nodes that take tasks of this service."""
        return eligible(spec, self.nodes().values())

    def misfits(self, specs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Return why tasks have no place, or not the one with their data, by the name of their service."""
        nodes = list(self.nodes().values()) if specs else []
        return {name: why for name, spec in specs.items() if (why := misplaced(spec, nodes))}

    def logs(self, task: str, lines: int = LOG_LINES, timestamps: bool = False, since: float = 0) -> str:
        """Return the last lines of a task (0 for all), wherever it ran; empty when its container is gone."""
        asked = {"tail": lines or "all", "timestamps": timestamps, "since": int(since)}
        try:
            text = self.engine.logs(f"/tasks/{task}/logs", **asked)
        except EngineError:
            return ""
        # The engine's own words, which it puts among the task's instead of failing.
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(NO_LOGS))

    # Secrets and configs with contents, by name.
    def objects(self, kind: str) -> dict[str, dict]:
        return {item["Spec"]["Name"]: item for item in self.engine.get(f"/{kind}", filters=self._mine)}

    def certificates(self) -> dict[str, dict]:
        """Return the newest secret with a certificate of each site."""
        mine = [i for i in self.objects("secrets").values() if i["Spec"]["Labels"].get(KIND) == CERTIFICATE]
        newest = sorted(mine, key=lambda item: item["Version"]["Index"])
        return {item["Spec"]["Labels"][SITE]: item for item in newest}

    def ensure(self, kind: str, contents: Mapping[str, bytes]) -> list[str]:
        """Make those that are missing: a name stands for its content."""
        if not contents:
            return []
        known = self.objects(kind)
        missing = [name for name in contents if name not in known]
        for name in missing:
            self.make(kind, name, contents[name], {KIND: "content"})
        return missing

    def make(self, kind: str, name: str, content: bytes, labels: Mapping[str, str]) -> str:
        data = base64.b64encode(content).decode()
        body = {"Name": name, "Data": data, "Labels": {APP: self.project, STACK: self.project, **labels}}
        return self.engine.post(f"/{kind}/create", body)["ID"]

    def prune(self, used: set[str]) -> list[str]:
        """Remove secrets and configs of former contents that nothing refers to any more."""
        removed = []
        for kind in ("secrets", "configs"):
            for name, item in self.objects(kind).items():
                if item["Spec"]["Labels"].get(KIND) == "content" and name not in used and self._drop(kind, item["ID"]):
                    removed.append(name)
        return removed

    def _drop(self, kind: str, identity: str) -> bool:
        """Remove a secret or config, unless a job that has just begun uses it: the next release removes it then."""
        try:
            self.engine.delete(f"/{kind}/{identity}")
        except EngineError as error:
            if "in use" not in str(error):
                raise
            return False
        return True

    def network_range(self) -> str:
        """Return the range of the app's network; empty before there is one."""
        found = [network for network in self.engine.get("/networks") if network["Name"] == self.project]
        ranges = [item["Subnet"] for network in found for item in (network.get("IPAM") or {}).get("Config") or []]
        return next((text for text in ranges if text), "")

    def provide_network(self, encrypted: bool, tries: int = 50, sleep=time.sleep) -> str:
        """Make the network where it is missing; return its range, which Swarm chooses a moment later."""
        self.ensure_network(encrypted)
        for _try in range(tries):
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
        """Remove the network and wait until it is gone, which is a moment after Swarm's answer says so.

        It is in use until the last container has left it.
        """
        for attempt in range(tries):
            try:
                self.engine.delete(f"/networks/{self.project}")
            except NotFound:
                return
            except EngineError:
                if attempt == tries - 1:
                    raise
            sleep(1)
