# SPDX-License-Identifier: GPL-3.0-or-later
"""What DigitalOcean refuses is told by the plan; what it refuses all the same is told with what was written before."""

from __future__ import annotations

import pytest

from .conftest import Run, Sandbox, actions
from .gateway import Fault, gateway

SRV = {"type": "SRV", "name": "_imap._tcp", "priority": 0, "weight": 0, "port": 143}


def register(sandbox: Sandbox) -> str:
    rows = sandbox.api("GET", "/v2/domains/izzzi.test/records?per_page=200")["domain_records"]
    return " ".join(row["data"] for row in rows if row["name"] == "_izzzi.shop-staging")


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ({**SRV, "data": "."}, "domain.records[0] (SRV _imap._tcp): data: DigitalOcean refuses '.'"),
        ({"type": "MX", "data": ".", "priority": 0}, "domain.records[0] (MX @): data: DigitalOcean refuses '.'"),
        ({"type": "CAA", "data": ";"}, "domain.records[0] (CAA @): data: DigitalOcean refuses ';'"),
        ({"type": "CAA", "data": "pki.goog; validationmethods=dns-01"}, "nothing behind it: not 'pki.goog; valid"),
    ],
)
def test_a_record_that_would_be_refused_is_told_by_the_plan(sandbox: Sandbox, declared, run: Run, record, where):
    declared["domain"] = {"name": "izzzi.test", "hosts": ["@"], "records": [record]}
    for check in (True, False):
        result = run(declared, check=check)
        assert where in result["msg"]
        assert not result.get("changed")
    assert sandbox.all("domains") == []


def test_a_certificate_that_is_not_there_is_told_by_the_plan(sandbox: Sandbox, declared, run: Run):
    rule = {"entry_protocol": "https", "entry_port": 443, "target_protocol": "http", "target_port": 80}
    declared["load_balancer"] = {"forwarding_rules": [{**rule, "certificate_id": "c1"}]}
    result = run(declared, check=True)
    assert "forwarding_rules[0].certificate_id: the account has no certificate 'c1'. There are: none." in result["msg"]


def test_a_tag_keeps_its_first_spelling(sandbox: Sandbox, declared, run: Run):
    app = declared["droplets"]["app"]
    made = run({**declared, "droplets": {"app": {**app, "tags": ["MY-TAG", "Team"]}}})
    assert "failed" not in made, made
    other = {**declared, "droplets": {"app": {**app, "tags": ["my-tag", "team"]}}}
    for check in (True, False):
        result = run(other, check=check)
        assert (result.get("failed"), result["changed"], actions(result)) == (None, False, {})
    sandbox.api("POST", "/v2/tags", {"name": "Extra"})
    more = {**declared, "droplets": {"app": {**app, "tags": ["my-tag", "team", "EXTRA"]}}}
    predicted, done = run(more, check=True), run(more)
    assert predicted["plan"] == done["plan"]
    assert {"MY-TAG", "Team", "Extra"} <= set(sandbox.all("droplets")[0]["tags"])
    assert not run(more)["changed"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"region": "FRA1"}, "region: 'FRA1' is in upper case. DigitalOcean writes it 'fra1'."),
        ({"size": "S-1VCPU-1GB"}, "droplets.app.size: 'S-1VCPU-1GB' is in upper case. DigitalOcean writes it 's-1"),
        ({"image": "Debian-13-x64"}, "droplets.app.image: 'Debian-13-x64' is in upper case. DigitalOcean writes it"),
    ],
)
def test_a_slug_in_upper_case_is_refused_with_the_right_one(sandbox: Sandbox, declared, run: Run, changes, words):
    declared["region"] = changes.pop("region", "fra1")
    declared["droplets"]["app"].update(changes)
    assert words in run(declared, check=True)["msg"]


def test_a_region_that_is_none_is_told_once(sandbox: Sandbox, declared, run: Run):
    declared["region"] = "mars1"
    message = run(declared, check=True)["msg"]
    assert message.startswith("region: 'mars1' is not a region of DigitalOcean. ")
    assert "There are: ," not in message
    assert len(message.splitlines()) == 1


def test_what_slips_through_is_told_with_what_was_written_before(sandbox: Sandbox, declared, run: Run):
    body = b'{"id": "unprocessable_entity", "message": "Data is not what we like"}'
    declared["domain"] = {
        "name": "izzzi.test",
        "hosts": ["www"],
        "records": [{"type": "TXT", "data": "x"}, {"type": "TXT", "name": "two", "data": "y"}],
    }
    refused = Fault("POST", "/domains/izzzi.test/records", times=1, status=422, body=body)
    with gateway(sandbox.url, refused) as server:
        result = run({**declared, "api_url": server.url})
    first, written, what_next = result["msg"].splitlines()
    assert first.startswith("record ")
    assert first.endswith("could not be created. DigitalOcean refuses it (422): Data is not what we like.")
    assert written.startswith("Written before that (")
    assert "droplet shop-staging-app" in written
    assert what_next.endswith("run again: what was written is taken up.")
    assert result["changed"] is True
    assert register(sandbox).count(":") == 4 + 2, "the two that were made have an owner"
    assert run(declared)["changed"]
    assert not run(declared)["changed"]


