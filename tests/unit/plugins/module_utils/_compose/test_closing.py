# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.maintenance import (
    HTTP,
    OPEN,
    PAGE,
    SERVER,
    asked,
    switch,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.closing import forget_stop, note_stop, stop_of

LIVE = Manifest("r0", "r0", "f", GOOD, services={"api": {"port": 4000}}, colour="blue", live_at=1)


@pytest.fixture
def t(transaction, engine, tmp_path):
    (tmp_path / "edge").mkdir()
    return transaction(LIVE, edge_directory=str(tmp_path / "edge"))


def pages(tmp_path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "edge").iterdir())


def test_a_stop_brings_a_page_that_goes_with_it(t, tmp_path):
    assert stop_of(t) == {}
    note_stop(t, "ann@shop")
    assert stop_of(t) == {"at": 1000.0, "by": "ann@shop"}
    assert pages(tmp_path) == sorted(OPEN)
    assert (tmp_path / "edge" / PAGE).stat().st_mode & 0o777 == 0o644
    assert t.token in (tmp_path / "edge" / SERVER).read_text(), "a release's own checks get through"
    note_stop(t, "bob")
    assert stop_of(t)["by"] == "ann@shop"
    assert forget_stop(t) is True
    assert (stop_of(t), pages(tmp_path), forget_stop(t)) == ({}, [], False)


def test_a_page_that_a_person_asked_for_stays(t, tmp_path):
    t.keep_token()
    by_hand = asked("shop", "present", "") | {"allow": ["203.0.113.7"]}
    switch(t.edge, by_hand, check_mode=False, directory=str(t.edge.directory), token=t.token)
    before = (tmp_path / "edge" / HTTP).read_text()
    note_stop(t, "ann")
    forget_stop(t)
    assert (tmp_path / "edge" / HTTP).read_text() == before
    assert "203.0.113.7/32 0;" in before
    assert t.edge.switch(OPEN) is True
    assert pages(tmp_path) == []


def test_a_damaged_note_is_a_note(t):
    (t.app.directory / "stopped.json").write_text("[")
    assert stop_of(t)["by"] == "somebody"


def test_an_app_without_a_site_has_no_page(transaction, engine):
    t = transaction(LIVE)
    note_stop(t, "ann")
    assert forget_stop(t) is True
