# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import events
from ansible_collections.izzzi.infra.plugins.module_utils._notify.outbox import DAY, LONGEST, Outbox, pause, shown
from ansible_collections.izzzi.infra.plugins.module_utils._notify.settings import Settings

SLACK, MAIL = "slack://geheimA/geheimB/geheimC", "mailto://me:pa55word@example.com"


class World:
    def __init__(self, spool):
        self.spool, self.now, self.away, self.sent, self.said = spool, 1000.0, {}, [], []
        self.count = 0

    def send(self, url, title, body, result):
        if self.away.get(url):
            return self.away[url]
        self.sent.append((url, title, body, result))
        return ""

    def outbox(self, urls=(SLACK, MAIL), **more):
        told = {"host": "web-1", "spool": self.spool, "clock": lambda: self.now, "say": self.said.append}
        return Outbox(Settings("shop-production", urls=urls, **more), self.send, lambda text: text, **told)

    def event(self, title, kind="release_live", result="ok", detail=""):
        self.count += 1
        when = self.now + self.count / 1e4  # no two in one instant
        events.write(self.spool, {"kind": kind, "title": title, "detail": detail, "result": result}, when)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_each_address_gets_each_event_once(world):
    world.event("release r2 is live", detail="34 s")
    assert world.outbox().step() is None
    message = ("shop-production: release r2 is live", "34 s\nweb-1", "ok")
    assert world.sent == [(SLACK, *message), (MAIL, *message)]
    assert not events.waiting(world.spool)
    assert world.outbox().step() is None
    assert len(world.sent) == 2


def test_a_burst_is_one_message_and_as_bad_as_its_worst(world):
    world.event("first")
    world.event("second", result="failed")
    world.outbox([SLACK]).step()
    assert world.sent == [(SLACK, "shop-production: 2 messages", "- first\n- second\nweb-1", "failed")]


def test_who_is_away_holds_nobody_up_and_gets_it_later_once(world):
    world.away[SLACK] = "does not answer"
    world.event("first")
    outbox = world.outbox()
    assert outbox.step() == 30
    world.event("second")
    assert outbox.step() == 30
    assert [(url, title) for url, title, *_more in world.sent] == [
        (MAIL, "shop-production: first"),
        (MAIL, "shop-production: second"),
    ]
    assert world.said == ["notify_urls[0] (slack) does not answer. 1 wait, for 30 s."]
    world.now += 30
    assert outbox.step() == 60
    world.away.clear()
    world.now += 60
    assert outbox.step() is None
    assert world.sent[2:] == [(SLACK, "shop-production: 2 messages", "- first\n- second\nweb-1", "ok")]


def test_what_another_run_has_sent_is_not_sent_again(world):
    world.away[SLACK] = "answers 500"
    world.event("first")
    world.outbox().step()
    world.away.clear()
    world.outbox().step()
    assert [url for url, *_message in world.sent] == [MAIL, SLACK]


def test_pauses_grow_up_to_half_an_hour():
    assert [pause(number) for number in (1, 2, 3, 7, 99)] == [30, 60, 120, LONGEST, LONGEST]


def test_what_nobody_took_for_a_day_is_given_up_and_the_journal_says_so(world):
    world.away = {SLACK: "does not answer"}
    world.event("first")
    outbox = world.outbox([SLACK])
    outbox.step()
    world.now += DAY + 1
    assert outbox.step() is None
    assert world.said[-1] == "Given up after a day: first"
    assert not events.waiting(world.spool)


def test_kinds_that_are_off_and_damaged_files_go_unsent(world):
    world.event("first", kind="disk")
    (world.spool / "1-half.json").write_text('{"kind": "dis')
    (world.spool / "2-list.json").write_text("[]")
    assert world.outbox(off=["disk"]).step() is None
    assert not world.sent
    assert not events.waiting(world.spool)


def test_an_address_that_is_declared_no_more_gets_nothing(world):
    world.away = {SLACK: "does not answer"}
    world.event("first")
    world.outbox().step()
    assert world.outbox([MAIL]).step() is None


def test_nothing_that_is_said_or_kept_holds_an_address(world):
    world.away = {SLACK: "answers 500"}
    world.event("first")
    world.outbox().step()
    kept = "".join(path.read_text() for path in events.waiting(world.spool))
    told = json.dumps(world.said) + kept + shown(0, SLACK) + shown(1, MAIL)
    assert not any(secret in told for secret in ("geheim", "pa55word", "example.com"))
