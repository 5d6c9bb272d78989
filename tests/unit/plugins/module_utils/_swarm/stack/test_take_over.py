# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.docker_words import COMPOSE_PROJECT
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError, NotFound, NotInSwarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack import take_over


def listed(name: str, project: str, state: str = "running", created: int = 0) -> dict:
    labels = {COMPOSE_PROJECT: project} if project else {}
    return {"Names": [f"/{name}"], "Labels": labels, "State": state, "Created": created}


CONTAINERS = [
    listed("shop-blue-web-1", "shop-blue", created=30),
    listed("shop-green-web-1", "shop-green", "exited", created=20),
    listed("shop-postgres-1", "shop", created=10),
    listed("shop-red-web-1", "shop-red"),
    listed("registry-registry-1", "registry"),
    listed("by-hand", ""),
]


def node(**labels: str) -> dict:
    return {
        "ID": "n1",
        "Description": {"Hostname": "m1"},
        "Status": {"State": "ready"},
        "Spec": {"Role": "manager", "Availability": "active", "Labels": labels},
    }


class Engine:
    """Stands in for an engine whose containers are in a state that is hard to bring about."""

    def __init__(self, labels: dict | None = None, containers: list[dict] | None = None, broken: str = ""):
        swarm = {} if labels is None else {"NodeID": "n1"}
        self.answers = {
            "/containers/json": CONTAINERS if containers is None else containers,
            "/info": {"Swarm": swarm},
            "/nodes/n1": node(**labels or {}),
        }
        self.broken, self.done = broken, []

    def get(self, path, **_query):
        return self.answers[path]

    def post(self, path):
        if self.broken and self.broken in path:
            raise NotFound(404, f"There is no {path}.")
        self.done.append(path)

    delete = post


def test_containers_of_all_projects_of_the_app_are_found_the_oldest_first():
    assert take_over.containers(Engine(), "shop") == {
        "containers": ["shop-postgres-1", "shop-green-web-1", "shop-blue-web-1"],
        "running": ["shop-postgres-1", "shop-blue-web-1"],
    }
    assert take_over.containers(Engine(), "sho") == {"containers": [], "running": []}


@pytest.mark.parametrize(
    ("labels", "keeps"), [({"izzzi.data": "true"}, True), ({"izzzi.data": "false"}, False), ({"disk": "ssd"}, False)]
)
def test_the_node_for_data_has_its_label(labels, keeps):
    assert take_over.keeps_data(Engine(labels)) is keeps


def test_a_host_outside_of_a_swarm_is_told_what_to_run():
    with pytest.raises(NotInSwarm, match=r"Run configure\.yml first"):
        take_over.keeps_data(Engine())


def host(*containers: str, keeps_data: bool = False) -> dict:
    return {"containers": list(containers), "keeps_data": keeps_data}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, ""),
        ({"m1": host(), "m2": host()}, ""),
        ({"m1": host(), "m2": host("shop-web-1", keeps_data=True)}, ""),
        ({"m1": host("shop-web-1"), "m2": host()}, "Set swarm_cluster_data_node: m1, and run configure.yml."),
        ({"m1": host("a", keeps_data=True), "m2": host("b")}, "on m1, m2, and only one host"),
    ],
)
def test_it_moves_from_the_node_for_data_alone(found, said):
    problem = take_over.problem(found)
    assert said in problem
    assert bool(said) == problem.endswith("Nothing was changed.")


DATABASE = {"service": "postgres", "name": "shop", "user": "shop"}


def test_the_owner_is_let_in_by_a_program_whose_arguments_have_no_password():
    asked = []

    def psql(argv, stdin):
        asked.append((argv, stdin))

    take_over.open_owner("shop", DATABASE, "it's secret", psql)
    ((argv, sql),) = asked
    assert argv[:5] == ["docker", "exec", "--interactive", "shop-postgres-1", "psql"]
    assert "secret" not in " ".join(argv)
    assert sql == "ALTER ROLE \"shop\" PASSWORD 'it''s secret';\n"


def test_what_psql_says_has_no_password():
    def psql(argv, stdin):
        raise CommandError(f"LINE 1: {stdin}")

    with pytest.raises(CommandError) as failed:
        take_over.open_owner("shop", DATABASE, "it's secret", psql)
    assert "ALTER ROLE" in str(failed.value)
    assert "secret" not in str(failed.value)


def test_names_are_quoted():
    assert take_over.opening('a"b', "p") == 'ALTER ROLE "a""b" PASSWORD \'p\';\n'


@pytest.mark.parametrize(
    ("act", "path"), [("stop", "/containers/{}/stop"), ("start", "/containers/{}/start"), ("remove", "/containers/{}")]
)
def test_each_container_is_reached_also_when_one_fails(act, path):
    engine = Engine(broken="gone")
    with pytest.raises(EngineError, match="gone"):
        getattr(take_over, act)(engine, ["a", "gone", "b"])
    assert sorted(engine.done) == [path.format("a"), path.format("b")]
    getattr(take_over, act)(engine, [])
