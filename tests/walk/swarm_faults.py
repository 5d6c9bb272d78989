# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with a Swarm's declaration: how to make it so, whether a check knows, what the message must say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .compose_faults import Fault

Given = dict[str, Any]


def _web(**more: Any) -> Callable[[Given], None]:
    return lambda given: given["swarm_stack_services"]["web"].update(more)


def _deploy(**more: Any) -> Callable[[Given], None]:
    return lambda given: given["swarm_stack_services"]["web"]["deploy"].update(more)


def _kind(kind: str, **given_too: Any) -> Callable[[Given], None]:
    def inject(given: Given) -> None:
        given["swarm_stack_services"]["web"]["environment"]["KIND"] = kind
        given["swarm_stack_trial_enabled"] = True  # without one, a release that only its checks find out is met
        given.update(given_too)

    return inject


def _given(**more: Any) -> Callable[[Given], None]:
    return lambda given: given.update(more)


def _data(name: str, **definition: Any) -> Callable[[Given], None]:
    def inject(given: Given) -> None:
        given["swarm_stack_data_services"] = {**given["swarm_stack_data_services"], name: definition}

    return inject


def _image(suffix: str) -> Callable[[Given], None]:
    def inject(given: Given) -> None:
        web = given["swarm_stack_services"]["web"]
        web.pop("build", None)
        web["image"] = f"{given['swarm_stack_registry']}/izzzi-walk{suffix}"
        if not any("build" in s for s in given["swarm_stack_services"].values()):
            given["swarm_stack_source"] = {}

    return inject


def _build(given: Given) -> None:
    """A Dockerfile that says nothing of what a build can do."""
    web = given["swarm_stack_services"]["web"]
    web.pop("image", None)
    web["build"] = {"dockerfile": "Broken"}
    given["swarm_stack_source"] = {"path": "."}


def _crowd(given: Given) -> None:
    web = given["swarm_stack_services"]["web"]
    web["replicas"] = 3
    web["deploy"] = {"placement": {"max_replicas_per_node": 1}, "update_config": {"order": "start-first"}}


def _redis(given: Given) -> None:
    given["swarm_stack_data_services"] = {
        "redis": {"image": "redis:8", "command": ["redis-server", "--nonsense", "1"], "volumes": ["rows:/data"]}
    }


FAULTS = {
    # A check knows.
    "an undefined variable": Fault(_web(command=["sh", "/start", "${NOBODY_DEFINES}"]), ("NOBODY_DEFINES",), True),
    "a key with a slip": Fault(_deploy(update_config={"paralelism": 1}), ("web", "paralelism", "parallelism"), True),
    "a loose image": Fault(_image(""), ("web", "tag"), True),
    "no service": Fault(
        _given(swarm_stack_services={}, swarm_stack_source={}, swarm_stack_edge_sites={}),
        ("at least one service",),
        True,
    ),
    "a shared name": Fault(_data("web", image="redis:8"), ("share a name", "web"), True),
    "an open port": Fault(_data("mail", image="redis:8", ports=["1080:1080"]), ("open to the internet", "1080"), True),
    "nobody's release command": Fault(
        _given(swarm_stack_release_command={"service": "nobody", "command": ["true"]}),
        ("swarm_stack_release_command", "web"),
        True,
    ),
    "a wrong type": Fault(_given(swarm_stack_monitor="soon"), ("swarm_stack_monitor",), True),
    "a place that is not": Fault(
        _deploy(placement={"constraints": ["node.labels.disk == tape"]}), ("web", "node.labels.disk == tape"), True
    ),
    "more tasks than places": Fault(_crowd, ("walk_web", "max_replicas_per_node"), True),
    "a volume that is not": Fault(_web(volumes=["nowhere:/x"], replicas=1), ("web", "nowhere"), True),
    "two on a volume": Fault(_web(volumes=["files:/x"], replicas=2), ("web", "files", "replicas: 1"), True),
    "a secret for all to see": Fault(_web(command=["sh", "/start", "${TOKEN}"]), ("web", "TOKEN", "secret"), True),
    "a location of nobody": Fault(
        _given(swarm_stack_edge_sites={"shop": {"locations": [{"path": "/", "service": "nobody"}]}}), ("nobody",), True
    ),
    "a duration of no kind": Fault(_web(stop_grace_period="soon"), ("web", "soon", "10s"), True),
    # Only the engine or a container knows.
    "a crash": Fault(_kind("crash"), ("web", "exited with 3", "SETTING is not set")),
    "a sick service": Fault(_kind("sick", swarm_stack_wait_timeout=12), ("web", "health", "503")),
    "a service that is late": Fault(_kind("late", swarm_stack_wait_timeout=8), ("web",)),
    "a missing image": Fault(_image(":404"), ("web: the image", "izzzi-walk:404 could not be pulled")),
    "a failing build": Fault(
        _build, ("web: its image cannot be built", "RUN", "no such command", "build-logs", "A copy")
    ),
    "an answer that is not as asked": Fault(
        lambda given: (
            _kind("good", swarm_stack_wait_timeout=8)(given),
            _web(checks=[{"path": "/health", "json": {"status": "perfect"}}])(given),
        ),
        ("web", "/health", "perfect"),
    ),
    "no room": Fault(_deploy(resources={"reservations": {"memory": "900G"}}), ("no node has room",)),
    "a failing release command": Fault(
        _given(swarm_stack_release_command={"service": "web", "command": ["sh", "-c", "echo no such table; exit 4"]}),
        ("release command", "no such table", "exited with 4"),
    ),
    "a release command that hangs": Fault(
        _given(swarm_stack_release_command={"service": "web", "command": ["sleep", "60"], "timeout": 2}),
        ("release command", "2 s"),
    ),
    "a directive that nginx does not know": Fault(
        lambda given: given["swarm_stack_edge_sites"]["shop"].update(directives=["nonsense on;"]),
        ("nginx refuses", "nonsense"),
    ),
    "a setting that redis does not know": Fault(_redis, ("walk_redis", "nonsense")),
}
