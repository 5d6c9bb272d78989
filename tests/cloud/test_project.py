# SPDX-License-Identifier: GPL-3.0-or-later
"""A DigitalOcean project against the sandbox: check, create, nothing, each field changed, moved by hand, deleted."""

from __future__ import annotations

import pytest

from .conftest import Run, Sandbox, actions


@pytest.fixture
def declared(declared) -> dict:
    return {**declared, "domain": {"name": "izzzi.test"}, "do_project": {}}


def held(sandbox: Sandbox, name: str) -> set[str]:
    (project,) = (row for row in sandbox.all("projects") if row["name"] == name)
    rows = sandbox.api("GET", f"/v2/projects/{project['id']}/resources")["resources"]
    return {row["urn"] for row in rows}


def test_life(sandbox: Sandbox, declared, run: Run):
    predicted = run(declared, check=True)
    sandbox.api("DELETE", "/_sandbox/requests")
    made = run(declared)
    assert "failed" not in made, made
    assert made["plan"] == predicted["plan"]
    # How often a new droplet is asked after depends on how long it takes, not on us.
    requests = sandbox.api("GET", "/_sandbox/requests")["requests"]
    polls = [entry for entry in requests if entry["method"] == "GET" and "tag_name=" in entry["path"]]
    assert len(polls) >= 1
    # 30, the lock's two, and what would show that another run has made something since the plan.
    assert made["api_calls"] - len(polls) <= 37
    urns = {f"do:droplet:{made['droplets'][0]['id']}", "do:domain:izzzi.test"}
    assert held(sandbox, "shop-staging") == urns
    again = run(declared)
    assert (again["changed"], again["api_calls"]) == (False, 15)

    declared["do_project"] = {"description": "The shop", "purpose": "Shop", "environment": "Production"}
    (step,) = [step for step in run(declared)["plan"] if step["action"] != "noop"]
    assert {c["field"]: c["after"] for c in step["changes"]} == declared["do_project"]
    assert not run(declared)["changed"]

    (default,) = (row for row in sandbox.all("projects") if row["is_default"])
    sandbox.api("POST", f"/v2/projects/{default['id']}/resources", {"resources": ["do:domain:izzzi.test"]})
    assert actions(run(declared)) == {"project_resources shop-staging": "update"}
    assert held(sandbox, "shop-staging") == urns

    gone = run({**declared, "state": "absent"})
    assert "failed" not in gone, gone
    assert [row["name"] for row in sandbox.all("projects")] == [default["name"]]


def test_environments_that_share_a_domain_do_not_pull_it_to_and_fro(sandbox: Sandbox, declared, run: Run):
    run(declared)
    theirs = {**declared, "environment": "production", "vpc": {"ip_range": "10.67.0.0/16"}}
    theirs["domain"] = {"name": "izzzi.test", "hosts": ["live"]}
    assert "failed" not in run(theirs)
    assert not run(declared)["changed"]
    assert not run(theirs)["changed"]
    assert "do:domain:izzzi.test" in held(sandbox, "shop-staging")
    assert "do:domain:izzzi.test" not in held(sandbox, "shop-production")


def test_a_project_that_is_not_there_is_told_before_anything_is_made(sandbox: Sandbox, declared, run: Run):
    before = sandbox.account()
    result = run({**declared, "do_project": {"id": "no-such-project"}})
    assert "do_project.id: the account has no project with the id or name 'no-such-project'" in result["msg"]
    assert sandbox.account() == before
