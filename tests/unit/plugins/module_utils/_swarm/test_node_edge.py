# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm import node_edge

FILES = {"http-maintenance.conf": "geo\n", "maintenance.conf": "set\n"}


@pytest.fixture
def docker(monkeypatch, tmp_path):
    """A node's Docker: what it was asked, and what it answers by the words that follow `docker`."""
    asked: list[list[str]] = []
    answers = {"volume inspect": f"{tmp_path}\n", "ps": "aaaa\nbbbb\n", "network inspect": "172.18.0.1 \n"}

    def run(argv, **_more):
        asked.append(argv)
        answer = next((answer for words, answer in answers.items() if " ".join(argv[1:]).startswith(words)), "")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(node_edge, "run", run)
    run.asked, run.answers = asked, answers
    return run


def test_tasks_only_read_its_files():
    assert node_edge.mount("shop")["Source"] == "shop_edge.files"
    assert node_edge.mount("shop")["ReadOnly"] is True


def test_each_task_on_the_node_tests_and_reloads(docker, tmp_path):
    edge = node_edge.find("shop")
    assert edge.switch(FILES) is True
    assert (tmp_path / "maintenance.conf").read_text() == "set\n"
    done = [argv[2:] for argv in docker.asked if argv[1] == "exec"]
    assert done == [
        ["aaaa", "nginx", "-q", "-t"],
        ["bbbb", "nginx", "-q", "-t"],
        ["aaaa", "nginx", "-q", "-s", "reload"],
        ["bbbb", "nginx", "-q", "-s", "reload"],
    ]
    assert "--filter=label=com.docker.swarm.service.name=shop_edge" in docker.asked[1]
    assert edge.switch(FILES) is False


def test_what_nginx_refuses_is_taken_back(docker, tmp_path):
    docker.answers["exec aaaa nginx -q -t"] = CommandError("unknown directive")
    with pytest.raises(CommandError, match="unknown directive"):
        node_edge.find("shop").switch(FILES)
    assert list(tmp_path.iterdir()) == []


def test_a_node_without_an_edge_has_nothing_to_close(docker):
    docker.answers["volume inspect"] = CommandError("Error: No such volume: shop_edge.files")
    assert node_edge.find("shop") is None
    on_a_manager = "Error response from daemon: volume shop_edge.files not found"
    docker.answers["volume inspect"] = CommandError(on_a_manager)
    assert node_edge.find("shop") is None
    docker.answers["volume inspect"] = CommandError("Cannot connect to the Docker daemon")
    with pytest.raises(CommandError, match="Cannot connect"):
        node_edge.find("shop")


def test_the_node_itself_is_let_in(docker):
    assert node_edge.own_addresses() == ["172.18.0.1"]
    docker.answers["network inspect"] = CommandError("no such network")
    assert node_edge.own_addresses() == []


def test_the_volume_goes_when_the_last_container_has_gone(docker, monkeypatch):
    docker.answers["ps"] = "aaaa\n"

    def sleep(_seconds):
        docker.answers["ps"] = ""

    node_edge.remove("shop", clock=lambda: 0.0, sleep=sleep)
    assert docker.asked[0] == docker.asked[1] == ["docker", "ps", "--all", "--quiet", "--filter=volume=shop_edge.files"]
    assert docker.asked[2:] == [["docker", "volume", "rm", "shop_edge.files"]]
