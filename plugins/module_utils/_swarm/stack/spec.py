# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an app's declared services to Swarm's service specs, secrets and configs. Pure."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._app.service_rules import AFTER_SWITCH, image_volumes, nameless_volumes, start_problems, with_replicas
from ..._app.values import (
    SpecError,
    healthcheck,
    literal,
    mounts,
    nanoseconds,
    pairs,
    published,
    size,
    words,
)
from ..._app.variables import VariableError, interpolate, names
from .declared import check_keys

APP, SERVICE, PART, IMAGE, DECLARED, TASKS = (
    f"izzzi.{name}" for name in ("app", "service", "part", "image", "replicas", "tasks")
)
START = "izzzi.start"
STACK = "com.docker.stack.namespace"  # so that `docker stack services` and `docker stack ps` know the app
DATA, STATELESS, EDGE = "data", "app", "edge"
ENVIRONMENT = "/run/secrets/izzzi-environment"
# What is for Swarm, for the role or for a build, and not for a container; a container restarts by Swarm's policy.
ELSEWHERE = {
    "build",
    "build_env",
    "image",
    "port",
    "replicas",
    "checks",
    "assets",
    "deploy",
    "restart",
    "networks",
    "depends_on",
}
ELSEWHERE |= {"start", "scale", "ports", "container_name", "pull_policy", "profiles", "expose", "links", "platform"}
CONTAINER = {
    "command",
    "entrypoint",
    "environment",
    "healthcheck",
    "volumes",
    "tmpfs",
    "shm_size",
    "user",
    "working_dir",
}
CONTAINER |= {
    "stop_grace_period",
    "stop_signal",
    "init",
    "read_only",
    "cap_add",
    "cap_drop",
    "hostname",
    "labels",
    "tty",
}
CONTAINER |= {"extra_hosts", "sysctls", "ulimits", "secrets", "configs", "logging"}


@dataclass(frozen=True)
class Image:
    """A pinned reference, and what the image itself says to run."""

    reference: str
    declared: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    has_healthcheck: bool = False
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """The guide's values, unless a service's `deploy` says otherwise."""

    replicas: int = 2
    limits: Mapping[str, Any] = field(default_factory=lambda: {"cpus": 0.5, "memory": "512M"})
    reservations: Mapping[str, Any] = field(default_factory=lambda: {"cpus": 0.25, "memory": "256M"})
    update_delay: float = 10
    monitor: float = 5
    endpoint_mode: str = "dnsrr"
    data_constraints: tuple[str, ...] = ("node.labels.izzzi.data == true",)


@dataclass(frozen=True)
class Stack:
    """What is declared, with the images that were found for it."""

    project: str
    release: str
    services: Mapping[str, dict]
    data_services: Mapping[str, dict] = field(default_factory=dict)
    edge: Mapping[str, dict] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    secret_files: Mapping[str, str] = field(default_factory=dict)
    config_files: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    policy: Policy = Policy()

    def full(self, name: str) -> str:
        return f"{self.project}_{name}"

    @property
    def parts(self) -> dict[str, Mapping[str, dict]]:
        """In the order in which they are brought up."""
        return {DATA: self.data_services, STATELESS: self.services, EDGE: self.edge}


@dataclass
class Bundle:
    """Everything that the Swarm is to hold, by full name; services in their order."""

    services: dict[str, dict] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    configs: dict[str, bytes] = field(default_factory=dict)


def bundle(stack: Stack) -> Bundle:
    """Build what all services need. Raise SpecError with everything that is wrong in any of them."""
    result, problems = Bundle(), _problems(stack)
    for part, services in stack.parts.items():
        for name, declared in services.items():
            try:
                result.services[stack.full(name)] = _service(stack, result, part, name, declared or {})
            except SpecError as error:
                problems.append(f"{name}: {error}")
    if problems:
        raise SpecError("\n".join(problems))
    return result


def _problems(stack: Stack) -> list[str]:
    """What both runners refuse."""
    place = "swarm_stack_data_services"
    services, data = ({n: s or {} for n, s in some.items()} for some in (stack.services, stack.data_services))
    found = [*start_problems("swarm_stack_services", services), *nameless_volumes(place, data)]
    for name, declared in data.items():
        found += image_volumes(place, name, declared, dict.fromkeys(stack.images[name].volumes))
    return found


def content_name(project: str, name: str, content: bytes) -> str:
    """Another content is another object. At most 64 characters, as Swarm wants it."""
    digest = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()[:12]
    return f"{project}_{name}"[: 63 - len(digest)] + "-" + digest


