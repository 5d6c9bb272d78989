# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on droplets, against the sandbox: check, create, nothing, each changed, drift, deleted."""

from __future__ import annotations

import pytest

from .conftest import Run, Sandbox, actions

ALERT = {"type": "cpu", "value": 90, "emails": ["ops@example.com"]}


@pytest.fixture
def declared(declared) -> dict:
    declared["droplets"]["app"]["monitoring"] = True
    return {
        **declared,
        "do_project": {},
        "reserved_ip": {"droplets": "app"},
        "load_balancer": {"group": "web"},
        "volumes": {"data": {"droplets": "app", "size": 10}},
        "alerts": {"cpu": ALERT},
        "alert_emails": ["ops@example.com"],
        "uptime_checks": {"site": {"target": "https://izzzi.test"}},
        "domain": {"name": "izzzi.test", "records": [{"type": "A", "name": "ssh", "target": "reserved_ip"}]},
    }


MADE = {
    "reserved_ip shop-staging-ip": "create",
    "load_balancer shop-staging-lb": "create",
    "volume shop-staging-app-data": "create",
    "alert shop-staging cpu": "create",
    "uptime_check izzzi shop-staging site": "create",
}


def test_life(sandbox: Sandbox, declared, run: Run):
    predicted, made = run(declared, check=True), run(declared)
    assert "failed" not in made, made
    assert made["plan"] == predicted["plan"]
    assert MADE.items() <= actions(made).items()
    (ip,), (balancer,), (volume,) = (sandbox.all(noun) for noun in ("reserved_ips", "load_balancers", "volumes"))
    (droplet,) = made["droplets"]
    assert (ip["droplet"]["id"], volume["droplet_ids"]) == (droplet["id"], [droplet["id"]])
    assert made["outputs"]["dns_records"]["www.izzzi.test A"] == [balancer["ip"]]
    assert made["outputs"]["dns_records"]["ssh.izzzi.test A"] == [ip["ip"]]
    project = made["outputs"]["project_id"]
    rows = sandbox.api("GET", f"/v2/projects/{project}/resources?per_page=200")["resources"]
    assert {row["urn"].split(":")[1] for row in rows} == {"droplet", "domain", "floatingip", "loadbalancer", "volume"}
    again = run(declared)
    assert (again["changed"], actions(again)) == (False, {})

    changed = {
        **declared,
        "load_balancer": {"group": "web", "size_unit": 2, "redirect_http_to_https": False},
        "volumes": {"data": {"droplets": "app", "size": 20}},
        "alerts": {"cpu": {**ALERT, "value": 80, "window": "10m"}},
        "uptime_checks": {"site": {"target": "https://izzzi.test", "regions": ["eu_west"]}},
    }
    done = run(changed)
    fields = {
        step["kind"]: [c["field"] for c in step["changes"]] for step in done["plan"] if step["action"] == "update"
    }
    assert fields == {
        "load_balancer": ["size_unit"],
        "volume": ["size"],
        "alert": ["value", "window"],
        "uptime_check": ["regions"],
    }
    assert not run(changed)["changed"]

    sandbox.api("POST", f"/v2/volumes/{volume['id']}/actions", {"type": "detach", "droplet_id": droplet["id"]})
    assert actions(run(changed)) == {"volume shop-staging-app-data": "update"}
    assert not run(changed)["changed"]

    fewer = {**changed, "reserved_ip": None, "load_balancer": None, "volumes": {}, "alerts": {}, "domain": None}
    fewer["uptime_checks"] = {}
    pruned = run({**fewer, "prune": True})
    assert "failed" not in pruned, pruned
    nouns = ("reserved_ips", "load_balancers", "volumes")
    assert [len(sandbox.all(noun)) for noun in nouns] == [0, 0, 1], "a volume holds data"
    assert sandbox.api("GET", "/v2/uptime/checks")["checks"] == []
    assert not run({**fewer, "prune": True})["changed"]
    gone = run({**fewer, "state": "absent", "delete_data": True})
    assert "failed" not in gone, gone
    assert sandbox.all("volumes") == []
    assert sandbox.api("GET", "/v2/monitoring/alerts")["policies"] == []
    assert sandbox.api("GET", "/v2/uptime/checks")["checks"] == []
