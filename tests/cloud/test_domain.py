# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain and its records against the sandbox: check, create, nothing, each field changed, shared, deleted."""

from __future__ import annotations

import copy

import pytest

from .conftest import Run, Sandbox, actions

FURTHER = [
    {"type": "MX", "data": "mail", "priority": 10},
    {"type": "MX", "data": "backup.example.org", "priority": 20},
    {"type": "TXT", "data": "v=spf1 mx -all"},
    {"type": "CAA", "data": "letsencrypt.org"},
    {"type": "CNAME", "name": "cdn", "data": "CDN.example.org."},
    {"type": "SRV", "name": "_sip._tcp", "data": "sip", "priority": 1, "weight": 2, "port": 5060},
    {"type": "AAAA", "name": "six", "data": "2001:DB8::7"},
    {"type": "NS", "name": "lab", "data": "ns1.example.org"},
]


@pytest.fixture
def declared(declared) -> dict:
    return {**declared, "domain": {"name": "izzzi.test", "records": FURTHER}}


def records(sandbox: Sandbox, domain: str = "izzzi.test") -> dict[str, list[str]]:
    """What is in the domain beside its own records, by type and name."""
    found: dict[str, list[str]] = {}
    for row in sandbox.api("GET", f"/v2/domains/{domain}/records?per_page=200")["domain_records"]:
        if row["type"] != "SOA" and (row["type"], row["name"]) != ("NS", "@"):
            found.setdefault(f"{row['type']} {row['name']}", []).append(row["data"])
    return {key: sorted(values) for key, values in found.items()}


def find(sandbox: Sandbox, kind: str, name: str) -> dict:
    rows = sandbox.api("GET", "/v2/domains/izzzi.test/records?per_page=200")["domain_records"]
    return next(row for row in rows if (row["type"], row["name"]) == (kind, name))


def test_check_create_nothing(sandbox: Sandbox, declared, run: Run):
    predicted = run(declared, check=True)
    assert sandbox.all("domains") == []
    made = run(declared)
    assert "failed" not in made, made
    assert (made["plan"], made["diff"]) == (predicted["plan"], predicted["diff"])
    (droplet,) = made["droplets"]
    assert records(sandbox) == {
        "A @": [droplet["public_ip"]],
        "A www": [droplet["public_ip"]],
        "A api": [droplet["public_ip"]],
        "MX @": ["backup.example.org", "mail.izzzi.test"],
        "TXT @": ["v=spf1 mx -all"],
        "CAA @": ["letsencrypt.org"],
        "CNAME cdn": ["cdn.example.org"],
        "SRV _sip._tcp": ["sip.izzzi.test"],
        "AAAA six": ["2001:db8::7"],
        "NS lab": ["ns1.example.org"],
        "TXT _izzzi.shop-staging": records(sandbox)["TXT _izzzi.shop-staging"],
    }
    assert made["outputs"]["dns_records"]["www.izzzi.test A"] == [droplet["public_ip"]]
    assert find(sandbox, "A", "www")["ttl"] == 300
    for check in (True, False):
        again = run(declared, check=check)
        assert (again["changed"], actions(again), again["api_calls"]) == (False, {}, 13)


def test_each_field_is_changed_in_place(sandbox: Sandbox, declared, run: Run):
    run(declared)
    before = sandbox.api("GET", "/v2/domains/izzzi.test/records?per_page=200")["domain_records"]
    changes = [
        {"priority": 15},
        {"data": "mx.example.org"},
        {"data": "v=spf1 -all"},
        {"tag": "issuewild"},
        {"data": "other.example.org"},
        {"weight": 7},
        {"data": "2001:db8::8"},
        {"ttl": 3600},
    ]
    changed = copy.deepcopy(declared)
    for record, change in zip(changed["domain"]["records"], changes, strict=True):
        record.update(change)
    predicted, done = run(changed, check=True), run(changed)
    assert predicted["plan"] == done["plan"]
    work = [step for step in done["plan"] if step["action"] != "noop"]
    assert [(step["action"], [c["field"] for c in step["changes"]]) for step in work] == [
        ("update", list(change)) for change in changes
    ]
    after = sandbox.api("GET", "/v2/domains/izzzi.test/records?per_page=200")["domain_records"]
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert not run(changed)["changed"]


