# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace

from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import Answer
from ansible_collections.izzzi.infra.plugins.module_utils._pages.neighbours import addresses, ask

from tests.pages.facts import service, swarm_facts, task


def facts(dead: str = ""):
    pages = service("operators", "pages", "nginx:1.28", None)
    there = swarm_facts(dead=dead)
    tasks = [*there.tasks, *(task(pages, host) for host in ("manager-1", "worker-1", "worker-2"))]
    return replace(there, services={**there.services, "izzzi_operators": pages}, tasks=tasks)


def test_the_other_nodes_that_are_ready_are_asked_at_their_own_task():
    assert addresses(facts(), "izzzi", "manager-1") == {"worker-1": "172.16.0.8", "worker-2": "172.16.0.8"}
    assert addresses(facts(dead="worker-2"), "izzzi", "manager-1").keys() == {"worker-1"}
    assert addresses(facts(), "another", "manager-1") == {}


def test_who_does_not_answer_or_answers_for_another_is_left_out():
    answers = {
        "1": Answer(200, body=json.dumps({"name": "a", "disk": {"free": 1, "total": 2}})),
        "2": Answer(200, body=json.dumps({"name": "a"})),
        "3": Answer(404, body="{}"),
        "4": Answer(error="away"),
        "5": Answer(200, body="{"),
    }
    asked = []

    def request(address, port, path):
        asked.append((port, path))
        return answers[address]

    found = ask({"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}, request)
    assert {name: machine.disk.total for name, machine in found.items()} == {"a": 2}
    assert set(asked) == {(8079, "/node.json")}
