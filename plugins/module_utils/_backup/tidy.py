# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends what a killed run has left. Every action does it first, under the lock."""

from __future__ import annotations

from .._app.sql import Database
from . import names, scratch, swap
from .postgres import read_names
from .server import Server


def tidy(app: str, server: Server, database: Database) -> list[str]:
    """Remove scratch servers and databases that were being filled; open a live database that was left closed."""
    done = scratch.sweep(app)
    for left in names.of_kind(server.databases(), database.name, names.RESTORING):
        server.ask(swap.drop(left))
        done.append(left)
    for shut in read_names(server.ask(swap.closed([database.name]))):
        server.ask(swap.open_again(shut))
        done.append(shut)
    return done
