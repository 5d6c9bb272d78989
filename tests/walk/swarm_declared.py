# SPDX-License-Identifier: GPL-3.0-or-later
"""What a walk of a Swarm may declare, and the inputs of roles/swarm_stack for it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .swarm_host import NAMES

PROJECT = "walk"
EDGE = "edge"

SERVICE = st.fixed_dictionaries(
    {
        "image": st.sampled_from(["1", "2", "1", "2", "build"]),
        "version": st.integers(0, 2),
        "replicas": st.integers(1, 3),
        "secret": st.booleans(),
        "config": st.booleans(),
    }
)
SIDE = st.fixed_dictionaries(
    {
        "version": st.integers(0, 1),
        "how": st.sampled_from(["replicated", "global", "workers", "spread", "port"]),
    }
)
WORKER = st.fixed_dictionaries(
    {"version": st.integers(0, 1), "volume": st.booleans(), "once": st.booleans(), "scale": st.integers(1, 2)}
)
REDIS = st.fixed_dictionaries(
    {"memory": st.sampled_from([64, 96]), "name": st.sampled_from(["redis", "redis", "cache"]), "health": st.booleans()}
)
DECLARATION = st.fixed_dictionaries(
    {
        "web": SERVICE,
        "api": st.none() | SERVICE,
        "side": st.none() | SIDE,
        "worker": st.none() | WORKER,
        "redis": st.none() | REDIS,
        "mail": st.booleans(),
        "migrate": st.booleans(),
        "parallelism": st.integers(1, 2),
        "order": st.sampled_from(["", "", "stop-first"]),
        "trial": st.booleans(),
        "keep": st.integers(1, 3),
        # Each change of these starts nginx anew on one node after the other, which takes half a minute.
        "edge": st.sampled_from(["", "", "", "", "not two"]),
        "location": st.sampled_from([False, False, False, False, True]),
        "secret": st.sampled_from(["blue", "green"]),
        "config": st.sampled_from(["one", "two"]),
    }
)

HEALTH = {
    "test": "curl -fsS -o /dev/null http://127.0.0.1:8080/health",
    "interval": "1s",
    "timeout": "5s",
    "retries": 6,
    "start_period": "10s",
    "start_interval": "200ms",
}


def service(declared: dict[str, Any], registry: str, parallelism: int, order: str) -> dict[str, Any]:
    built = declared["image"] == "build"
    update = {"parallelism": parallelism, **({"order": order} if order else {})}
    return {
        **({"build": {}} if built else {"image": f"{registry}/izzzi-walk:{declared['image']}"}),
        "port": 8080,
        "replicas": declared["replicas"],
        "environment": {
            "RELEASE": "${RELEASE}",
            "VERSION": str(declared["version"]),
            **({"TOKEN": "${TOKEN}"} if declared["secret"] else {}),
        },
        **({"configs": [{"source": "settings", "target": "/settings"}]} if declared["config"] else {}),
        "healthcheck": HEALTH,
        "checks": [{"path": "/health", "json": {"status": "ok"}, "release": "release"}],
        "deploy": {"update_config": update, "restart_policy": {"delay": "500ms"}},
    }


def side(declared: dict[str, Any], registry: str) -> dict[str, Any]:
    how = declared["how"]
    deploy: dict[str, Any] = {
        "replicated": {"replicas": 1},
        "global": {"mode": "global"},
        "workers": {"replicas": 1, "placement": {"constraints": ["node.role == worker"]}},
        "spread": {"replicas": 1, "placement": {"max_replicas_per_node": 1}},
        "port": {"replicas": 1},
    }[how]
    return {
        "image": f"{registry}/izzzi-walk:1",
        "environment": {"RELEASE": "side", "VERSION": str(declared["version"])},
        "healthcheck": HEALTH,
        **({"ports": ["9090:8080"]} if how == "port" else {}),
        "deploy": deploy,
    }


def worker(declared: dict[str, Any], registry: str) -> dict[str, Any]:
    once = declared["volume"] or declared["once"]
    return {
        "image": f"{registry}/izzzi-walk:1",
        "environment": {"RELEASE": "${RELEASE}", "VERSION": str(declared["version"])},
        "replicas": 1 if once else declared["scale"],
        **({"volumes": ["files:/files"]} if declared["volume"] else {}),
        **({"start": "after_switch"} if declared["once"] else {}),
    }


def redis(declared: dict[str, Any]) -> dict[str, Any]:
    command = ["redis-server", "--dir", "/data", "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    test = {"test": ["CMD", "redis-cli", "ping"], "interval": "1s", "timeout": "5s", "retries": 6}
    return {
        "image": "redis:8",
        "command": [*command, "--maxmemory", f"{declared['memory']}mb", "--protected-mode", "no"],
        "volumes": ["rows:/data"],
        **({"healthcheck": {**test, "start_period": "10s", "start_interval": "200ms"}} if declared["health"] else {}),
        "deploy": {"restart_policy": {"delay": "500ms"}},
    }


def variables(declared: dict[str, Any], registry: str) -> dict[str, Any]:
    """The role's inputs for what is declared."""
    services = {"web": service(declared["web"], registry, declared["parallelism"], "")}
    if declared["api"]:  # seen by visitors below /api only, who do not ask there: its tasks may stop first
        services["api"] = service(declared["api"], registry, declared["parallelism"], declared["order"])
        services["api"]["checks"][0]["edge"] = False
    if declared["side"]:
        services["side"] = side(declared["side"], registry)
    if declared["worker"]:
        services["worker"] = worker(declared["worker"], registry)
    data = {declared["redis"]["name"]: redis(declared["redis"])} if declared["redis"] else {}
    if declared["mail"]:
        data["mail"] = {"image": f"{registry}/izzzi-walk:1", "environment": {"RELEASE": "mail"}, "tmpfs": ["/stamp"]}
    locations = [{"path": "/", "service": "web"}]
    if declared["api"] and declared["location"]:
        locations.append({"path": "/api", "service": "api"})
    return {
        "swarm_stack_project": PROJECT,
        "swarm_stack_source": {"path": "."} if any("build" in s for s in services.values()) else {},
        "swarm_stack_registry": registry,
        "swarm_stack_services": services,
        "swarm_stack_data_services": data,
        "swarm_stack_volumes": {"rows": {}, "files": {}},
        "swarm_stack_secret_env": {"TOKEN": declared["secret"]},
        "swarm_stack_config_files": {"settings": declared["config"]},
        "swarm_stack_release_command": {"service": "web", "command": ["true"], "timeout": 60}
        if declared["migrate"]
        else {},
        "swarm_stack_reservations": {"cpus": 0.01, "memory": "16M"},
        "swarm_stack_update_delay": 0,
        "swarm_stack_monitor": 1,
        "swarm_stack_wait_timeout": 60,
        "swarm_stack_pending_grace": 4,
        "swarm_stack_trial_enabled": declared["trial"],
        "swarm_stack_keep_releases": declared["keep"],
        "swarm_stack_public_ports": [9090],
        "swarm_stack_edge_image": "nginx:1.26",
        "swarm_stack_edge_sites": {"shop": {"locations": locations}},
        "swarm_stack_edge_constraints": [f"node.hostname != {NAMES['two']}"] if declared["edge"] else [],
        "swarm_stack_lock_ttl": 1,
        "swarm_stack_lock_wait": 10,
    }


