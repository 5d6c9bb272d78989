# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with a declaration: how to make it so, whether a check knows, and what the message must say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """`is_static`: a check refuses it, and nothing is touched. `words`: the message has them. `needs_live`: it is none
    for an app that is not live."""

    inject: Callable[[dict[str, Any]], None]
    words: tuple[str, ...]
    is_static: bool = False
    needs_live: bool = False


def _web(**more: Any) -> Callable[[dict[str, Any]], None]:
    def inject(given: dict[str, Any]) -> None:
        given["app_compose_services"]["web"].update(more)

    return inject


def _kind(kind: str, **given_too: Any) -> Callable[[dict[str, Any]], None]:
    def inject(given: dict[str, Any]) -> None:
        given["app_compose_services"]["web"]["environment"]["KIND"] = kind
        given.update(given_too)

    return inject


def _given(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda given: given.update(more)


def _data(name: str, **definition: Any) -> Callable[[dict[str, Any]], None]:
    def inject(given: dict[str, Any]) -> None:
        given["app_compose_data_services"] = {**given["app_compose_data_services"], name: definition}

    return inject


def _image(reference: str) -> Callable[[dict[str, Any]], None]:
    def inject(given: dict[str, Any]) -> None:
        web = given["app_compose_services"]["web"]
        web.pop("build", None)
        web["image"] = reference
        if not any("build" in s for s in given["app_compose_services"].values()):
            given["app_compose_source"] = {}

    return inject


def _redis(**more: Any) -> Callable[[dict[str, Any]], None]:
    """Of the Redis that is declared; of a new one where there is none."""

    def inject(given: dict[str, Any]) -> None:
        data = given["app_compose_data_services"]
        name = next((name for name, s in data.items() if s["image"].startswith("redis:")), "redis")
        declared = data.get(name, {"image": "redis:8", "volumes": ["rows:/data"]})
        given["app_compose_data_services"] = {**data, name: {**declared, **more}}
        given["app_compose_wait_timeout"] = QUICK

    return inject


def _migration(sql: str) -> Callable[[dict[str, Any]], None]:
    """All or nothing of it is done. Without a database the command itself fails."""

    def inject(given: dict[str, Any]) -> None:
        service = "worker" if given["app_compose_database"] else "web"
        text = f"""psql --quiet --set=ON_ERROR_STOP=1 "$DATABASE" --single-transaction --command="
            CREATE TABLE IF NOT EXISTS migrated (release text PRIMARY KEY);
            INSERT INTO migrated VALUES ('half'); {sql}" """
        command = ["sh", "-c", text if given["app_compose_database"] else "echo column is missing; exit 4"]
        given["app_compose_release_command"] = {"service": service, "command": command, "timeout": 60}

    return inject


def _build_secret(given: dict[str, Any]) -> None:
    web = given["app_compose_services"]["web"]
    web.pop("image", None)
    web["build"] = {"args": {"PASSWORD": "${PASSWORD}"}}
    given["app_compose_source"] = {"path": "."}
    given["app_compose_secret_env"] = {"PASSWORD": "secret-of-the-walk"}


QUICK = 8  # seconds until a run gives up: more than a good release needs on a busy machine

FAULTS = {
    # A check knows.
    "an undefined variable": Fault(_web(command=["sh", "/start", "${NOBODY_DEFINES}"]), ("NOBODY_DEFINES",), True),
    "host ports": Fault(_web(ports=["8080:8080"]), ("ports",), True),
    "a container name": Fault(_web(container_name="web"), ("container names",), True),
    "a loose image": Fault(_image("izzzi-walk"), ("web", "tag"), True),
    "no service": Fault(_given(app_compose_services={}, app_compose_source={}), ("at least one service",), True),
    "a shared name": Fault(_data("web", image="izzzi-walk:1"), ("share a name", "web"), True),
    "an open port": Fault(
        _data("mail", image="izzzi-walk:1", ports=["1080:1080"]), ("open to the internet", "mail"), True
    ),
    "nobody's release command": Fault(
        _given(app_compose_release_command={"service": "nobody", "command": ["true"]}), ("no service nobody",), True
    ),
    "a wrong type": Fault(_given(app_compose_soak="soon"), ("app_compose_soak",), True),
    "a typing error": Fault(
        _web(enviroment={"RELEASE": "${RELEASE}"}), ("services.web", "`enviroment`", "`environment`"), True
    ),
    "a required variable": Fault(
        _web(command=["sh", "/start", "${MUST:?must be set}"]), ("services.web", "MUST"), True
    ),
    "a value of a wrong kind": Fault(_web(environment="RELEASE"), ("services.web.environment",), True),
    "a volume without a name": Fault(_redis(volumes=["/data"]), ("volume without a name", "/data"), True),
    "two of a data service": Fault(_redis(scale=2), ("data_services.", "runs once"), True),
    # Only a container knows.
    "a crash": Fault(_kind("crash"), ("web", "exited with 3", "SETTING is not set")),
    "a sick service": Fault(_kind("sick", app_compose_wait_timeout=QUICK), ("web", "503")),
    "a service that is late": Fault(_kind("late", app_compose_wait_timeout=QUICK), ("web",)),
    "a service that fades": Fault(_kind("fades", app_compose_soak=4), ("web", "503"), needs_live=True),
    "a bad setting of a data service": Fault(
        _redis(command=["redis-server", "--no-such-setting", "1"]), ("no-such-setting", "exited with 1")
    ),
    "a data service that is sick": Fault(
        _redis(healthcheck={"test": ["CMD", "sh", "-c", "echo too few rows; exit 1"], "interval": "1s", "retries": 1}),
        ("health", "too few rows"),
    ),
    "a missing image of a data service": Fault(_data("mail", image="izzzi-walk:404"), ("izzzi-walk:404",)),
    "a missing image": Fault(_image("izzzi-walk:404"), ("izzzi-walk",)),
    "a failing release command": Fault(
        _given(app_compose_release_command={"service": "web", "command": ["sh", "-c", "echo no such table; exit 4"]}),
        ("release command", "no such table"),
    ),
    "a migration that fails in its middle": Fault(
        _migration("SELECT missing FROM migrated;"), ("release command", "missing")
    ),
    "a password in an image": Fault(_build_secret, ("web.build", "PASSWORD"), True),
    "a release command that hangs": Fault(
        _given(app_compose_release_command={"service": "web", "command": ["sleep", "60"], "timeout": 2}),
        ("release command", "2 s"),
    ),
}
