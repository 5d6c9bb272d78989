# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._pages.document import (
    Backup,
    Machine,
    Room,
    as_json,
    last_step,
    read_machine,
)

from tests.pages.facts import SECRET, of_server, of_swarm

FIELDS = {
    "": {
        *("app", "runner", "host", "time", "live", "colour", "stopped", "maintenance", "mail_port", "problems"),
        *("nodes", "tasks", "services", "rollout", "releases", "certificates", "backup", "others"),
    },
    "nodes": {"name", "state", "role", "availability", "leader", "disk", "memory", "measured"},
    "tasks": {"service", "part", "state", "node", "number", "colour", "release", "image", "since"},
    "services": {"name", "part", "wanted", "running", "failed"},
    "rollout": {"kind", "before", "after", "by", "since", "step", "done", "total"},
    "releases": {"id", "state", "at", "by"},
    "certificates": {"name", "ends"},
    "backup": {"made", "verified", "troubles"},
}


@pytest.mark.parametrize("make", [of_swarm, of_server])
def test_nothing_but_the_chosen_fields_leaves_the_engine(make):
    """The facts hold the secret as a variable, an argument, a label, an error and a manifest's content."""
    document = as_json(make(rolling=True))
    assert SECRET not in json.dumps(document)
    assert set(document) == FIELDS[""]
    for name in ("nodes", "tasks", "services", "releases"):
        assert document[name]
        assert all(set(item) == FIELDS[name] for item in document[name]), name
    assert set(document["rollout"]) == FIELDS["rollout"]
    assert set(document["backup"]) == FIELDS["backup"]


def test_what_another_node_says_is_read_field_by_field():
    machine = Machine("worker-1", 5.0, Room(1, 2), None, Backup(1.0, 2.0, ("late",)))
    assert read_machine(json.loads(json.dumps(as_json(machine)))) == machine
    assert read_machine({**as_json(machine), "more": SECRET}) == machine
    strange = {"name": "w", "time": "x", "disk": [1], "memory": {"free": True}, "backup": {"troubles": [{}, "late"]}}
    assert read_machine(strange) == Machine("w", 0, None, Room(0, 0), Backup(0, 0, ("late",)))
    assert read_machine({"name": {}}) is None
    assert read_machine([]) is None


def test_the_last_state_of_the_work_is_no_line_of_a_programs_output():
    text = "shop: building\nother: away\nshop: healthy 1 of 2\nshop: | npm secret\n"
    assert last_step(text, "shop") == "healthy 1 of 2"
    assert last_step("", "shop") == ""
    assert len(last_step(f"shop: {'x' * 500}", "shop")) == 120