def runs_once(service: dict[str, Any], is_data: bool) -> bool:
    return is_data or bool(service.get("volumes")) or "start" in service


def expected(given: dict[str, Any], before: dict[str, Any], nodes: list[str]) -> dict[str, int]:
    """Tasks by full name: the declared number, or the one that a person set since, for what may run several times."""
    found = {}
    for is_data, name, declared in services_of(given):
        full = f"{PROJECT}_{name}"
        number = declared.get("replicas") or declared.get("deploy", {}).get("replicas", 1 if is_data else 0)
        if declared.get("deploy", {}).get("mode") == "global":
            found[full] = len(nodes)
            continue
        was = before.get(full)
        kept = was and was["declared"] == str(number) and was["replicas"] is not None
        if runs_once(declared, is_data):
            # Somebody may stop a worker; a data service runs.
            found[full] = 0 if kept and was["replicas"] == 0 and not is_data else 1
        else:
            found[full] = was["replicas"] if kept else number
    found[f"{PROJECT}_{EDGE}"] = len(with_edge(given, nodes))
    return found


def with_edge(given: dict[str, Any], nodes: list[str]) -> list[str]:
    """The nodes with an nginx; visitors find another one while it starts anew, if there are two."""
    constraints = given["swarm_stack_edge_constraints"]
    return [node for node in nodes if not any(constraint.endswith(f" {node}") for constraint in constraints)]


def services_of(given: dict[str, Any]) -> list[tuple[bool, str, dict[str, Any]]]:
    data, stateless = given["swarm_stack_data_services"], given["swarm_stack_services"]
    return [*((True, name, s) for name, s in data.items()), *((False, name, s) for name, s in stateless.items())]
