# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess

from ansible_collections.izzzi.infra.plugins.module_utils._app import clients
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack import container


def test_secrets_are_read_where_a_swarm_keeps_them():
    assert container.ENVIRONMENT == clients.ENVIRONMENT
    assert clients.INFORMED.count(container.ENVIRONMENT) == 2


def test_words_reach_the_program_as_they_are():
    """Here, as with Compose, there is no file of secrets."""
    done = subprocess.run(clients.informed(["printf", "%s|", "a b", "$HOME", "'"]), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "a b|$HOME|'|")


def test_the_clients_take_more_arguments():
    assert clients.redis_cli(["--scan"])[-2:] == ["redis-cli", "--scan"]
    database = {"service": "postgres", "name": "shop", "user": "owner"}
    assert clients.psql(database, ["-c", "SELECT 1"]) == ["psql", "-U", "owner", "-d", "shop", "-c", "SELECT 1"]
