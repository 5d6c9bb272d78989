# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an app's declared services to Swarm's service specs, secrets and configs. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..._app.docker_words import STACK
from ..._app.service_rules import AFTER_SWITCH, image_volumes, nameless_volumes, start_problems, with_replicas
from ..._app.values import Port, SpecError, nanoseconds, pairs, read_mount, read_port, size
from ..._app.variables import names
from .. import node_edge
from ..labels import APP, DATA, DECLARED, EDGE, IMAGE, PAGES, PART, SERVICE, START, STATELESS, TASKS
from ..service import EDGE_FILES, PAGES_FILES
from .container import container_spec, resolved
from .declared import check_keys
from .model import Bundle, Policy, Stack

# What is for Swarm, for the role or for a build, and not for a container; a container restarts by Swarm's policy.
# fmt: off
ELSEWHERE = {
    "build", "build_env", "image", "port", "replicas", "checks", "assets", "deploy", "restart", "networks",
    "depends_on", "start", "scale", "ports", "container_name", "pull_policy", "profiles", "expose", "links", "platform",
}
CONTAINER = {
    "command", "entrypoint", "environment", "healthcheck", "volumes", "tmpfs", "shm_size", "user", "working_dir",
    "stop_grace_period", "stop_signal", "init", "read_only", "cap_add", "cap_drop", "hostname", "labels", "tty",
    "extra_hosts", "sysctls", "ulimits", "secrets", "configs", "logging",
}
# fmt: on
# What has a task on every node, on the node's own ports, and volumes with what is written there for it.
HOST_FILES = {EDGE: (EDGE_FILES,), PAGES: (PAGES_FILES, EDGE_FILES)}


def bundle(stack: Stack) -> Bundle:
    """Describe what all services need. Raise SpecError with everything that is wrong in any of them."""
    result, problems = Bundle(), _problems(stack)
    for part, services in stack.parts.items():
        for name, declared in services.items():
            try:
                result.services[stack.full(name)] = service_spec(stack, result, part, name, declared or {})
            except SpecError as error:
                problems.append(f"{name}: {error}")
    if problems:
        raise SpecError("\n".join(problems))
    return result


def _problems(stack: Stack) -> list[str]:
    """Return what both runners refuse."""
    place = "swarm_stack_data_services"
    services, data = ({n: s or {} for n, s in some.items()} for some in (stack.services, stack.data_services))
    found = [*start_problems("swarm_stack_services", services), *nameless_volumes(place, data)]
    for name, declared in data.items():
        found += image_volumes(place, name, declared, dict.fromkeys(stack.images[name].volumes))
    return found


def service_spec(stack: Stack, result: Bundle, part: str, name: str, given: dict) -> dict[str, Any]:
    check_keys(given, ELSEWHERE | CONTAINER)
    given = with_replicas(given)
    elsewhere = {key: value for key, value in given.items() if key != "environment"}
    if found := sorted(names(elsewhere) & set(stack.secrets)):
        raise SpecError(
            f"{', '.join(found)} is secret, and everybody who may use Docker can read a service's definition."
            " Refer to it in `environment` only; a command that reads it from there says $${NAME}."
        )
    declared = {key: resolved(key, value, stack.variables) for key, value in elsewhere.items()}
    declared["environment"] = given.get("environment")
    deploy = declared.get("deploy") or {}
    container = container_spec(stack, result, name, declared)
    if part in HOST_FILES:
        files = (node_edge.mount(stack.project, name) for name in HOST_FILES[part])
        container["Mounts"] = [*container.get("Mounts", []), *files]
    task = {
        "ContainerSpec": container,
        "Resources": _resources(stack.policy, part, deploy),
        "RestartPolicy": _restart(deploy.get("restart_policy") or {}),
        "Placement": _placement(stack, declared, deploy),
        "Networks": [{"Target": stack.project, "Aliases": [name]}],
    }
    if logging := declared.get("logging"):
        task["LogDriver"] = {"Name": logging.get("driver", "json-file"), "Options": logging.get("options") or {}}
    labels = {APP: stack.project, SERVICE: name, PART: part, STACK: stack.project, **pairs(deploy.get("labels"))}
    spec = {
        "Name": stack.full(name),
        "Labels": labels | {IMAGE: stack.images[name].declared},
        "TaskTemplate": task,
        "Mode": _mode(stack.policy, part, declared, deploy),
        "UpdateConfig": _update(stack.policy, part, declared, deploy.get("update_config") or {}, "rollback"),
        "RollbackConfig": _update(stack.policy, part, declared, deploy.get("rollback_config") or {}, "pause", delay=0),
        "EndpointSpec": _endpoint(stack.policy, part, declared, deploy),
    }
    if _starts_last(declared):
        spec["Labels"][START] = AFTER_SWITCH
    if "Replicated" in spec["Mode"]:
        spec["Labels"][DECLARED] = str(spec["Mode"]["Replicated"]["Replicas"])
    container["Labels"][TASKS] = task_mark(task)
    return spec


def task_mark(task: Mapping[str, Any]) -> str:
    """Return a label of containers that tells new tasks from old ones."""
    return hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()[:12]


