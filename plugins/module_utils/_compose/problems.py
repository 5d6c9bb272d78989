# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would stop a release later, found before anything is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

from .._app.app import build_problems, variable_problems
from .._app.disk import disk_of
from .._app.release import ReleaseError
from .._app.service_rules import service_problems
from .data import data_losses
from .data_images import uncovered
from .judge import compose_problems
from .plan import data_drift
from .surroundings import look_around
from .transaction import Transaction


def refuse(t: Transaction, is_new: bool, check_mode: bool, release: str) -> None:
    """Raises ReleaseError with all that would stop a run later, before anything is touched."""
    found = problems(t, is_new, check_mode, release)
    if has_docker():
        found += look_around(t) + data_losses(t)
        found += uncovered(t.app) if data_drift(t) else []
    if found:
        raise ReleaseError("\n".join(found))


def problems(t: Transaction, is_new: bool, check_mode: bool, release: str = "") -> list[str]:
    """What would stop a run later, found before anything is touched."""
    found = undefined(t)
    found += build_problems(t.app, t.variables(""), "app_compose_")
    found += service_problems(t.app.services, t.app.data_services)
    if not has_docker():
        if not check_mode:
            found.append("This host has no Docker. Install it first, for example with the role izzzi.infra.docker.")
        return found
    found += [] if found else compose_problems(t, release)
    if t.edge and not t.edge.is_there() and not check_mode:
        found.append(
            f"{t.edge.directory} is missing: nginx has no site for this app. Run the role izzzi.infra.nginx first,"
            f" with a location `service:` in nginx_sites, or set app_compose_edge_directory to ''."
        )
    if is_new and (free := free_space(t.app.directory)) < t.options.free_space:
        found.append(
            f"Only {free} MiB are free; a new release needs {t.options.free_space} (app_compose_free_space)."
            " Free some: docker system df, docker builder prune."
        )
    return found


def undefined(t: Transaction) -> list[str]:
    """Variables that services need and nothing defines: Compose would take them for empty."""
    return list(variable_problems(t.app, t.variables(""), "app_compose_"))


def has_docker() -> bool:
    return shutil.which("docker") is not None


def free_space(directory: Path) -> int:
    """Return the MiB that are free, the least of the places that a release writes to."""
    docker = Path("/var/lib/docker")
    return min(disk_of(place).free_mib for place in (directory, *([docker] if docker.exists() else [])))
