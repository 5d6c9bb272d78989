# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes an app off its host, from what the engine says of it. What keeps data stays, and is named."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._app.app import volume_name
from .._app.build_log import BUILD_LOGS
from .._app.docker_words import COMPOSE_PROJECT
from .._app.maintenance import OPEN
from .._app.program import run
from .._app.release import ReleaseError
from .colours import COLOURS
from .neighbours import Neighbour, edge_collision, is_ours, projects
from .ports import PortBook
from .project import Edge
from .surroundings import neighbours
from .transaction import STOPPED, Transaction
from .upstream import HEADER, idle_file

# Of the directory; what is not here stays: dumps, and passwords that the data's own owner has.
_PATHS = (
    "current",
    "releases",
    *COLOURS,
    "data/compose.yml",
    "data/.env",
    "transaction.json",
    "edge-token",
    "jobs",
    STOPPED,
    BUILD_LOGS,
)
_EDGE = ("server.conf", *OPEN)


@dataclass(frozen=True)
class Found:
    """What there is of an app on the host."""

    containers: list[Neighbour] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    edge: dict[str, str | None] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    @property
    def going(self) -> list[str]:
        """What a removal takes away, in words."""
        parts = [
            *(f"container {c.name}" for c in self.containers),
            *(f"network {name}" for name in self.networks),
            *(f"image {name}" for name in self.images),
            *(str(path) for path in self.paths),
        ]
        return [*parts, *(["nginx: the site answers that there is no release"] if self.edge else [])]


def find(t: Transaction) -> Found:
    """Reads what there is; ReleaseError when some of it is another project's."""
    there = neighbours() if shutil.which("docker") else []
    for other in there:
        if other.project in projects(t.app) and not is_ours(t.app, other):
            raise ReleaseError(
                f"The Compose project {other.project} is of {other.directory or 'somebody else'} and not of"
                f" {t.app.directory}: nothing was removed. Give the app's app_compose_directory, or remove it with"
                f" docker compose --project-name {other.project} down, on the host."
            )
    mine = [neighbour for neighbour in there if is_ours(t.app, neighbour)]
    paths = [t.app.directory / path for path in _PATHS]
    return Found(
        containers=mine,
        networks=_of_projects(t, "network"),
        images=_images(t),
        paths=[path for path in paths if path.exists() or path.is_symlink()],
        edge=_edge_files(t),
        volumes=_volumes(t, mine),
        files=sorted(p for p in t.app.directory.glob("*/*") if p.suffix == ".dump" or "owner-password" in p.name),
    )


def _of_projects(t: Transaction, kind: str) -> list[str]:
    if shutil.which("docker") is None:
        return []
    labels = [f"label={COMPOSE_PROJECT}={project}" for project in projects(t.app)]
    listed = [run(["docker", kind, "ls", "--format", "{{.Name}}", "--filter", label]).split() for label in labels]
    return sorted({name for names in listed for name in names})


def _images(t: Transaction) -> list[str]:
    if shutil.which("docker") is None:
        return []
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter"]
    return sorted(run([*listed, f"reference={t.app.project}/*"]).split())


def _volumes(t: Transaction, mine: list[Neighbour]) -> list[str]:
    """Volumes of data services, also unnamed ones; of stateless services the named ones."""
    declared = {
        volume_name(t.app.project, name, options)
        for manifest in t.releases.values()
        for name, options in manifest.volumes.items()
    }
    mounted = {volume for neighbour in mine for volume in neighbour.volumes if _keeps(t, neighbour)}
    if shutil.which("docker") is None:
        return []
    there = set(run(["docker", "volume", "ls", "--quiet"]).split())
    return sorted(there & {*_of_projects(t, "volume"), *declared, *mounted})


def _keeps(t: Transaction, neighbour: Neighbour) -> bool:
    return neighbour.project == t.app.project


def _edge_files(t: Transaction) -> dict[str, str | None]:
    """What nginx is to know of an app that is gone: its site stays valid, and answers as before the first release."""
    edge = Edge(Path(t.options.edge_directory)) if t.options.edge_directory else None
    text = edge.read("http.conf") if edge else None
    if not text or not text.startswith(HEADER) or edge_collision(t.app, t.options.edge_directory, text):
        return {}
    return {"http.conf": idle_file(text), **dict.fromkeys(_EDGE)}


def answer(t: Transaction, found: Found) -> dict[str, Any]:
    """What a run says of it."""
    kept = [f"volume {name}" for name in found.volumes] + [str(path) for path in found.files]
    commands = [f"docker volume rm {' '.join(found.volumes)}"] if found.volumes else []
    commands += [f"rm -r {t.app.directory}"] if found.files else []
    return {
        "changed": bool(found.going),
        "removed": found.going,
        "kept": kept,
        "command": " && ".join(f"sudo {command}" for command in commands),
    }


def remove(t: Transaction, found: Found, still_ours: Callable[[], Any]) -> None:
    """Visitors first, so that none meets a server that stops; then containers, networks, images and files."""
    if found.edge:
        Edge(Path(t.options.edge_directory)).switch(found.edge)
    colours = [c.name for c in found.containers if not _keeps(t, c)]
    data = [c.name for c in found.containers if _keeps(t, c)]
    for names, options in ((colours, ["--volumes"]), (data, [])):
        still_ours()
        if names:
            run(["docker", "container", "stop", *names], timeout=600)
            run(["docker", "container", "rm", "--force", *options, *names])
    if found.networks:
        run(["docker", "network", "rm", *found.networks])
    for image in found.images:
        run(["docker", "image", "rm", "--force", image])
    still_ours()
    for path in found.paths:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    PortBook().forget(t.app.project)


def leave(directory: Path) -> None:
    """Removes the app's directories that nothing is left in."""
    for path in (*(directory / part for part in ("data", "backups")), directory):
        with contextlib.suppress(OSError):
            path.rmdir()
