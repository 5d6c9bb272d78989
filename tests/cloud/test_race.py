# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs of one environment at once, over real HTTP: nothing is made twice, and who waits says for whom."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment_lock import Holder

from tests.cloud.module_process import spawn

from .conftest import Run, Sandbox
from .gateway import Fault, gateway

LOCK = "izzzi:shop:staging:lock"
SLOW = {"kind": "latency", "method": "POST", "path": "/v2/droplets", "seconds": 2, "times": None}


@pytest.fixture
def race(declared) -> dict[str, Any]:
    """Kinds of which the API would take a second one."""
    return {
        **declared,
        "droplets": {"app": {**declared["droplets"]["app"], "monitoring": True}},
        "reserved_ip": {"droplets": "app"},
        "domain": {"name": "shop.test", "records": [{"type": "TXT", "data": "x"}]},
        "alerts": {"cpu": {"type": "cpu", "value": 80, "emails": ["ops@shop.test"]}},
        "uptime_checks": {"site": {"target": "https://shop.test", "emails": ["ops@shop.test"]}},
    }


def grown(declaration: dict[str, Any], count: int, **more: Any) -> dict[str, Any]:
    return {**declaration, "droplets": {"app": {**declaration["droplets"]["app"], "count": count}}, **more}


def twins(sandbox: Sandbox) -> list[Any]:
    """What the account has more than once."""
    found: Counter[Any] = Counter(row["name"] for row in sandbox.all("droplets"))
    for domain in sandbox.all("domains"):
        rows = sandbox.api("GET", f"/v2/domains/{domain['name']}/records?per_page=200")["domain_records"]
        found.update((row["type"], row["name"], row["data"]) for row in rows)
    found.update(row["description"] for row in sandbox.api("GET", "/v2/monitoring/alerts")["policies"])
    for check in sandbox.api("GET", "/v2/uptime/checks")["checks"]:
        alerts = sandbox.api("GET", f"/v2/uptime/checks/{check['id']}/alerts")["alerts"]
        found.update([check["name"], *((check["name"], alert["name"]) for alert in alerts)])
    return [key for key, count in found.items() if count > 1]


