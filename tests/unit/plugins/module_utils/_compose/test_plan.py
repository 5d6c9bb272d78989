# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.plan import plan

DATA = {
    "data_services": {"redis": {"image": "redis:8", "environment": {"P": "${REDIS_OWNER_PASSWORD}"}}},
}


def test_an_empty_host_gets_everything_in_blue(transaction):
    t = transaction(app=DATA, redis={"service": "redis"}, redis_password="p")
    result = plan(t)
    assert (result["release"], result["new"], result["colour"]) == ("20260105-aaaa", True, "blue")
    assert [reason.rpartition("/")[2] for reason in result["reasons"]] == ["compose.yml differs", ".env differs"]
    assert not any(t.app.directory.iterdir()), "a plan writes nothing"


def test_a_changed_secret_is_a_release_of_its_own(transaction):
    first = transaction()
    live = Manifest("20260105-aaaa", "20260105-aaaa", first.fingerprint, GOOD, colour="blue", live_at=1)
    t = transaction(live, app={"secrets": {"TOKEN": "new"}})
    result = plan(t)
    assert (result["new"], result["colour"], result["live"]) == (True, "green", "20260105-aaaa")
    assert result["release"] == f"20260105-aaaa-{t.fingerprint[:6]}"
