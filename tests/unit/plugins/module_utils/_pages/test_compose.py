# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._pages import compose
from ansible_collections.izzzi.infra.plugins.module_utils._pages.document import Machine
from ansible_collections.izzzi.infra.plugins.module_utils._pages.settings import Settings

from tests.pages.facts import NEW, NOW, OLD, container, of_server, server_facts

OWN = Machine("app", NOW)
ABOUT = Settings("izzzi")


def test_the_live_colour_and_the_data_are_shown_and_what_is_kept_is_not():
    found = of_server()
    assert [(one.colour, one.service, one.state) for one in found.tasks] == [
        ("blue", "backend", "healthy"),
        ("blue", "frontend", "running"),
        ("", "postgres", "healthy"),
    ]
    assert {one.release for one in found.tasks if one.colour} == {OLD}
    assert found.tasks[2].image == "postgres:17"
    assert [(one.name, one.running, one.wanted) for one in found.services] == [
        ("backend", 1, 1),
        ("frontend", 1, 1),
        ("postgres", 1, 1),
    ]
    assert (found.live, found.colour, found.rollout) == (OLD, "blue", None)
    assert [(one.id, one.state, one.by) for one in found.releases] == [(OLD, "live", "ana@laptop")]


def test_a_rollout_shows_the_other_colour():
    found = of_server(rolling=True, step="healthy 1 of 2")
    assert {(one.service, one.state) for one in found.tasks if one.colour == "green"} == {
        ("backend", "healthy"),
        ("frontend", "starting"),
    }
    rollout = found.rollout
    assert (rollout.before, rollout.after, rollout.done, rollout.total) == (OLD, NEW, 1, 2)
    assert (rollout.by, rollout.step) == ("ana@laptop", "healthy 1 of 2")
    assert of_server(rolling=True).rollout.step == "start", "the journal's own, where no progress is told"


def test_a_killed_run_is_called_one():
    facts = replace(server_facts(rolling=True), lease=None)
    found = compose.document(facts, ABOUT, OWN, NOW).rollout
    assert (found.by, found.since, found.step) == ("", NOW - 30, "its run was killed; the next one undoes it")


@pytest.mark.parametrize(
    ("state", "status", "word"),
    [
        ("running", "Up 3 minutes (unhealthy)", "unhealthy"),
        ("running", "Up 3 minutes", "running"),
        ("restarting", "Restarting (1) 2 seconds ago", "starting"),
        ("exited", "Exited (1) 2 seconds ago", "stopped"),
        ("paused", "Up 3 minutes (Paused)", "stopped"),
        ("dead", "Dead", "stopped"),
    ],
)
def test_a_container_has_one_word(state, status, word):
    one = container("izzzi-blue", "backend", f"izzzi/backend:{OLD}", status, state=state)
    (found,) = compose.document(replace(server_facts(), containers=[one]), ABOUT, OWN, NOW).tasks
    assert found.state == word


def test_a_container_whose_image_has_lost_its_name_is_shown_without_release():
    one = container("izzzi-blue", "backend", "sha256:" + "a" * 64)
    (found,) = compose.document(replace(server_facts(), containers=[one]), ABOUT, OWN, NOW).tasks
    assert found.release == ""


def test_before_the_first_release_there_is_nothing():
    found = compose.document(compose.Facts([], {}), ABOUT, OWN, NOW)
    assert (found.live, found.tasks, found.services, found.releases) == ("", (), (), ())


def test_the_host_is_looked_at_as_a_release_leaves_it(tmp_path):
    class Engine:
        def get(self, path, **_more):
            assert path == "/containers/json", "only the list, which has no variables"
            return []

    app, edge = tmp_path / "app", tmp_path / "edge"
    (app / "releases" / OLD).mkdir(parents=True)
    edge.mkdir()
    manifest = Manifest(OLD, OLD, "f", GOOD, colour="blue", live_at=NOW)
    (app / "releases" / OLD / "release.json").write_text(json.dumps(asdict(manifest)))
    (app / "current").symlink_to(f"releases/{OLD}")
    settings = Settings("izzzi", "compose", str(app), str(edge))
    found = compose.look(Engine(), settings)
    assert (found.live.id, found.stopped, found.maintenance, found.lease) == (OLD, False, False, None)
    (app / "stopped.json").write_text("{}")
    (edge / "maintenance.conf").write_text("")
    found = compose.look(Engine(), settings)
    assert (found.stopped, found.maintenance) == (True, True)
    assert compose.neighbours() == {}
    assert compose.place(None, settings).as_posix() == "/run/izzzi-pages"
    assert not compose.is_elsewhere(None, None)