def locks(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [row for row in sandbox.all("projects") if row["name"] == LOCK]


def until(ask: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_runs_at_once_make_nothing_twice(sandbox: Sandbox, race):
    sandbox.api("POST", "/_sandbox/faults", SLOW)
    for count in (1, 3):
        results = [run.result(120) for run in [spawn(grown(race, count)) for _ in range(2)]]
        assert not [result for result in results if result.get("failed")], results
        assert twins(sandbox) == []
        assert len(sandbox.all("droplets")) == count
        assert len(sandbox.all("reserved_ips")) == 1
        waited = [result for result in results if "warnings" in result]
        assert len(waited) == 1, results
        assert "for another run of this environment" in str(waited[0]["warnings"])
        assert sum(result["changed"] for result in results) == 1, "the second one had nothing left to do"
    assert locks(sandbox) == []


def test_a_plan_that_was_made_before_another_run_ended_is_made_anew(sandbox: Sandbox, race, run: Run):
    with gateway(sandbox.url, Fault("POST", "/projects", pause=6)) as server:
        late = spawn({**race, "api_url": server.url})
        until(lambda: server.count("POST", "/projects"))
        assert run(race)["changed"], "it comes in between: the other one has planned, and has no lock yet"
        result = late.result(60)
    assert not result.get("failed"), result
    assert not result["changed"]
    assert twins(sandbox) == []


def test_a_killed_run_on_this_machine_is_not_waited_for(sandbox: Sandbox, race, run: Run):
    sandbox.api("POST", "/_sandbox/faults", SLOW)
    killed = spawn(race)
    until(lambda: locks(sandbox))
    killed.kill()
    time.sleep(2.5)  # what it asked for last is done all the same
    started = time.monotonic()
    result = run(race)
    assert not result.get("failed"), result
    assert "ended without giving its lock back" in str(result["warnings"])
    assert time.monotonic() - started < 15
    assert twins(sandbox) == []
    assert locks(sandbox) == []


def foreign(sandbox: Sandbox, seconds: float) -> None:
    """A lock that a run on another machine holds for so long."""
    body = {"name": LOCK, "purpose": "Operational / Developer tooling"}
    holder = Holder("eva@laptop", 4711, "elsewhere-1", "r1", time.time() + seconds)
    sandbox.api("POST", "/v2/projects", {**body, "description": holder.text()})


def test_a_run_on_another_machine_is_waited_for_and_named(sandbox: Sandbox, declared, run: Run):
    foreign(sandbox, 600)
    refused = run({**declared, "wait_timeout": 2})
    assert refused["failed"]
    assert "eva@laptop (process 4711) is changing this environment" in refused["msg"]
    assert LOCK in refused["msg"]
    assert sandbox.all("droplets") == []


def test_a_lock_whose_lease_is_over_is_taken(sandbox: Sandbox, declared, run: Run):
    foreign(sandbox, 4)
    started = time.monotonic()
    result = run(declared)
    assert not result.get("failed"), result
    assert time.monotonic() - started > 2
    assert "eva@laptop (process 4711) ended without" in str(result["warnings"])
    assert locks(sandbox) == []


def test_a_lock_that_somebody_has_described_anew_counts_from_its_creation(sandbox: Sandbox, declared, run: Run):
    sandbox.api("POST", "/v2/projects", {"name": LOCK, "purpose": "x", "description": "what is this?"})
    refused = run({**declared, "wait_timeout": 2})
    assert "somebody (process 0) is changing" in refused["msg"]


def test_a_plan_and_a_run_without_work_take_no_lock(sandbox: Sandbox, race, run: Run):
    with gateway(sandbox.url) as server:
        through = {**race, "api_url": server.url}
        run(through, check=True)
        assert server.count("POST", "/projects") == 0
        run(through)
        assert (server.count("POST", "/projects"), server.count("DELETE", "/projects")) == (1, 1)
        foreign(sandbox, 600)  # not even looked at
        assert not run(through)["changed"]
        assert run(grown(through, 2), check=True)["changed"]
        assert (server.count("POST", "/projects"), server.count("DELETE", "/projects")) == (1, 1)
        assert server.count("GET", "/projects") == 0


def test_a_failed_run_gives_the_lock_back(sandbox: Sandbox, declared, run: Run):
    sandbox.api(
        "POST", "/_sandbox/faults", {"kind": "status", "status": 422, "method": "POST", "path": "/v2/firewalls"}
    )
    assert run(declared)["failed"]
    assert locks(sandbox) == []


def test_a_token_that_may_make_no_project_works_without_a_lock(sandbox: Sandbox, declared, run: Run):
    fault = {"kind": "status", "status": 403, "method": "POST", "path": "/v2/projects"}
    sandbox.api("POST", "/_sandbox/faults", fault)
    result = run(declared)
    assert result["changed"]
    assert "project:create" in str(result["warnings"])
    assert len(sandbox.all("droplets")) == 1


def test_a_lost_reply_does_not_make_a_run_wait_for_itself(sandbox: Sandbox, declared, run: Run):
    with gateway(sandbox.url, Fault("POST", "/projects", lose_reply=True)) as server:
        result = run({**declared, "api_url": server.url})
    assert result["changed"]
    assert "warnings" not in result
    assert locks(sandbox) == []


def test_a_lock_that_cannot_be_given_back_is_told_and_ends_by_itself(sandbox: Sandbox, declared, run: Run):
    fault = {"kind": "status", "status": 403, "method": "DELETE", "path": "/v2/projects/*"}
    sandbox.api("POST", "/_sandbox/faults", fault)
    result = run(declared)
    assert result["changed"]
    assert "could not be taken away" in str(result["warnings"])
    (lock,) = locks(sandbox)
    until_moment = datetime.strptime(lock["description"].split("until ")[1][:20], "%Y-%m-%dT%H:%M:%SZ")
    assert until_moment < datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=200)


def test_destroying_an_environment_leaves_no_lock(sandbox: Sandbox, race, run: Run):
    run(race)
    gone = run({**race, "state": "absent"})
    assert not gone.get("failed"), gone
    assert locks(sandbox) == []
    assert sandbox.all("droplets") == []


def test_two_environments_make_the_key_that_they_share_once(sandbox: Sandbox, race, run: Run):
    with gateway(sandbox.url, Fault("POST", "/account/keys", pause=3)) as server:
        late = spawn({**race, "api_url": server.url})
        until(lambda: server.count("POST", "/account/keys"))
        other = {**race, "environment": "dev", "vpc": {"ip_range": "10.67.0.0/16"}}
        assert "failed" not in run(other)
        result = late.result(60)
    assert not result.get("failed"), result
    assert len(sandbox.all("account/keys")) == 1
