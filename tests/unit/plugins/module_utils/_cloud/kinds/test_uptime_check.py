# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds import uptime_check as kind
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.uptime_check import UptimeChecks

from tests.unit.sandbox_api import SandboxApi, context

OPS = ["ops@example.com"]
SITE = {"target": "https://shop.test"}
SECRET = "https://hooks.example.com/secret"
NAME = "izzzi shop-staging site"
USUAL = [
    "certificate: ssl_expiry within 14 days for 5m, to ops@example.com",
    "down: down for 3m, to ops@example.com",
    "slow: latency above 2000 ms for 5m, to ops@example.com",
]


def noun(api: SandboxApi, site: dict | None, **changes) -> tuple[UptimeChecks, dict]:
    checks = {"site": site} if site else {}
    shared = context(api, uptime_checks=checks, alert_emails=OPS, alert_slack_url=SECRET, **changes)
    made = UptimeChecks(shared)
    account = {listing: read() for listing, read in made.reads().items()}
    return made, account | {listing: read() for listing, read in made.more_reads(account).items()}


def run(api: SandboxApi, site: dict | None = SITE, **changes) -> list:
    made, account = noun(api, site, **changes)
    steps = made.steps(account) + made.surplus(account)
    for step in steps:
        if step.apply:
            step.apply()
    return steps


def changes_of(step) -> dict:
    return {change.field: (change.before, change.after) for change in step.changes}


def alerts(api: SandboxApi) -> dict[str, dict]:
    (check,) = api.rows("uptime/checks")
    return {row["name"]: row for row in api.rows(f"uptime/checks/{check['id']}/alerts")}


def test_create_then_nothing():
    api = SandboxApi()
    (step,) = run(api)
    assert (step.action, step.name, step.cost_before, step.cost_after) == ("create", NAME, 0.0, 1.0)
    assert changes_of(step)["alerts"] == (None, USUAL)
    assert changes_of(step)["type"] == (None, "https")
    (again,) = run(api)
    assert (again.action, again.cost_before, again.cost_after) == ("noop", 1.0, 1.0)
    assert set(alerts(api)) == {f"{NAME} {short}" for short in ("down", "slow", "certificate")}
    assert "threshold" not in alerts(api)[f"{NAME} down"], "the API wants none for it"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": "https://shop.test/health"}, ["target"]),
        ({"regions": ["eu_west"]}, ["regions"]),
        ({"enabled": False}, ["enabled"]),
        ({"emails": ["other@example.com"]}, ["alerts"]),
        ({"slack_channel": "#ops"}, ["alerts"]),
        ({"alerts": {}}, ["alerts"]),
        ({"alerts": {"down": {"type": "down_global", "period": "10m"}}}, ["alerts"]),
        ({"alerts": {"slow": {"type": "latency", "threshold": 500}}}, ["alerts"]),
        ({"target": "http://shop.test"}, ["type", "target", "alerts"]),
        ({"target": "shop.test"}, ["type", "target", "alerts"]),
    ],
)
def test_each_field_is_changed_in_place_and_the_webhook_is_not_shown(change, field):
    api = SandboxApi()
    run(api)
    before = api.rows("uptime/checks")[0]["id"]
    (step,) = run(api, {**SITE, **change})
    assert (step.action, [c.field for c in step.changes]) == ("update", field)
    assert SECRET not in json.dumps(step.show())
    assert run(api, {**SITE, **change})[0].action == "noop"
    assert api.rows("uptime/checks")[0]["id"] == before


def test_an_alert_alone_is_changed_alone():
    api = SandboxApi()
    run(api)
    before = {name: row["id"] for name, row in alerts(api).items()}
    api.calls.clear()
    run(api, {**SITE, "alerts": {**kind.DOWN, **kind.CERTIFICATE, "slow": {"type": "latency", "threshold": 500}}})
    ((method, path, body),) = api.writes
    assert (method, path.rpartition("/")[2]) == ("PUT", before[f"{NAME} slow"])
    assert (body["threshold"], body["comparison"]) == (500, "greater_than")
    assert {name: row["id"] for name, row in alerts(api).items()} == before


def test_alerts_are_changed_by_hand_removed_and_doubled():
    api = SandboxApi()
    run(api)
    path = f"uptime/checks/{api.rows('uptime/checks')[0]['id']}/alerts"
    down, slow, _certificate = (alerts(api)[f"{NAME} {short}"] for short in ("down", "slow", "certificate"))
    copy = {key: value for key, value in down.items() if key != "id"}
    api.make(path, **copy)
    api.make(path, **{**copy, "name": f"{NAME} left"})
    api.ask("DELETE", f"/{path}/{slow['id']}")
    (step,) = run(api)
    before, after = changes_of(step)["alerts"]
    assert f"{USUAL[1]} (2 times)" in before
    assert "left: down for 3m, to ops@example.com" in before
    assert after == USUAL
    assert run(api)[0].action == "noop"
    assert len(api.rows(path)) == 3


def test_somebody_elses_alert_in_our_check_stays():
    api = SandboxApi()
    run(api)
    path = f"uptime/checks/{api.rows('uptime/checks')[0]['id']}/alerts"
    own = {"name": "mine", "type": "down", "period": "1h", "notifications": {"email": ["me@example.com"], "slack": []}}
    api.make(path, **own)
    assert run(api)[0].action == "noop"
    run(api, {**SITE, "alerts": {}})
    assert list(alerts(api)) == ["mine"]


