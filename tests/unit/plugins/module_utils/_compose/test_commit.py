# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import commit as committing
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1)


def test_a_commit_moves_the_link_and_closes_the_journal(transaction, monkeypatch):
    t = transaction(LIVE)
    begin(t, "r1", "deploy")
    monkeypatch.setattr(committing, "tidy", lambda _t: None)  # asks Docker
    committing.commit(t)
    later = transaction()
    assert (later.live.id, later.live.colour, later.live.state) == ("r1", "green", GOOD)
    assert later.journal == {}
