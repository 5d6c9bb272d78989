# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services beside those that are declared: jobs that run once, and trials of a service's new tasks. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..._app.docker_words import STACK
from ..._app.images import Image
from ..._app.values import words
from ..labels import APP, DATA, JOB, PART, SERVICE, STATELESS
from .container import ENVIRONMENT, sourced
from .model import Bundle, Stack
from .spec import service_spec

ONCE = {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}


def job(stack: Stack, result: Bundle, name: str, service: str, command: list[str]) -> dict[str, Any]:
    """Describe a task that runs once in a service's image and environment, under a name that no traffic goes to."""
    given = {key: value for key, value in stack.services[service].items() if key not in ("ports", "checks", "port")}
    given |= {"command": command, "healthcheck": {"disable": True}}
    task = service_spec(stack, result, STATELESS, service, given)["TaskTemplate"]
    task["Networks"] = [{"Target": stack.project, "Aliases": [name]}]
    task["RestartPolicy"] = {"Condition": "none"}
    return _beside(stack.full(name), {APP: stack.project, STACK: stack.project}, name, task, ONCE)


def one_off(spec: Mapping[str, Any], name: str, image: Image, entrypoint: Any, command: list[str]) -> dict[str, Any]:
    """Describe a job that runs a command as a service's tasks run: same image, environment, secrets and limits.

    It has the service's volumes, but not the data of a data service: a second server on the same files, which its
    image's entrypoint may start, would destroy them. Its clients reach the first one by its name.
    """
    task = _unnamed(spec)
    container = task["ContainerSpec"]
    if spec["Labels"].get(PART) == DATA:
        container["Mounts"] = [m for m in container.get("Mounts") or [] if m.get("Type") == "tmpfs"]
    program = [*(words(entrypoint) or image.entrypoint), *command]
    is_sourced = any(item["File"]["Name"] == ENVIRONMENT for item in container.get("Secrets") or [])
    container["Command"], container["Args"] = sourced(program) if is_sourced else (program[:1], program[1:])
    container["Healthcheck"] = {"Test": ["NONE"]}
    task["RestartPolicy"] = {"Condition": "none"}
    return _beside(name, spec["Labels"], "run", task, ONCE)


def trial(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Describe one task as the service's new ones will be, under a name that no traffic goes to."""
    name, service = trial_name(spec["Name"]), spec["Labels"][SERVICE]
    return _beside(name, spec["Labels"], service, _unnamed(spec), {"Replicated": {"Replicas": 1}})


def trial_name(service: str) -> str:
    return f"{service}-trial"


def _unnamed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a service's task; in its networks it has no name by which others find it."""
    task = copy.deepcopy(dict(spec["TaskTemplate"]))
    task["Networks"] = [{**network, "Aliases": []} for network in task.get("Networks") or []]
    return task


def _beside(name: str, labels: Mapping[str, str], service: str, task: dict, mode: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "Labels": {**{key: labels[key] for key in (APP, STACK)}, SERVICE: service, PART: JOB},
        "TaskTemplate": task,
        "Mode": copy.deepcopy(mode),
        "EndpointSpec": {"Mode": "dnsrr"},
    }