def test_drift_by_hand_is_one_line_and_repaired(sandbox: Sandbox, declared, run: Run):
    run(declared)
    row = find(sandbox, "A", "www")
    sandbox.api("PUT", f"/v2/domains/izzzi.test/records/{row['id']}", {"type": "A", "data": "192.0.2.66"})
    sandbox.api("POST", "/v2/domains/izzzi.test/records", {"type": "A", "name": "blog", "data": "192.0.2.77"})
    assert actions(run(declared)) == {"record www.izzzi.test A": "update"}
    assert not run(declared)["changed"]
    assert records(sandbox)["A blog"] == ["192.0.2.77"], "what is not declared is not touched"


def test_records_follow_the_droplets(sandbox: Sandbox, declared, run: Run):
    declared["domain"] = {"name": "izzzi.test", "hosts": ["www"]}
    run(declared)
    declared["droplets"]["app"]["count"] = 2
    predicted, grown = run(declared, check=True), run(declared)
    assert predicted["plan"] == grown["plan"]
    assert records(sandbox)["A www"] == sorted(d["public_ip"] for d in grown["droplets"])
    declared["droplets"]["app"]["count"] = 1
    run({**declared, "prune": True})
    assert records(sandbox)["A www"] == [grown["droplets"][0]["public_ip"]]
    assert not run(declared)["changed"]


def test_two_environments_share_a_domain_but_no_name(sandbox: Sandbox, declared, run: Run):
    run(declared)
    mine = records(sandbox)
    theirs = {**declared, "environment": "production", "vpc": {"ip_range": "10.67.0.0/16"}}
    refused = run(theirs)
    assert refused["failed"]
    for name in (
        "www.izzzi.test A",
        "izzzi.test MX",
        "izzzi.test TXT",
        "belongs to the environment izzzi:shop:staging",
    ):
        assert name in refused["msg"]
    assert "lab.izzzi.test NS" in refused["msg"]
    theirs["domain"] = {
        "name": "izzzi.test",
        "hosts": ["live"],
        "records": [{"type": "TXT", "name": "live", "data": "x"}],
    }
    assert "failed" not in run(theirs)
    assert not run(declared)["changed"]
    assert not run(theirs)["changed"]
    assert run({**theirs, "prune": True})["changed"] is False
    gone = run({**theirs, "state": "absent"})
    assert "failed" not in gone, gone
    assert records(sandbox) == mine
    assert not run(declared)["changed"]


def test_prune_then_absent(sandbox: Sandbox, declared, run: Run):
    run(declared)
    fewer = {**declared, "domain": {"name": "izzzi.test", "hosts": ["@"], "records": FURTHER[:1]}}
    register = "record _izzzi.shop-staging.izzzi.test TXT"
    assert actions(run(fewer)) == {"record izzzi.test MX": "delete", register: "update"}, "of a name all is declared"
    assert not run(fewer)["changed"]
    pruned = run({**fewer, "prune": True})
    assert "failed" not in pruned, pruned
    assert set(records(sandbox)) == {"A @", "MX @", "TXT _izzzi.shop-staging"}
    assert not run({**fewer, "prune": True})["changed"]
    assert "failed" not in run({**fewer, "state": "absent"})
    assert sandbox.all("domains") == []
    assert not run({**fewer, "state": "absent"})["changed"]


def test_what_somebody_else_put_there_keeps_the_domain(sandbox: Sandbox, declared, run: Run):
    run(declared)
    sandbox.api("POST", "/v2/domains/izzzi.test/records", {"type": "A", "name": "blog", "data": "192.0.2.77"})
    run({**declared, "state": "absent"})
    assert records(sandbox) == {"A blog": ["192.0.2.77"]}


def test_bad_input_is_told_before_anybody_is_asked(sandbox: Sandbox, declared, run: Run):
    declared["domain"]["records"] = [{"type": "A", "data": "nowhere"}]
    before = sandbox.account()
    result = run(declared)
    assert "domain.records[0] (A @): data: " in result["msg"]
    assert sandbox.account() == before