@pytest.mark.parametrize("listing", ["uptime/checks", "alerts"])
def test_a_lost_reply_makes_nothing_twice(listing):
    api = SandboxApi()
    answer, lost = api.answer, []

    def lose(method, path, url, body):
        reply = answer(method, path, url, body)
        if method == "POST" and path.endswith(listing) and not lost:
            lost.append(path)
            return reply.__class__(503, {}, b"{}")
        return reply

    api.answer = lose
    run(api)
    assert lost
    assert (len(api.rows("uptime/checks")), len(alerts(api))) == (1, 3)
    assert run(api)[0].action == "noop"


def test_what_another_run_has_made_since_the_plan_is_not_made_again():
    """Two runs that change a check's alerts: the check itself is in both plans, so that no listing tells."""
    api = SandboxApi()
    run(api, {**SITE, "alerts": {}})
    made, account = noun(api, SITE)
    (late,) = made.steps(account)
    run(api, SITE)
    late.apply()
    assert len(alerts(api)) == 3


def test_surplus_is_what_has_our_name_and_the_second_of_a_name():
    api = SandboxApi()
    run(api)
    body = {"type": "https", "target": "https://x.test", "regions": ["us_east"], "enabled": True}
    others = ["shop-staging site", "izzzi shop-production site", "izzzi shop-staging-dev site", "site"]
    for name in [*others, "izzzi shop-staging old", NAME]:
        api.make("uptime/checks", name=name, **body)
    first = min(row["id"] for row in api.rows("uptime/checks") if row["name"] == NAME)
    (second,) = [row["id"] for row in api.rows("uptime/checks") if row["name"] == NAME and row["id"] != first]
    gone = [step for step in run(api) if step.action == "delete"]
    assert {step.name: (step.action, step.cost_before, step.cost_after) for step in gone} == {
        "izzzi shop-staging old": ("delete", 1.0, 0.0),
        f"{NAME} ({second})": ("delete", 1.0, 0.0),
    }
    assert {row["name"] for row in api.rows("uptime/checks")} == {NAME, *others}
    assert [step.name for step in run(api, state="absent")] == [NAME]
    assert {row["name"] for row in api.rows("uptime/checks")} == set(others)


def test_a_slash_that_the_api_adds_is_no_difference():
    row = {"type": "https", "regions": [], "enabled": True}
    assert kind.fields({**row, "target": "https://a.test/"}) == kind.fields({**row, "target": "https://a.test"})
    assert kind.fields({**row, "target": "https://a.test/b/"})["target"] == "https://a.test/b/"


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({"target": "https://u:p@shop.test"}, "has a login in it"),
        ({"target": "shop.test/health"}, "not a host's name"),
        ({"target": "https://"}, "not an https:// URL"),
        ({"target": "https://shop.test", "type": "http"}, "not an http:// URL"),
        ({**SITE, "regions": []}, "regions: it is empty"),
        ({**SITE, "regions": ["mars"]}, "regions must be one or more of"),
        ({**SITE, "emails": ["ops"]}, "'ops' is not an address"),
        ({**SITE, "slack_channel": "#ops"}, "alert_slack_url"),
        ({**SITE, "alerts": {"a": {"type": "latency"}}}, "None is not a number of milliseconds"),
        ({**SITE, "alerts": {"a": {"type": "ssl_expiry", "threshold": 0}}}, "0 is not a number of days"),
        ({**SITE, "alerts": {"a": {"type": "down", "threshold": 1}}}, "an alert of type down has none"),
        ({**SITE, "alerts": {"a": {"type": "up"}}}, "value of type must be one of"),
        ({**SITE, "alerts": {"a b": {"type": "down"}}}, "'a b' is not a name"),
        (
            {"target": "http://shop.test", "alerts": {"a": {"type": "ssl_expiry", "threshold": 9}}},
            "only a check of type https",
        ),
        ({}, "missing required arguments: target"),
    ],
)
def test_bad_input_is_named(site, words):
    shared = context()
    declared = {**shared.declared, "uptime_checks": {"site": site}, "alert_emails": OPS}
    (problem,) = UptimeChecks.complete(declared, shared.names)
    assert words in problem
    assert problem.startswith("uptime_checks.site")


def test_a_check_that_nobody_hears_of_is_refused_unless_it_has_no_alerts():
    shared = context()
    declared = {**shared.declared, "uptime_checks": {"site": SITE}}
    assert "provision_alert_emails" in str(UptimeChecks.complete(declared, shared.names))
    assert UptimeChecks.complete({**declared, "uptime_checks": {"site": {**SITE, "alerts": {}}}}, shared.names) == []


def test_its_id_is_an_output():
    api = SandboxApi()
    made, account = noun(api, SITE)
    made.steps(account)
    assert made.outputs() == {"uptime_check_ids": {"site": ""}}
    run(api)
    made, account = noun(api, SITE)
    made.steps(account)
    assert made.outputs() == {"uptime_check_ids": {"site": api.rows("uptime/checks")[0]["id"]}}