def container_environment(stack: Stack, declared: Mapping) -> tuple[dict[str, str], dict[str, str]]:
    """Plain variables, and those that hold a secret."""
    plain, secret = {}, {}
    for key, text in pairs(declared.get("environment")).items():
        values = {**stack.variables, **stack.secrets}
        if text is None and key not in values:
            continue
        text = f"${{{key}}}" if text is None else text
        (secret if names(text) & set(stack.secrets) else plain)[key] = _resolved(f"environment.{key}", text, values)
    return plain, secret


def _resolved(key: str, value: Any, values: Mapping[str, Any]) -> Any:
    try:
        return interpolate(value, values)
    except VariableError as error:
        raise SpecError(f"{key}: {error}") from error


def environment_script(values: Mapping[str, str]) -> bytes:
    """Read by a shell in the container before the program starts: `docker service inspect` shows none of it."""
    quoted = {key: value.replace("'", "'\\''") for key, value in values.items()}
    return "".join(f"export {key}='{quoted[key]}'\n" for key in sorted(quoted)).encode()


def _service(stack: Stack, result: Bundle, part: str, name: str, given: dict) -> dict[str, Any]:
    check_keys(given, ELSEWHERE | CONTAINER)
    given = with_replicas(given)
    elsewhere = {key: value for key, value in given.items() if key != "environment"}
    if found := sorted(names(elsewhere) & set(stack.secrets)):
        raise SpecError(
            f"{', '.join(found)} is secret, and everybody who may use Docker can read a service's definition."
            " Refer to it in `environment` only; a command that reads it from there says $${NAME}."
        )
    declared = {key: _resolved(key, value, stack.variables) for key, value in elsewhere.items()}
    declared["environment"] = given.get("environment")
    deploy = declared.get("deploy") or {}
    container = _container(stack, result, name, declared)
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


