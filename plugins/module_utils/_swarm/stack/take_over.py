# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes an app over from Compose: finds its containers, stops them for the stack, starts them again when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..._app.docker_words import COMPOSE_PROJECT
from ..._app.program import CommandError, run
from ..._app.sql import literal, quoted
from ..._secrets.mask import mask
from ..engine import Engine, EngineError, NotInSwarm
from ..node import parse_node

SUFFIXES = ("", "-blue", "-green")  # of the projects into which Compose divides an app: data, and a release's colour
DATA_LABEL = "izzzi.data"


@dataclass(frozen=True)
class Container:
    name: str
    running: bool


def of_app(listed: Iterable[Mapping[str, Any]], project: str) -> list[Container]:
    """Return an app's containers of Compose, the oldest first, from what the Engine API lists."""
    projects = {project + suffix for suffix in SUFFIXES}
    mine = [item for item in listed if (item.get("Labels") or {}).get(COMPOSE_PROJECT) in projects]
    return [
        Container(item["Names"][0].lstrip("/"), item["State"] == "running")
        for item in sorted(mine, key=lambda item: item.get("Created", 0))
    ]


def containers(engine: Engine, project: str) -> dict[str, list[str]]:
    """Return `containers`, the names of what Compose has of an app on this host, and `running`, of what runs."""
    found = of_app(engine.get("/containers/json", all=True), project)
    return {
        "containers": [container.name for container in found],
        "running": [container.name for container in found if container.running],
    }


def container_of(project: str, service: str) -> str:
    """Return the name of a data service's container."""
    return f"{project}-{service}-1"


def keeps_data(engine: Engine) -> bool:
    """Return whether this manager's node has the label of the one that keeps data. Raise NotInSwarm on other hosts."""
    id = (engine.get("/info").get("Swarm") or {}).get("NodeID")
    if not id:
        raise NotInSwarm(503, "This host is not a member of a Swarm. Run configure.yml first. Nothing was changed.")
    return parse_node(engine.get(f"/nodes/{id}")).labels.get(DATA_LABEL) == "true"


def problem(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Say why an app cannot be taken over, from what the module found by host; empty when it can, or need not.

    On any node but the one that keeps data the stack would begin with empty volumes."""
    hosts = [host for host, own in found.items() if own["containers"]]
    if len(hosts) > 1:
        return (
            f"The app runs with Compose on {', '.join(hosts)}, and only one host, the Swarm's node for data, may have "
            "it. Remove its containers from the others. Nothing was changed."
        )
    if hosts and not found[hosts[0]]["keeps_data"]:
        return (
            f"The app runs with Compose on {hosts[0]}, which is not the Swarm's node for data: the stack would begin "
            f"with empty volumes. Set swarm_cluster_data_node: {hosts[0]}, and run configure.yml. Nothing was changed."
        )
    return ""


def opening(user: str, password: str) -> str:
    """Return the SQL that gives a login of PostgreSQL a password."""
    return f"ALTER ROLE {quoted(user)} PASSWORD {literal(password)};\n"


def open_owner(project: str, database: Mapping[str, str], password: str, psql: Callable[..., str] = run) -> None:
    """Let the owner of the database in by its password, which in a Swarm is the app's login.

    With Compose each release has a login of its own and the owner's way in is closed. Raise CommandError with
    psql's last words, without the password."""
    container = container_of(project, database["service"])
    options = ["--quiet", "--set=ON_ERROR_STOP=1", f"--username={database['user']}", f"--dbname={database['name']}"]
    try:
        psql(
            ["docker", "exec", "--interactive", container, "psql", *options], stdin=opening(database["user"], password)
        )
    except CommandError as error:
        raise CommandError(mask(str(error), [password, password.replace("'", "''"), literal(password)])) from None


def stop(engine: Engine, names: Iterable[str]) -> None:
    """Stop containers, each after its own time of grace."""
    _each(names, lambda name: engine.post(f"/containers/{name}/stop"))


def start(engine: Engine, names: Iterable[str]) -> None:
    """Start containers; one that runs stays as it is."""
    _each(names, lambda name: engine.post(f"/containers/{name}/start"))


def remove(engine: Engine, names: Iterable[str]) -> None:
    """Remove stopped containers. Their volumes stay."""
    _each(names, lambda name: engine.delete(f"/containers/{name}"))


def _each(names: Iterable[str], act: Callable[[str], Any]) -> None:
    """Do it for all side by side, also when it fails for one. Raise EngineError with every failure."""
    with ThreadPoolExecutor() as pool:
        done = [pool.submit(act, name) for name in names]
    if failures := [str(error) for one in done if (error := one.exception())]:
        raise EngineError(0, "\n".join(failures))
