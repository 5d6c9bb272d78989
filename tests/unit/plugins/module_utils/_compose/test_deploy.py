# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import BAD, GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import deploy
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.deploy import Undone, carry_out, release, titled
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import read_all
from ansible_collections.izzzi.infra.plugins.module_utils._compose.transaction import JOURNAL

from tests.load import releases

from .engine import new

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1, services={"api": {"image": "x:1"}})
BEGIN = {"begin": lambda t: begin(t, "r1", "deploy")}


@pytest.fixture
def t(transaction, engine):
    engine.has(new("shop-blue", "api", "shop/api:r0"))
    return transaction(LIVE)


def test_each_step_stands_in_the_journal_while_it_is_taken(t):
    seen = []

    def look(t):
        seen.append(json.loads((t.app.directory / JOURNAL).read_text())["step"])
        return {"looked": len(seen)}

    said, seconds = carry_out(t, "r1", {**BEGIN, "files": look, "review": lambda t: None, "build": look}, lambda: None)
    assert seen == ["files", "build"]
    assert said == {"begin": {}, "files": {"looked": 1}, "build": {"looked": 2}}
    assert list(seconds) == ["begin", "files", "build"], "what had nothing to do is not told"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CommandError("docker ... exited with 1:\nno luck", "api"), "no luck"),
        (OSError(28, "No space left on device", "/opt/shop/x"), "/opt/shop/x: No space left on device"),
        (KeyError("colour"), "KeyError: 'colour'"),
    ],
)
def test_whatever_fails_is_undone_and_told_with_its_step_and_who_serves(t, transaction, error, words):
    def fail(_t):
        raise error

    with pytest.raises(Undone) as raised:
        carry_out(t, "r1", {**BEGIN, "files": lambda t: {}, "build": fail}, lambda: None)
    text = str(raised.value)
    assert text.startswith("Release r1 is not live: build | Build or pull the images\n")
    assert words in text
    assert "\nRelease r0 goes on serving." in text
    assert list(raised.value.steps) == ["begin", "files"]
    assert transaction().journal == {}
    assert read_all(t.app.directory)["r1"].state == BAD


def test_nothing_more_is_done_without_the_lock(t, transaction):
    """Somebody else has it, and has ended this run."""
    turns = iter([None, None])

    def still_ours():
        if next(turns, "over"):
            raise LeaseError("lost")

    def fail(_t):
        raise CommandError("x")

    with pytest.raises(LeaseError):
        carry_out(t, "r1", {**BEGIN, "files": lambda t: {}, "build": fail}, still_ours)
    assert transaction().journal["step"] == "files"
    turns = iter([None])
    with pytest.raises(LeaseError):  # it was lost while the step failed
        carry_out(t, "r1", {"build": fail}, still_ours)
    assert transaction().journal["step"] == "build"


def test_a_disk_too_full_to_renew_the_lock_does_not_stop_the_way_back(t, transaction):
    turns = iter([None, None])

    def still_ours():
        if next(turns, "full"):
            raise OSError(28, "No space left on device", "lease.json")

    with pytest.raises(Undone, match="No space left"):
        carry_out(t, "r1", {**BEGIN, "files": lambda t: {}, "build": lambda t: {}}, still_ours)
    assert transaction().journal == {}


def test_what_keeps_the_live_release_opens_no_transaction(t):
    said, _seconds = carry_out(t, "r0", {"data": lambda t: {"reasons": []}}, lambda: None)
    assert said == {"data": {"reasons": []}}
    assert not (t.app.directory / JOURNAL).exists()


def test_every_step_has_a_title_and_a_rollback_makes_nothing():
    steps = {**deploy.DEPLOY, **deploy.ROLLBACK, **deploy.KEEP}
    assert all(titled(step) for step in steps)
    assert not {"unpack", "review", "build", "backup", "migrate"} & set(deploy.ROLLBACK)
    assert [step for step in deploy.DEPLOY if step in deploy.ROLLBACK] == list(deploy.ROLLBACK), "in one order"


def test_the_proof_under_load_kills_a_run_at_every_step():
    assert ("begin", *deploy.DEPLOY) == releases.STEPS
    assert set(releases.STEPS) - set(releases.KILLED) == {"backup", "hand_over"}, "the proof's app has neither"


def test_a_release_is_told_by_its_steps_and_by_what_visitors_met(t, monkeypatch):
    ends = {
        "files": {"diff": []},
        "data": {"reasons": []},
        "switch": {"seconds": 3.0},
        "drain": {"seconds": 1.0, "cut": 2},
    }
    monkeypatch.setattr(deploy, "ROLLBACK", {name: lambda t, said=said: said for name, said in ends.items()})
    result = release(t, "r0", "rollback", lambda: None)
    assert (result["seconds"], result["drained"], result["cut"]) == (3.0, 1.0, 2)
    assert result["events"][-3].endswith("s switch | Switch the edge and prove who answers")
    assert result["events"][-1].startswith("Release r0 was live after 3.0 s.")
