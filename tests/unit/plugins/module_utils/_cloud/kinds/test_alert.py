# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.alert import Alerts

from tests.unit.sandbox_api import SandboxApi, context, declaration

DROPLETS = {"app": {**declaration()["droplets"]["app"], "monitoring": True}}
CPU = {"type": "cpu", "value": 90, "emails": ["ops@example.com"]}
SECRET = "https://hooks.example.com/secret"
NAME = "shop-staging cpu"


def noun(api: SandboxApi, alert: dict | None, **changes) -> tuple[Alerts, dict]:
    alerts = {"cpu": alert} if alert else {}
    made = Alerts(context(api, alerts=alerts, alert_slack_url=SECRET, droplets=DROPLETS, **changes))
    return made, {listing: read() for listing, read in made.reads().items()}


def run(api: SandboxApi, alert: dict | None = CPU, **changes) -> list:
    made, account = noun(api, alert, **changes)
    steps = made.steps(account) + made.surplus(account)
    for step in steps:
        if step.apply:
            step.apply()
    return steps


def test_create_then_nothing():
    api = SandboxApi()
    (step,) = run(api)
    assert (step.action, step.name) == ("create", NAME)
    ((_, _, body),) = api.writes
    assert (body["type"], body["tags"], body["entities"]) == ("v1/insights/droplet/cpu", ["izzzi:shop:staging"], [])
    assert run(api)[0].action == "noop"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "load_5"}, "type"),
        ({"compare": "LessThan"}, "compare"),
        ({"value": 80}, "value"),
        ({"window": "1h"}, "window"),
        ({"group": "web"}, "tags"),
        ({"emails": ["other@example.com"]}, "emails"),
        ({"slack_channel": "#ops"}, "slack"),
        ({"enabled": False}, "enabled"),
    ],
)
def test_each_field_is_changed_in_place_and_the_webhook_is_not_shown(change, field):
    api = SandboxApi()
    run(api)
    (step,) = run(api, {**CPU, **change})
    assert (step.action, [c.field for c in step.changes]) == ("update", [field])
    assert SECRET not in json.dumps(step.show())
    assert run(api, {**CPU, **change})[0].action == "noop"


def test_surplus_is_what_has_our_name_and_tag():
    api = SandboxApi()
    run(api)
    others = {"type": "v1/insights/droplet/cpu", "compare": "GreaterThan", "value": 1, "window": "5m", "enabled": True}
    others |= {"entities": [], "alerts": {"email": ["ops@example.com"], "slack": []}}
    api.make("monitoring/alerts", **others, description="CPU Alert", tags=[])
    api.make("monitoring/alerts", **others, description="shop-staging other", tags=["izzzi:shop:production"])
    assert [step.name for step in run(api, state="absent")] == [NAME]
    assert len(api.rows("monitoring/alerts")) == 2


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        ({"type": "cpu", "value": 90}, "nobody would hear"),
        ({**CPU, "emails": ["ops"]}, "'ops' is not an address"),
        ({**CPU, "type": "cpus"}, "value of type must be one of"),
        ({**CPU, "type": "disk_utilization_percent", "value": 101}, "not a percentage"),
        ({**CPU, "group": "W"}, "not a group's name"),
        ({**CPU, "slack_channel": "#ops"}, "alert_slack_url"),
    ],
)
def test_bad_input_is_named(alert, words):
    shared = context(droplets=DROPLETS)
    declared = {**shared.declared, "alerts": {"cpu": alert}, "alert_slack_url": ""}
    (problem,) = Alerts.complete(declared, shared.names)
    assert words in problem


def test_who_hears_of_all_hears_of_an_alert_that_names_nobody():
    shared = context(droplets=DROPLETS)
    quiet, own = {"type": "cpu", "value": 90}, {**CPU, "emails": ["own@example.com"]}
    declared = {**shared.declared, "alerts": {"cpu": quiet, "own": own}, "alert_emails": ["all@example.com"]}
    assert Alerts.complete(declared, shared.names) == []
    assert [alert["emails"] for alert in declared["alerts"].values()] == [["all@example.com"], ["own@example.com"]]


def test_without_monitoring_there_is_nothing_to_measure():
    shared = context()
    (problem,) = Alerts.complete({**shared.declared, "alerts": {"cpu": CPU}}, shared.names)
    assert "no droplet has monitoring: true" in problem
