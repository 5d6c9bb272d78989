# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node_edge import NodeEdge
from ansible_collections.izzzi.infra.plugins.modules import swarm_maintenance
from ansible_collections.izzzi.infra.plugins.modules.swarm_maintenance import main


class Edge(NodeEdge):
    def check(self):
        pass

    reload = check


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(swarm_maintenance, "find", lambda project: Edge(tmp_path, project))
    monkeypatch.setattr(swarm_maintenance, "own_addresses", lambda: ["172.18.0.1"])
    return tmp_path


def test_it_closes_once_and_opens_once(run_module, place):
    asked = {"project": "shop", "allow": ["203.0.113.7"]}
    assert run_module(main, asked, check=True)["changed"] is True
    assert list(place.iterdir()) == []
    assert run_module(main, asked)["was_closed"] is False
    assert "203.0.113.7/32 0;" in (place / "http-maintenance.conf").read_text()
    assert "127.0.0.1/32 0;" in (place / "http-maintenance.conf").read_text()
    again = run_module(main, asked)
    assert (again["changed"], again["was_closed"]) == (False, True)
    assert run_module(main, {**asked, "state": "absent"})["changed"] is True
    assert list(place.iterdir()) == []


def test_a_node_without_an_edge_is_as_it_should_be(run_module, monkeypatch):
    monkeypatch.setattr(swarm_maintenance, "find", lambda project: None)
    result = run_module(main, {"project": "shop"})
    assert (result["changed"], result["state"]) == (False, "none")


def test_an_allow_list_holds_networks(run_module, place):
    assert "10.0.0.0/33" in run_module(main, {"project": "shop", "allow": ["10.0.0.0/33"]})["msg"]


def test_a_node_that_the_app_has_left_keeps_nothing(run_module, place, monkeypatch):
    removed = []
    monkeypatch.setattr(swarm_maintenance, "remove", removed.append)
    asked = {"project": "shop", "state": "removed"}
    assert run_module(main, asked, check=True)["changed"] is True
    assert removed == []
    run_module(main, {"project": "shop"})
    result = run_module(main, asked)
    assert (result["changed"], result["was_closed"], removed) == (True, True, ["shop"])


def test_a_load_balancer_is_told_while_visitors_are_served(run_module, place):
    leaving = {"project": "shop", "state": "leaving", "health_path": "/health?balancer"}
    assert run_module(main, leaving, check=True)["changed"] is True
    assert list(place.iterdir()) == []
    result = run_module(main, leaving)
    assert (result["changed"], result["state"], result["was_closed"]) == (True, "leaving", False)
    (file,) = place.iterdir()
    assert file.name == "maintenance-leaving.conf"  # a name that the edge includes
    assert file.read_text().endswith('if ($request_uri = "/health?balancer") { return 503; }\n')
    assert run_module(main, leaving)["changed"] is False
    assert run_module(main, {"project": "shop", "state": "staying"})["changed"] is True
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("path", ["", "health", '/a"b', "/a\\b", "/$host", "/a b"])
def test_a_path_that_nginx_would_read_otherwise_is_refused(run_module, place, path):
    result = run_module(main, {"project": "shop", "state": "leaving", "health_path": path})
    assert f"health_path: {path!r} is not a path such as /health." in result["msg"]
