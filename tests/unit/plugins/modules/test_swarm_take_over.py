# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotInSwarm
from ansible_collections.izzzi.infra.plugins.modules.swarm_take_over import run

LABEL = "com.docker.compose.project"
DATABASE = {"service": "postgres", "name": "shop", "user": "shop"}


class Engine:
    """One manager with a running database and a web container that has ended."""

    def __init__(self, labels: dict | None = None):
        self.labels, self.done = labels, []

    def get(self, path, **_query):
        if path == "/containers/json":
            names = {"shop-postgres-1": "running", "shop-web-1": "exited"}
            return [{"Names": [f"/{n}"], "Labels": {LABEL: "shop"}, "State": state} for n, state in names.items()]
        if path == "/info":
            return {"Swarm": {} if self.labels is None else {"NodeID": "n1"}}
        spec = {"Role": "manager", "Availability": "active", "Labels": self.labels}
        return {"ID": "n1", "Description": {}, "Status": {"State": "ready"}, "Spec": spec}

    def post(self, path):
        self.done.append(path)

    delete = post


def params(action: str, **more) -> dict:
    return {"action": action, "project": "shop", "containers": [], "database": {}, "database_password": "", **more}


def test_it_finds_containers_and_says_whether_data_is_kept_here():
    found = run(Engine({"izzzi.data": "true"}), params("find"), False)
    assert found["running"] == ["shop-postgres-1"]
    assert found["containers"] == ["shop-postgres-1", "shop-web-1"]
    assert found["keeps_data"] is True
    assert found["changed"] is False


def test_the_swarm_is_asked_only_where_there_is_something_to_move_and_never_to_start_again():
    assert run(Engine(), params("find", project="other"), False)["keeps_data"] is False
    with pytest.raises(NotInSwarm):
        run(Engine(), params("find"), False)
    engine = Engine()
    run(engine, params("start", containers=["shop-postgres-1"]), False)
    assert engine.done == ["/containers/shop-postgres-1/start"]


@pytest.mark.parametrize(
    ("action", "done"),
    [
        ("stop", ["/containers/shop-postgres-1/stop"]),
        ("remove", ["/containers/shop-postgres-1", "/containers/shop-web-1"]),
    ],
)
def test_an_action_does_what_its_check_predicts(action, done):
    engine = Engine()
    assert run(engine, params(action), True)["changed"] is True
    assert engine.done == []
    assert run(engine, params(action), False)["changed"] is True
    assert sorted(engine.done) == done


@pytest.mark.parametrize(
    ("database", "changed"),
    [(DATABASE, True), ({}, False), ({"user": ""}, False), ({**DATABASE, "service": "stopped"}, False)],
)
def test_the_owner_of_a_database_that_runs_is_let_in(database, changed):
    assert run(Engine(), params("open", database=database), True)["changed"] is changed


def test_nothing_to_start_is_no_change():
    assert run(Engine(), params("start"), False)["changed"] is False
