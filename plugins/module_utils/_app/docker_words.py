# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker itself calls things: the labels of what Compose and a Swarm make, states of containers, names of volumes.
Labels of this collection stand where they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

COMPOSE_PROJECT, COMPOSE_SERVICE, COMPOSE_DIRECTORY, COMPOSE_NETWORK, COMPOSE_ONE_OFF = (
    f"com.docker.compose.{name}" for name in ("project", "service", "project.working_dir", "network", "oneoff")
)
COMPOSE_FILES = "com.docker.compose.project.config_files"
SWARM_SERVICE = "com.docker.swarm.service.name"
STACK = "com.docker.stack.namespace"  # so that `docker stack services` and `docker stack ps` know the app

NAMELESS = re.compile("[0-9a-f]{64}")  # a volume that Docker has named
RUNNING = ("running", "restarting", "paused")  # or about to, or only held up


def labels_of(inspected: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels of a container as `docker container inspect` shows it."""
    return inspected["Config"].get("Labels") or {}


def is_one_off(inspected: Mapping[str, Any]) -> bool:
    """Tell whether `docker compose run` has made a container: it is none of the service's own."""
    return labels_of(inspected).get(COMPOSE_ONE_OFF, "False") != "False"
