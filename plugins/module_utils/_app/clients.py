# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the clients of data services are started inside their containers, where they are let in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Where a Swarm keeps an app's secrets; only processes that have read the file know them. Not there with Compose.
ENVIRONMENT = "/run/secrets/izzzi-environment"
INFORMED = f'[ ! -r {ENVIRONMENT} ] || . {ENVIRONMENT}; exec "$@"'


def informed(command: Sequence[str]) -> list[str]:
    """Return a command that knows the app's secrets, as the container's own program does."""
    return ["sh", "-c", INFORMED, "sh", *command]


def redis_cli(arguments: Sequence[str] = ()) -> list[str]:
    """Return the command, with arguments as redis-cli takes them. REDISCLI_AUTH is its password."""
    return informed(["redis-cli", *arguments])


def psql(database: Mapping[str, str], arguments: Sequence[str] = ()) -> list[str]:
    """Return the command for the owner of a database, whom PostgreSQL lets in by its socket."""
    return ["psql", "-U", database["user"], "-d", database["name"], *arguments]
