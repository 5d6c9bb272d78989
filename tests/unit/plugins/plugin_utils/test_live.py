# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import progress
from ansible_collections.izzzi.infra.plugins.plugin_utils import live
from ansible_collections.izzzi.infra.plugins.plugin_utils.live import Live, line, split


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def written(monkeypatch):
    found = []
    monkeypatch.setattr(live, "write", found.append)
    return found


def soon(condition):
    for _each in range(500):
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come within 10 s")


def test_a_line_is_cut_before_its_seconds():
    assert line("docker", "Install packages", 3.4, 80) == "  docker: Install packages, 3 s"
    cut = line("docker", "x" * 200, 12, 80)
    assert len(cut) == 79
    assert cut.endswith("x, 12 s")


def test_a_state_and_a_line_of_output_are_told_apart():
    assert split("shop: healthy 1 of 2\n") == ("healthy 1 of 2", "")
    assert split("shop: | npm ci: done\n") == ("", "npm ci: done")


@pytest.fixture
def shown():
    clock = Clock()
    found = Live(shows_line=True, shows_output=True, width=lambda: 80, clock=clock)
    found._begin = lambda: None  # the test ticks
    yield found, clock
    found.end()


def test_what_a_host_says_replaces_the_tasks_name(shown, written, tmp_path):
    found, clock = shown
    path = tmp_path / "progress"
    found.show("app_compose", "Release")
    found.follow("web-1", ["tail", "-qn1", "-F", str(path)])
    found.tick()
    assert written[-1].endswith("app_compose: Release, 0 s")
    clock.now += 2
    with progress.reported("shop", detailed=True, path=path):
        progress.LOGGER.info("healthy 1 of 2")
        found.tick()
        soon(lambda: found._followers["web-1"].state)
        found.tick()
        assert written[-1].endswith("app_compose: healthy 1 of 2, 2 s")
        progress.LOGGER.debug("npm ci")
        soon(lambda: [text for text in written if text.endswith("npm ci\n")])
    process = found._followers["web-1"]._process
    found.forget("web-1")
    assert process.poll() is not None, "the reader has ended"


def test_several_hosts_are_named(shown, written, tmp_path):
    found, clock = shown
    found.show("backup", "Make it")
    for host in ("web-1", "web-2"):
        (tmp_path / host).write_text(f"shop: dump of {host}\n")
        found.follow(host, ["cat", str(tmp_path / host)])
    clock.now += 2
    found.tick()
    soon(lambda: all(follower.state for follower in found._followers.values()))
    found.tick()
    assert "web-1 dump of web-1; web-2 dump of web-2" in written[-1]


def test_a_host_that_cannot_be_asked_is_silent(shown, written):
    found, clock = shown
    found.show("backup", "Make it")
    found.follow("web-1", ["/no/such/program"])
    clock.now += 2
    found.tick()
    found.tick()
    assert written[-1].endswith("backup: Make it, 2 s")


def test_nothing_is_asked_where_nobody_looks(written):
    found = Live(shows_line=False, shows_output=False, width=lambda: 80)
    found.show("backup", "Make it")
    found.follow("web-1", ["sleep", "60"])
    assert found._followers == {}
    found.end()
    assert written == []


def test_while_somebody_types_no_line_moves(shown, written):
    found, _clock = shown
    found.show("init", "Look")
    found.tick()
    found.hush()
    assert written[-1] == live.CLEAR
    told = len(written)
    found.tick()
    assert len(written) == told
    found.show("init", "Write")
    found.tick()
    assert written[-1].endswith("init: Write, 0 s")
