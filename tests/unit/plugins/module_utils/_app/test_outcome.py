# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import events, history
from ansible_collections.izzzi.infra.plugins.module_utils._app.outcome import READS, Outcome

WHO = {"user": "ada", "host": "laptop", "verb": "site", "run": "r"}


class Host:
    """A host with both files, and what is live on it."""

    def __init__(self, root):
        self.root, self.spool, self.live, self.now = root / "history", root / "events", "r1", 1000.0
        self.spool.mkdir()

    def outcome(self, did, **more):
        places = {"root": self.root, "spool": self.spool, "clock": lambda: self.now, "live": lambda: self.live}
        return Outcome(WHO, "shop", did, **{**places, **more})

    @property
    def lines(self):
        return history.read("shop", root=self.root)

    @property
    def told(self):
        return [json.loads(path.read_text()) for path in events.waiting(self.spool)]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def release(host, **more):
    def act():
        host.live, host.now = "r2", host.now + 12
        return {"changed": True, "release": "r2", "new": True, **more}

    return act


def fail(error):
    def act():
        raise error

    return act


def test_a_release_is_noted_and_told(host):
    assert host.outcome("deploy").of(release(host))["release"] == "r2"
    [line] = host.lines
    assert (line["verb"], line["did"], line["from"], line["to"], line["result"]) == ("site", "deploy", "r1", "r2", "ok")
    assert line["seconds"] == 12
    [event] = host.told
    assert (event["kind"], event["title"]) == ("release_live", "shop: release r2 is live")
    assert event["detail"] == "12 s, by ada@laptop. Before: r1."


def test_what_changed_nothing_and_what_is_only_read_leaves_nothing(host):
    host.outcome("deploy").of(lambda: {"changed": False, "release": "r1", "new": False})
    host.outcome("plan").of(lambda: {"changed": True, "release": "r2", "new": True})
    host.outcome("deploy", writes=False).of(release(host))
    for did in READS:
        with pytest.raises(ValueError, match="no such service"):
            host.outcome(did).of(fail(ValueError("no such service")))
    assert not host.lines
    assert not host.told


def test_what_a_deploy_mends_is_noted_and_is_no_news(host):
    host.outcome("deploy").of(lambda: {"changed": True, "release": "r1", "new": False})
    assert len(host.lines) == 1
    assert not host.told


@pytest.mark.parametrize("did", ["plan", "deploy"])
def test_a_failure_is_noted_with_its_line_and_told_whole_without_secrets(host, did):
    why = "Release r2 is not live: prove | Prove it.\nit says pa55word\nFATAL: password authentication failed"
    with pytest.raises(RuntimeError):
        host.outcome(did, hidden=["pa55word"]).of(fail(RuntimeError("x")), lambda _error: why)
    [line] = host.lines
    assert (line["did"], line["result"], line["to"]) == ("deploy", "failed", "r1")
    assert line["detail"] == "Release r2 is not live: prove | Prove it."
    [event] = host.told
    assert (event["kind"], event["result"]) == ("release_failed", "failed")
    assert event["title"].startswith("shop: site failed on ")
    assert "FATAL: password" in event["detail"]
    assert "by ada@laptop" in event["detail"].lower()
    assert "pa55word" not in json.dumps(event)


@pytest.mark.parametrize("did", ["plan", "deploy"])
def test_what_a_killed_run_left_is_told_as_what_happened(host, did):
    recovered = "The run of r2 was killed (prove): undid it."
    host.outcome(did).of(lambda: {"changed": True, "recovered": recovered, "release": "r1", "new": False})
    assert host.told[0]["kind"] == "release_undone"
    assert host.told[0]["title"] == f"shop: {recovered}"
    assert host.lines[0]["detail"] == recovered
    assert host.lines[0]["did"] == ("undo" if did == "plan" else "deploy")


def test_a_run_that_a_signal_ends_is_noted(host):
    with pytest.raises(KeyboardInterrupt):
        host.outcome("stop").of(fail(KeyboardInterrupt()))
    assert host.lines[0]["detail"] == "It was ended by a signal."


def test_nothing_that_cannot_be_written_or_read_fails_a_verb(host, tmp_path):
    (tmp_path / "file").write_text("")

    def damaged():
        raise OSError("read error")

    outcome = host.outcome("deploy", root=tmp_path / "file" / "below", live=damaged)
    assert outcome.of(release(host))["changed"]
    assert [event["kind"] for event in host.told] == ["release_live"]