def test_all_that_is_refused_is_told_at_once(sandbox: Sandbox, declared, run: Run):
    body = b'{"id": "unprocessable_entity", "message": "No"}'
    declared["domain"] = {"name": "izzzi.test", "hosts": ["www"], "records": [{"type": "TXT", "data": "x"}]}
    with gateway(sandbox.url, Fault("POST", "/domains/izzzi.test/records", times=2, status=422, body=body)) as server:
        result = run({**declared, "api_url": server.url})
    assert [line.split(" could")[0] for line in result["msg"].splitlines()[:2]] == [
        "record www.izzzi.test A",
        "record izzzi.test TXT",
    ]


def test_what_fails_before_anything_is_written_changes_nothing(sandbox: Sandbox, declared, run: Run):
    with gateway(sandbox.url, Fault("POST", "/", times=99, status=403)) as server:
        result = run({**declared, "api_url": server.url})
    assert "Nothing was written before that." in result["msg"]
    assert result["changed"] is False


def test_a_claim_of_a_run_that_failed_makes_nobody_elses_record_ours(sandbox: Sandbox, declared, run: Run):
    domain = {"name": "izzzi.test", "hosts": ["www"], "records": [{**SRV, "data": "mail.example.org"}]}
    run({**declared, "domain": {**domain, "records": []}})
    with gateway(sandbox.url, Fault("POST", "/domains/izzzi.test/records", status=422)) as server:
        assert run({**declared, "domain": domain, "api_url": server.url})["failed"]
    theirs = {**SRV, "data": "imap.example.org."}
    sandbox.api("POST", "/v2/domains/izzzi.test/records", theirs)
    pruned = run({**declared, "domain": {**domain, "records": []}, "prune": True})
    assert (pruned["changed"], actions(pruned)) == (False, {})
    gone = run({**declared, "domain": {**domain, "records": []}, "state": "absent"})
    assert "record _imap._tcp.izzzi.test SRV" not in actions(gone)
    rows = sandbox.api("GET", "/v2/domains/izzzi.test/records?per_page=200")["domain_records"]
    assert [row["data"] for row in rows if row["type"] in ("SRV", "A", "TXT")] == ["imap.example.org"]


def test_what_is_ours_and_not_declared_is_named_with_its_cost(sandbox: Sandbox, declared, run: Run):
    declared["droplets"]["app"]["monitoring"] = True
    full = {
        **declared,
        "reserved_ip": {"droplets": "app"},
        "load_balancer": {"group": "web"},
        "volumes": {"data": {"droplets": "app", "size": 10}},
        "alerts": {"cpu": {"type": "cpu", "value": 90, "emails": ["ops@example.com"]}},
        "uptime_checks": {"site": {"target": "https://izzzi.test", "emails": ["ops@example.com"]}},
        "domain": {"name": "izzzi.test", "hosts": ["www"]},
    }
    made = run(full)
    assert "failed" not in made, made
    plan = run(declared, check=True)
    kept = {f"{step['kind']} {step['name']}": step["monthly_cost"] for step in plan["plan"] if step["action"] == "keep"}
    ip = made["outputs"]["reserved_ip"]
    assert kept == {
        f"reserved_ip {ip}": 0.0,
        "load_balancer shop-staging-lb": 12.0,
        "volume shop-staging-app-data": 1.0,
        "alert shop-staging cpu": 0.0,
        "uptime_check izzzi shop-staging site": 1.0,
        "domain izzzi.test": 0.0,
        "record www.izzzi.test A": 0.0,
    }
    assert all(step["reason"] for step in plan["plan"] if step["action"] == "keep")
    assert (plan["changed"], plan["monthly_cost"]) == (False, {"before": 20.0, "after": 20.0})
    gone = run({**declared, "prune": True})
    assert "failed" not in gone, gone
    assert {step["name"] for step in gone["plan"] if step["action"] == "keep"} == {"shop-staging-app-data"}
    assert run(declared, check=True)["monthly_cost"] == {"before": 7.0, "after": 7.0}


def test_more_droplets_than_the_account_may_have_are_told_by_the_plan(sandbox: Sandbox, declared, run: Run):
    limit = sandbox.api("GET", "/v2/account")["account"]["droplet_limit"]
    declared["droplets"] = {"app": {"count": limit + 1, "size": "s-1vcpu-1gb", "image": "debian-13-x64"}}
    for check in (True, False):
        result = run(declared, check=check)
        said = f"account: it has 0 droplets, this plan makes {limit + 1} more, and its limit is {limit}."
        assert said in result["msg"], result["msg"]
    assert sandbox.all("droplets") == []
