from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.verbs import placed


class Networks:
    """An engine whose new network gets its addresses after some looks."""

    def __init__(self, looks: int):
        self.looks, self.made = looks, []

    def get(self, _path: str) -> list[dict]:
        others = [{"Name": "bridge", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}}, {"Name": "host", "IPAM": {}}]
        if self.made:
            self.looks -= 1
        given = [{"Subnet": "172.16.3.0/24"}] if self.looks < 0 else None
        return [*others, *({"Name": name, "IPAM": {"Config": given}} for name in self.made)]

    def post(self, _path: str, body: dict) -> None:
        self.made.append(body["Name"])


def test_the_network_is_made_once_and_its_range_waited_for():
    engine = Networks(looks=3)
    swarm = Swarm(engine, "shop")
    assert swarm.network_range() == ""
    assert swarm.provide_network(False, sleep=lambda _seconds: None) == "172.16.3.0/24"
    assert swarm.provide_network(False) == "172.16.3.0/24"
    assert engine.made == ["shop"]


def test_a_pool_that_is_used_up_is_said():
    with pytest.raises(EngineError, match="none left"):
        Swarm(Networks(looks=100), "shop").provide_network(False, tries=3, sleep=lambda _seconds: None)


def test_that_there_are_no_logs_is_none_of_the_tasks_words():
    engine = Networks(looks=0)
    engine.logs = lambda *_path, **_query: "it said\nError grabbing logs: rpc error: task t has not been scheduled\n"
    assert Swarm(engine, "shop").logs("t") == "it said\n"


def test_a_config_gets_the_range_where_it_asks_for_it_as_soon_as_there_is_one():
    files = {"nginx.conf": "geo $x { @network@ 1; }", "other": "text"}
    assert placed(files, "172.16.3.0/24") == {"nginx.conf": "geo $x { 172.16.3.0/24 1; }", "other": "text"}
    assert placed(files, "") == files
