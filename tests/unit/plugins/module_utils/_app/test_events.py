# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import events


def test_an_event_is_one_file_for_root_alone(tmp_path):
    events.record("release_failed", "shop", "Release r2 is not live", detail="why", result="failed", root=tmp_path)
    [path] = events.waiting(tmp_path)
    found = json.loads(path.read_text())
    when = found.pop("when")
    assert found == {
        "kind": "release_failed",
        "app": "shop",
        "title": "Release r2 is not live",
        "detail": "why",
        "result": "failed",
    }
    assert when > 1.7e9
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_nothing_is_written_where_messages_are_off_and_nothing_fails(tmp_path):
    away = tmp_path / "events"
    events.record("disk", "", "full", root=away)
    assert not away.exists()
    events.record("gossip", "shop", "no such kind", root=tmp_path)
    assert not events.waiting(tmp_path)
    (tmp_path / "file").write_text("")
    events.record("disk", "", "full", root=tmp_path / "file" / "below")


def test_a_kind_that_there_is_not_is_named():
    with pytest.raises(ValueError, match=r"'gossip' is not a kind of event\. There are: release_live, "):
        events.event("gossip", "shop", "title")


def test_no_event_holds_a_secret(tmp_path):
    told = ("it said pa55word", "DATABASE_PASSWORD=hunter22\npostgres://shop:geheim@db/shop")
    events.record("job_failed", "shop", told[0], detail=told[1], hidden=["pa55word"], root=tmp_path)
    text = events.waiting(tmp_path)[0].read_text()
    assert not any(secret in text for secret in ("pa55word", "hunter22", "geheim"))


def test_a_title_is_one_line_and_a_long_detail_keeps_its_beginning_and_its_end():
    found = events.event("job_failed", "shop", "two\nlines", "first " + "x" * 9000 + " last")
    assert found["title"] == "two lines"
    assert len(found["detail"]) < events.DETAIL + 20
    assert found["detail"].startswith("first x")
    assert found["detail"].endswith("x last")


def test_only_so_many_wait_and_the_oldest_go(tmp_path):
    for number in range(events.LIMIT + 3):
        events.write(tmp_path, {"title": str(number)}, now=1000.0 + number)
    kept = [json.loads(path.read_text())["title"] for path in events.waiting(tmp_path)]
    assert kept == [str(number) for number in range(3, events.LIMIT + 3)]
