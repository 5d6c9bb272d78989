# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.filter.merge_history import merge_history
from ansible_collections.izzzi.infra.plugins.module_utils._app import events, history
from ansible_collections.izzzi.infra.plugins.modules.history import main

WHO = {"user": "ada", "host": "laptop", "verb": "upgrade_database", "run": "r1"}
NOTE = {"action": "note", "app": "shop", "did": "upgrade", "what": "PostgreSQL 16 to 17", "who": WHO}
FAILED = {**NOTE, "result": "failed", "detail": "no room\nfor it", "kind": "release_failed"}


@pytest.fixture(autouse=True)
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "ROOT", tmp_path / "history")
    monkeypatch.setattr(events, "SPOOL", tmp_path)
    return tmp_path


def test_a_note_is_one_line_and_on_another_host_it_is_the_same(run_module, host):
    assert run_module(main, NOTE)["changed"] is False
    run_module(main, NOTE)
    found = run_module(main, {"action": "read", "app": "shop"})
    [line] = found["lines"]
    assert (line["verb"], line["did"], line["what"]) == ("upgrade_database", "upgrade", "PostgreSQL 16 to 17")
    assert found["text"][0].endswith("upgrade_database upgrade PostgreSQL 16 to 17, 0 s, ada@laptop")


def test_a_failure_keeps_its_first_words(run_module):
    run_module(main, FAILED)
    [line] = run_module(main, {"action": "read", "app": "shop"})["lines"]
    assert (line["result"], line["detail"]) == ("failed", "no room")


def test_nothing_is_written_in_a_check(run_module, host):
    run_module(main, FAILED, check=True)
    run_module(main, {"action": "add", "lines": [{"id": "x", "when": "y", "app": "shop"}]}, check=True)
    assert list(host.iterdir()) == []


def test_lines_of_another_manager_are_added_once(run_module, host, monkeypatch):
    run_module(main, NOTE)
    run_module(main, {**NOTE, "app": "", "did": "host", "what": "base"})
    lines = run_module(main, {"action": "read", "app": "shop"})["lines"]
    assert [line["app"] for line in lines] == ["shop", history.SERVER]
    monkeypatch.setattr(history, "ROOT", host / "other")
    for _time in range(2):
        run_module(main, {"action": "add", "lines": lines})
    assert run_module(main, {"action": "read", "app": "shop"})["lines"] == lines
    assert merge_history([lines, lines[:1]], 1)["lines"] == lines[1:]
    assert len(merge_history([lines, lines])["text"]) == 2


def test_a_file_that_cannot_be_written_is_a_warning(run_module, host):
    (host / "history").write_text("")
    done = run_module(main, NOTE)
    assert not done.get("failed")
    assert "cannot be written" in json.dumps(done["warnings"])
