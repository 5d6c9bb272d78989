# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError, NoEngine
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.run import placed
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task


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


@pytest.mark.parametrize(("version", "keeps"), [("1.41", False), ("1.43", False), ("1.44", True), ("2.0", True)])
def test_engines_from_25_on_keep_the_interval_of_the_start(version, keeps):
    engine = Networks(looks=0)
    engine.get = lambda path: {"/version": {"ApiVersion": version}}[path]
    assert Swarm(engine, "shop").keeps_start_interval is keeps
    assert Swarm(NoEngine(), "shop").keeps_start_interval


def test_that_there_are_no_logs_is_none_of_the_tasks_words():
    engine = Networks(looks=0)
    engine.logs = lambda *_path, **_query: "it said\nError grabbing logs: rpc error: task t has not been scheduled\n"
    assert Swarm(engine, "shop").logs("t") == "it said\n"


def test_a_config_gets_the_range_where_it_asks_for_it_as_soon_as_there_is_one():
    files = {"nginx.conf": "geo $x { @network@ 1; }", "other": "text"}
    assert placed(files, "172.16.3.0/24") == {"nginx.conf": "geo $x { 172.16.3.0/24 1; }", "other": "text"}
    assert placed(files, "") == files


def test_only_an_address_in_the_apps_network_counts():
    task = Task("t", addresses={"other": ("172.16.2.7",), "shop": ("172.16.1.7",)})
    assert Swarm(Networks(looks=0), "shop").address(task) == "172.16.1.7"
    assert Swarm(Networks(looks=0), "shop").address(Task("t")) == ""


def test_tasks_that_still_stop_on_a_volume_are_found_whatever_service_they_were_of():
    class Tasks:
        def get(self, path, filters=None):
            assert (path, filters) == ("/tasks", {})
            mounts = [{"Type": "volume", "Source": "shop_db", "Target": "/data"}]
            other = [{"Type": "volume", "Source": "shop_files", "Target": "/data"}]
            given = [("a", "remove", mounts), ("b", "running", mounts), ("c", "shutdown", other)]
            return [{"ID": id, "DesiredState": d, "Spec": {"ContainerSpec": {"Mounts": m}}} for id, d, m in given]

    assert [task.id for task in Swarm(Tasks(), "shop").leaving({"shop_db"})] == ["a"]