def job(stack: Stack, result: Bundle, name: str, service: str, command: list[str]) -> dict[str, Any]:
    """A task that runs once in a service's image and environment, under a name that no traffic goes to."""
    given = {key: value for key, value in stack.services[service].items() if key not in ("ports", "checks", "port")}
    spec = _service(stack, result, STATELESS, service, given | {"command": command, "healthcheck": {"disable": True}})
    task = spec["TaskTemplate"]
    task["Networks"] = [{"Target": stack.project, "Aliases": [name]}]
    task["RestartPolicy"] = {"Condition": "none"}
    return {
        "Name": stack.full(name),
        "Labels": {APP: stack.project, SERVICE: name, PART: "job", STACK: stack.project},
        "TaskTemplate": task,
        "Mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def one_off(spec: Mapping[str, Any], name: str, image: Image, entrypoint: Any, command: list[str]) -> dict[str, Any]:
    """A job that runs a command as a service's tasks run: same image, environment, secrets, volumes and limits.

    But without the data of a data service: a second server on the same files, which its image's entrypoint may start,
    would destroy them. Its clients reach the first one by its name.
    """
    task = copy.deepcopy(dict(spec["TaskTemplate"]))
    container = task["ContainerSpec"]
    if spec["Labels"].get(PART) == DATA:
        container["Mounts"] = [m for m in container.get("Mounts") or [] if m.get("Type") == "tmpfs"]
    program = [*(words(entrypoint) or image.entrypoint), *command]
    is_sourced = any(item["File"]["Name"] == ENVIRONMENT for item in container.get("Secrets") or [])
    container["Command"], container["Args"] = _sourced(program) if is_sourced else (program[:1], program[1:])
    container["Healthcheck"] = {"Test": ["NONE"]}
    task["Networks"] = [{**network, "Aliases": []} for network in task.get("Networks") or []]
    task["RestartPolicy"] = {"Condition": "none"}
    labels = {key: spec["Labels"][key] for key in (APP, STACK)}
    return {
        "Name": name,
        "Labels": {**labels, SERVICE: "run", PART: "job"},
        "TaskTemplate": task,
        "Mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def trial(spec: Mapping[str, Any]) -> dict[str, Any]:
    """One task as the service's new ones will be, under a name that no traffic goes to."""
    task = copy.deepcopy(dict(spec["TaskTemplate"]))
    task["Networks"] = [{**network, "Aliases": []} for network in task.get("Networks") or []]
    return {
        "Name": trial_name(spec["Name"]),
        "Labels": {**{key: spec["Labels"][key] for key in (APP, STACK, SERVICE)}, PART: "job"},
        "TaskTemplate": task,
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def trial_name(service: str) -> str:
    return f"{service}-trial"


def may_overlap(spec: Mapping[str, Any]) -> bool:
    """Whether one task more may run beside those of this service."""
    own_ports = bool((spec.get("EndpointSpec") or {}).get("Ports"))
    start_first = (spec.get("UpdateConfig") or {}).get("Order") == "start-first"
    return start_first and not own_ports and bool(spec["Mode"].get("Replicated", {}).get("Replicas"))


def task_mark(task: Mapping[str, Any]) -> str:
    """Tells new tasks from old ones; on the containers of both."""
    return hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()[:12]


def _container(stack: Stack, result: Bundle, name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    image = stack.images[name]
    plain, secret = container_environment(stack, declared)
    entrypoint, command = _program(image, declared)
    health = _health(stack, name, declared, image)
    files = [*_files(stack, result.secrets, stack.secret_files, declared.get("secrets"), "/run/secrets/", "Secret")]
    if secret:
        script = environment_script(secret)
        full = content_name(stack.project, f"{name}_environment", script)
        result.secrets[full] = script
        files.append({"SecretName": full, "File": _file(ENVIRONMENT)})
        program = [*(entrypoint or image.entrypoint), *command]
        entrypoint, command = _sourced(program)
        health = health | ({"Test": _sourced_test(health["Test"])} if health.get("Test", ["NONE"]) != ["NONE"] else {})
    config = [*_files(stack, result.configs, stack.config_files, declared.get("configs"), "/", "Config")]
    optional = {
        "Command": entrypoint,
        "Args": command,
        "Env": sorted(f"{key}={literal(value)}" for key, value in plain.items()),
        "Dir": declared.get("working_dir"),
        "User": str(declared["user"]) if "user" in declared else None,
        "Hostname": literal(declared["hostname"]) if "hostname" in declared else None,
        "Mounts": mounts(declared, stack.project, stack.volumes),
        "StopGracePeriod": nanoseconds(declared.get("stop_grace_period", "10s")),
        "StopSignal": declared.get("stop_signal"),
        "Healthcheck": health,
        "Hosts": [_host(item) for item in declared.get("extra_hosts") or []],
        "Secrets": files,
        "Configs": config,
        "Init": declared.get("init"),
        "ReadOnly": declared.get("read_only"),
        "TTY": declared.get("tty"),
        "CapabilityAdd": declared.get("cap_add"),
        "CapabilityDrop": declared.get("cap_drop"),
        "Sysctls": pairs(declared.get("sysctls")),
        "Ulimits": [_ulimit(key, value) for key, value in (declared.get("ulimits") or {}).items()],
    }
    labels = {**pairs(declared.get("labels")), APP: stack.project, SERVICE: name}
    return {"Image": image.reference, "Labels": labels} | {key: value for key, value in optional.items() if value}


def _program(image: Image, declared: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Entrypoint and command; what is declared hides the image's, as in Compose."""
    entrypoint, command = words(declared.get("entrypoint")), words(declared.get("command"))
    return entrypoint, command or ([] if "entrypoint" in declared else list(image.command))


def _sourced(program: list[str]) -> tuple[list[str], list[str]]:
    if not program:
        raise SpecError("the image says nothing about what to run: declare `command`.")
    return ["/bin/sh", "-c", f'. {ENVIRONMENT} && exec "$@"', program[0]], program


def _sourced_test(test: list[str]) -> list[str]:
    """A health check runs beside the program and does not inherit what it read."""
    if test[0] == "CMD-SHELL":
        return ["CMD-SHELL", f". {ENVIRONMENT} && {test[1]}"]
    return ["CMD", *_sourced(test[1:])[0], *test[1:]]


def _health(stack: Stack, name: str, declared: Mapping[str, Any], image: Image) -> dict[str, Any]:
    """What is declared, else the image's own, else the first check, asked with whatever client the image has."""
    if "healthcheck" in declared:
        return healthcheck(declared["healthcheck"])
    if image.has_healthcheck or not declared.get("port"):
        return {}
    path = next((check["path"] for check in declared.get("checks") or []), "/")
    url = f"http://127.0.0.1:{declared['port']}{path}"
    node = f"node -e \"fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))\""
    test = f"wget -q -O /dev/null {url} || curl -fsS -o /dev/null {url} || {node}"
    # Patient, because a busy machine makes every task late at once, and Swarm ends all that it finds unhealthy.
    return healthcheck({"test": test, "interval": "5s", "timeout": "10s", "retries": 6, "start_period": "30s"})


def _files(stack: Stack, found: dict, known: Mapping[str, str], asked: Any, folder: str, kind: str):
    """References to secrets or configs, whose contents are noted under content-addressed names."""
    for item in asked or []:
        item = {"source": item} if isinstance(item, str) else item
        if item["source"] not in known:
            raise SpecError(f"{kind.lower()} {item['source']!r} is not declared.")
        content = known[item["source"]].encode()
        full = content_name(stack.project, item["source"], content)
        found[full] = content
        target = item.get("target") or item["source"]
        target = target if target.startswith("/") else folder + target
        yield {f"{kind}Name": full, "File": _file(target, item.get("mode", 0o444), item.get("uid", 0))}


def _file(target: str, mode: Any = 0o444, owner: Any = 0) -> dict[str, Any]:
    """Readable for whoever the container runs as; nobody else gets into it."""
    return {"Name": target, "UID": str(owner), "GID": "0", "Mode": int(str(mode), 8) if isinstance(mode, str) else mode}


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


def keeps_data(declared: Mapping[str, Any]) -> bool:
    """Whether it mounts a named volume, which is on one node only."""
    return bool(_volumes(declared))


def _volumes(declared: Mapping[str, Any]) -> list[str]:
    found = mounts(declared, "", _Any())
    return [mount["Source"].removeprefix("_") for mount in found if mount["Type"] == "volume" and mount.get("Source")]


def _starts_last(declared: Mapping[str, Any]) -> bool:
    return declared.get("start") == AFTER_SWITCH


def _alone(part: str, declared: Mapping[str, Any]) -> str:
    """Why two tasks of it must not run at once; empty when they may."""
    if volumes := _volumes(declared):
        return f"two tasks would write to one volume ({', '.join(volumes)})"
    if part == DATA:
        return "what one task of a data service is given the other does not know"
    return "start: after_switch says that two never run at once" if _starts_last(declared) else ""


class _Any(dict):
    def __contains__(self, _name: object) -> bool:
        return True

    def __missing__(self, _name: str) -> None:
        return None


def _placement(stack: Stack, declared: Mapping[str, Any], deploy: Mapping[str, Any]) -> dict[str, Any]:
    given = deploy.get("placement") or {}
    pinned = list(stack.policy.data_constraints) if keeps_data(declared) and "constraints" not in given else []
    result: dict[str, Any] = {"Constraints": [*given.get("constraints", []), *pinned]}
    # Replicas on different nodes rather than on one: that is Swarm's own way already. Preferences refine it.
    if spread := [item["spread"] for item in given.get("preferences") or []]:
        result["Preferences"] = [{"Spread": {"SpreadDescriptor": what}} for what in spread]
    if given.get("max_replicas_per_node"):
        result["MaxReplicas"] = int(given["max_replicas_per_node"])
    return result if result["Constraints"] or len(result) > 1 else {}


def _mode(policy: Policy, part: str, declared: Mapping[str, Any], deploy: Mapping[str, Any]) -> dict[str, Any]:
    why = _alone(part, declared)
    if deploy.get("mode", "global" if part == EDGE else "replicated") == "global":
        if why:
            raise SpecError(f"deploy.mode: global runs a task on every node, and {why}: leave it out.")
        return {"Global": {}}
    default = 1 if why else policy.replicas
    replicas = int(declared.get("replicas", deploy.get("replicas", default)))
    if why and replicas > 1:
        raise SpecError(f"replicas: {replicas} is refused, because {why}: say replicas: 1.")
    return {"Replicated": {"Replicas": replicas}}


def _update(policy: Policy, part: str, declared: Mapping, given: Mapping, failure: str, delay: Any = None) -> dict:
    """Two of a kind may overlap unless they would share what there is one of: a volume, a port of each node."""
    is_global = part == EDGE or (declared.get("deploy") or {}).get("mode") == "global"
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
    ports = []
    for item in declared.get("ports") or []:
        address, host, target, protocol = published(item)
        if address in ("127.0.0.1", "::1"):
            continue  # Swarm cannot bind to the loopback address; such a page is reached through the edge
        ports.append({"Protocol": protocol, "TargetPort": target, "PublishedPort": host, "PublishMode": "host"})
    mode = "dnsrr" if part == EDGE else deploy.get("endpoint_mode", policy.endpoint_mode)
    return {"Mode": mode} | ({"Ports": ports} if ports else {})


def _host(item: str) -> str:
    """`name:address` becomes a line of /etc/hosts."""
    name, _, address = str(item).replace("=", ":", 1).partition(":")
    return f"{address} {name}"


def _ulimit(name: str, value: Any) -> dict[str, Any]:
    soft, hard = (value["soft"], value["hard"]) if isinstance(value, Mapping) else (value, value)
    return {"Name": name, "Soft": int(soft), "Hard": int(hard)}
