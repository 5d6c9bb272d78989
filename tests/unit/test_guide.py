# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/from-guide.md has a row for each command of the guide, with a counterpart that is there and a test that is."""

from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._command.main import TABLE, USAGES

from tests.guide import DOCUMENT, ROOT, rows

# The tables of the guide, to the letter.
COMMANDS = [
    "docker compose ps",
    "docker compose logs -f",
    "docker compose logs -f backend",
    "docker compose restart",
    "docker compose down",
    "docker compose down && docker compose up -d --build",
    "docker compose exec postgres psql -U izzzi -d izzzi",
    "docker stack services izzzi",
    "docker stack ps izzzi",
    "./infrastructure/deploy-swarm.sh logs backend",
    "./infrastructure/deploy-swarm.sh scale frontend 3",
    "./infrastructure/deploy-swarm.sh remove",
    "docker swarm leave --force",
    "./infrastructure/deploy-swarm.sh init",
    "./infrastructure/deploy-swarm.sh build",
    "./infrastructure/deploy-swarm.sh deploy",
    "docker stack deploy",
    "docker stack rm",
    "docker service logs",
    "docker service scale",
]
PLACES = ["Frontend", "Backend API", "API Docs", "MailHog UI", "Visualizer"]
ROWS = list(rows())


def test_every_command_and_address_of_the_guide_has_its_row():
    assert [row.guide for row in ROWS[: len(COMMANDS)]] == COMMANDS
    assert [row.guide.partition(",")[0] for row in ROWS[len(COMMANDS) :]] == PLACES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.guide)
def test_a_counterpart_is_there_and_so_is_its_test(row):
    assert (ROOT / row.test).is_file(), row
    for command in row.server:
        if command.startswith("izzzi "):
            assert command.split()[1] in TABLE, command
    assert row.server or row.machine or "the same" in DOCUMENT.read_text(encoding="utf-8"), row


def test_every_subcommand_is_explained():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in TABLE if f"`izzzi {name}" not in text] == []
    assert set(USAGES) <= set(TABLE)
