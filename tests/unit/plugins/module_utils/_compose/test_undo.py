# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.release import BAD, GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import undo as undoing
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import read_all

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1)


def test_without_a_journal_there_is_nothing_to_undo(transaction):
    t = transaction(LIVE)
    assert undoing.undo(t, "x") == {"changed": False, "live": "r0", "restored": [], "trouble": []}
    assert undoing.recover(t) == ""


def test_files_that_a_killed_run_was_writing_are_gone_and_others_stay(transaction, tmp_path):
    edge = tmp_path / "edge"
    t = transaction(LIVE, edge_directory=str(edge))
    names = ["blue/..env.new", "data-before/.compose.yml.new", ".transaction.json.new", "releases/r0/.release.json.new"]
    halves = [*(t.app.directory / name for name in names), edge / ".http.conf.new"]
    others = [t.app.directory / "blue/.env", t.app.directory / "releases/r0/source/.secret.new", edge / ".other.new"]
    for path in (*halves, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("TOKEN=")
    undoing.recover(t)
    assert [path for path in halves if path.exists()] == []
    assert [path for path in others if not path.exists()] == []


def test_every_part_is_tried_and_the_journal_stays_while_one_fails(transaction):
    """This host has no Docker, so that containers cannot be looked at: the next run tries again."""
    t = transaction(LIVE)
    begin(t, "r1", "deploy")
    result = undoing.undo(t, "no luck\nmore")
    assert [line.partition(":")[0] for line in result["trouble"]] == [
        "could not start the old release",
        "could not remove the candidate's containers",
        "could not mark the release",
    ]
    assert transaction().journal["release"] == "r1"


def test_a_bad_release_is_marked_with_its_reason_and_loses_its_files(transaction, monkeypatch):
    t = transaction(LIVE)
    begin(t, "r1", "deploy")
    (t.app.release_directory("r1") / "source").mkdir()
    monkeypatch.setattr(undoing, "remove_images", lambda _t, _release: None)  # asks Docker
    undoing._mark(t, "api: its container exited with 3.\nmore")
    marked = read_all(t.app.directory)["r1"]
    assert (marked.state, marked.reason) == (BAD, "api: its container exited with 3.")
    assert not (t.app.release_directory("r1") / "source").exists()


def test_a_kept_release_that_did_not_come_back_stays_good(transaction):
    kept = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1)
    t = transaction(kept)
    begin(t, "r0", "rollback")
    undoing._mark(t, "x")
    assert read_all(t.app.directory)["r0"].state == GOOD
