# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._pages import main as program
from ansible_collections.izzzi.infra.plugins.module_utils._pages.document import Document, Machine
from ansible_collections.izzzi.infra.plugins.module_utils._pages.settings import Settings
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError, NotInSwarm


class Runner(SimpleNamespace):
    """An app of one host, whose engine may fail."""

    error = None
    elsewhere = False

    def place(self, _engine, _settings):
        return self.directory

    def look(self, _engine, _settings):
        if self.error:
            raise self.error
        return "facts"

    def neighbours(self, _engine, _settings, _facts, _own):
        return {"worker": Machine("worker", 1.0)}

    def is_elsewhere(self, _engine, _error):
        return self.elsewhere

    def document(self, _facts, settings, own, now, step, by, machines):
        return Document(settings.app, settings.runner, own.name, now, live=",".join(machines))


@pytest.fixture
def writer(tmp_path):
    found = program.Writer(Settings("shop"), Runner(directory=tmp_path), None, clock=lambda: 50.0)
    found.own = Machine("app")
    return found


def read(writer, name="state.json"):
    return json.loads((writer.runner.directory / name).read_text())


def test_it_writes_what_anybody_may_read_whole_or_not_at_all(writer):
    writer.machines = {"worker": Machine("worker")}
    writer.write()
    assert (read(writer)["time"], read(writer)["live"]) == (50.0, "worker")
    assert read(writer, "node.json")["name"] == "app"
    assert {path.name for path in writer.runner.directory.iterdir()} == {"state.json", "node.json"}
    assert (writer.runner.directory / "state.json").stat().st_mode & 0o777 == 0o644


def test_an_engine_that_is_away_leaves_what_was_known_with_its_own_time(writer):
    writer.write()
    writer.clock = lambda: 99.0
    writer.runner.error = EngineError(0, "The Docker engine does not answer.")
    writer.write()
    assert (read(writer)["time"], read(writer)["problems"]) == (50.0, ["The Docker engine does not answer."])


def test_a_node_that_is_no_manager_any_more_takes_its_document_away(writer):
    writer.write()
    writer.runner.error, writer.runner.elsewhere = NotInSwarm(503, "not a manager"), True
    writer.write()
    assert [path.name for path in writer.runner.directory.iterdir()] == ["node.json"]


def test_before_there_is_a_place_nothing_is_written(writer, tmp_path):
    writer.runner.directory = None
    writer.write()
    assert list(tmp_path.iterdir()) == []


def test_other_apps_of_the_server_stand_in_the_same_document(tmp_path):
    settings = Settings("blog", others=(Settings("shop"),))
    found = program.Writer(settings, Runner(directory=tmp_path), None, clock=lambda: 50.0)
    found.write()
    assert read(found)["app"] == "blog"
    assert [other["app"] for other in read(found)["others"]] == ["shop"]


def test_what_changes_slowly_is_looked_at_beside_it(writer, monkeypatch):
    monkeypatch.setattr(program, "look", lambda app, now: Machine(f"host of {app}", now))
    monkeypatch.setattr(program, "makers", lambda app: {"r1": "ana"})
    assert writer.remember() is True
    assert (writer.own.name, writer.makers, list(writer.machines)) == ("host of shop", {"r1": "ana"}, ["worker"])


def test_it_sees_that_its_code_or_settings_have_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(program.places, "PLACE", tmp_path)
    before = program.stamps()
    assert len(before) > 20
    (tmp_path / "settings.json").write_text("{}")
    assert program.stamps() != before


def test_a_round_is_written_until_the_code_changes(writer, tmp_path, monkeypatch):
    (tmp_path / "settings.json").write_text(json.dumps({"app": "shop", "runner": "compose"}))
    seen = iter([[1], [2]])
    rounds = []
    monkeypatch.setattr(program.places, "read", lambda: Settings("shop"))
    monkeypatch.setattr(program, "stamps", lambda: next(seen))
    monkeypatch.setattr(program.time, "sleep", rounds.append)
    monkeypatch.setattr(program.Writer, "remember", lambda self: True)
    monkeypatch.setattr(program.Writer, "write", lambda self: None)
    program.main()
    assert rounds == [2.0] * 15