def _resources(policy: Policy, part: str, deploy: Mapping[str, Any]) -> dict[str, Any]:
    given = deploy.get("resources") or {}
    defaults = {"limits": policy.limits, "reservations": policy.reservations} if part == STATELESS else {}
    result = {}
    for key, name in (("limits", "Limits"), ("reservations", "Reservations")):
        amounts = {**(defaults.get(key) or {}), **(given.get(key) or {})}
        amount = {"NanoCPUs": round(float(amounts["cpus"]) * 10**9)} if amounts.get("cpus") else {}
        amount |= {"MemoryBytes": size(amounts["memory"])} if amounts.get("memory") else {}
        amount |= {"Pids": int(amounts["pids"])} if amounts.get("pids") and name == "Limits" else {}
        result |= {name: amount} if amount else {}
    return result


def _restart(given: Mapping[str, Any]) -> dict[str, Any]:
    result = {"Condition": given.get("condition", "any"), "Delay": nanoseconds(given.get("delay", "5s"))}
    result |= {"MaxAttempts": int(given["max_attempts"])} if "max_attempts" in given else {}
    return result | ({"Window": nanoseconds(given["window"])} if "window" in given else {})


def _volumes(declared: Mapping[str, Any]) -> list[str]:
    """Return the named volumes that it mounts, each of which is on one node only."""
    found = map(read_mount, declared.get("volumes") or [])
    return [mount.source for mount in found if mount.kind == "volume" and mount.source]


def _starts_last(declared: Mapping[str, Any]) -> bool:
    return declared.get("start") == AFTER_SWITCH


def _alone(part: str, declared: Mapping[str, Any]) -> str:
    """Say why two tasks of it must not run at once; empty when they may."""
    if volumes := _volumes(declared):
        return f"two tasks would write to one volume ({', '.join(volumes)})"
    if part == DATA:
        return "what one task of a data service is given the other does not know"
    return "start: after_switch says that two never run at once" if _starts_last(declared) else ""


def _placement(stack: Stack, declared: Mapping[str, Any], deploy: Mapping[str, Any]) -> dict[str, Any]:
    given = deploy.get("placement") or {}
    pinned = list(stack.policy.data_constraints) if _volumes(declared) and "constraints" not in given else []
    result: dict[str, Any] = {"Constraints": [*given.get("constraints", []), *pinned]}
    # Replicas on different nodes rather than on one: that is Swarm's own way already. Preferences refine it.
    if spread := [item["spread"] for item in given.get("preferences") or []]:
        result["Preferences"] = [{"Spread": {"SpreadDescriptor": what}} for what in spread]
    if given.get("max_replicas_per_node"):
        result["MaxReplicas"] = int(given["max_replicas_per_node"])
    return result if result["Constraints"] or len(result) > 1 else {}


def _mode(policy: Policy, part: str, declared: Mapping[str, Any], deploy: Mapping[str, Any]) -> dict[str, Any]:
    why = _alone(part, declared)
    if deploy.get("mode", "global" if part in HOST_FILES else "replicated") == "global":
        if why:
            raise SpecError(f"deploy.mode: global runs a task on every node, and {why}: leave it out.")
        return {"Global": {}}
    default = 1 if why else policy.replicas
    replicas = int(declared.get("replicas", deploy.get("replicas", default)))
    if why and replicas > 1:
        raise SpecError(f"replicas: {replicas} is refused, because {why}: say replicas: 1.")
    return {"Replicated": {"Replicas": replicas}}


def _update(policy: Policy, part: str, declared: Mapping, given: Mapping, failure: str, delay: Any = None) -> dict:
    """Let two tasks overlap unless they would share what there is one of: a volume, a port of each node."""
    is_global = part in HOST_FILES or (declared.get("deploy") or {}).get("mode") == "global"
    crowded = is_global and "Ports" in _endpoint(policy, part, declared, {})
    why = _alone(part, declared) or ("two tasks cannot have one port of a node" if crowded else "")
    order = given.get("order", "stop-first" if why else "start-first")
    if why and order == "start-first":
        raise SpecError(f"update_config.order: start-first would run two at once, and {why}: leave it out.")
    pause = policy.update_delay if delay is None and part == STATELESS else 0
    return {
        "Parallelism": int(given.get("parallelism", 1)),
        "Delay": nanoseconds(given.get("delay", pause)),
        "FailureAction": given.get("failure_action", failure),
        "Monitor": nanoseconds(given.get("monitor", policy.monitor)),
        "MaxFailureRatio": float(given.get("max_failure_ratio", 0)),
        "Order": order,
    }


def _endpoint(policy: Policy, part: str, declared: Mapping, deploy: Mapping) -> dict[str, Any]:
    found = map(read_port, declared.get("ports") or [])
    # Swarm cannot bind to the loopback address; such a page is reached through the edge.
    ports = [_published(port) for port in found if port.address not in ("127.0.0.1", "::1")]
    mode = "dnsrr" if part in HOST_FILES else deploy.get("endpoint_mode", policy.endpoint_mode)
    return {"Mode": mode} | ({"Ports": ports} if ports else {})


def _published(port: Port) -> dict[str, Any]:
    if port.first != port.last:
        raise SpecError(f"port {port.first}-{port.last} is a range: list its ports one by one.")
    return {
        "Protocol": port.protocol,
        "TargetPort": port.target,
        "PublishedPort": port.first,
        "PublishMode": "host",
    }
