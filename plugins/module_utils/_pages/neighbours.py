# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other nodes of a Swarm say of their disk and memory: asked in the app's network, where each serves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .._app.checks import Answer
from .._swarm.labels import PAGES, PART
from .._swarm.task import parse_task
from .document import Machine, read_machine
from .settings import INNER_PORT, MACHINE

TIMEOUT = 1.5  # seconds

Ask = Callable[[str, int, str], Answer]  # address, port, path


def addresses(facts: Any, network: str, own: str) -> dict[str, str]:
    """Return where the other nodes that are ready serve it, by their names. `facts` are those of
    swarm.py."""
    pages = {item["ID"] for item in facts.services.values() if item["Spec"]["Labels"].get(PART) == PAGES}
    found = {}
    for task in map(parse_task, facts.tasks):
        node, known = facts.nodes.get(task.node), task.addresses.get(network)
        if task.service in pages and task.is_running and known and node and node.is_ready and node.name != own:
            found[node.name] = known[0]
    return found


def ask(places: Mapping[str, str], request: Ask) -> dict[str, Machine]:
    """Ask each; leave out who does not answer, or answers in another's name."""
    found = {}
    for name, address in places.items():
        machine = read_machine(_json(request(address, INNER_PORT, f"/{MACHINE}")))
        if machine and machine.name == name:
            found[name] = machine
    return found


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body) if answer.status == 200 else None
    except ValueError:
        return None
