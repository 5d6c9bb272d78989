# SPDX-License-Identifier: GPL-3.0-or-later
"""main() with the API in memory: state x what exists x check mode. Over real HTTP: tests/cloud."""

from __future__ import annotations

import dataclasses
import functools
import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import transport
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.modules import environment
from ansible_collections.izzzi.infra.plugins.modules.environment import main
from izzzi_sandbox.account.records import Firewall

from tests.unit.sandbox_api import TOKEN, URL, SandboxApi, declaration


@pytest.fixture
def api(monkeypatch) -> SandboxApi:
    api = SandboxApi()
    monkeypatch.setattr(transport, "https", lambda ca_path: api)
    monkeypatch.setattr(environment, "Environment", functools.partial(Environment, sleep=lambda seconds: None))
    return api


@pytest.fixture
def run(run_module, api):
    def run(*, check: bool = False, **changes) -> dict:
        arguments = {**declaration(**changes), "api_url": URL, "api_token": TOKEN, "_ansible_diff": True}
        result = run_module(main, arguments, check=check)
        assert TOKEN not in json.dumps(result)
        return result

    return run


@pytest.fixture
def two(run) -> None:
    """The account has one droplet more than is declared."""
    droplets = declaration()["droplets"]
    run(droplets={"app": {**droplets["app"], "count": 2}})


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("state", "exists", "actions"),
    [
        ("present", False, {"create"}),
        ("present", True, {"noop"}),
        ("absent", False, set()),
        ("absent", True, {"delete", "keep"}),  # the account's key stays
    ],
)
def test_state_exists_check(api, run, state, exists, actions, check):
    if exists:
        run()
    api.calls.clear()
    result = run(state=state, check=check)
    assert {step["action"] for step in result["plan"]} == actions
    assert result["changed"] is bool(actions - {"noop", "keep"})
    assert bool(api.writes) is (result["changed"] and not check)
    assert result["api_calls"] == len(api.calls)
    assert bool(result["diff"]["before"] or result["diff"]["after"]) is result["changed"]


@pytest.mark.parametrize(
    "changes", [{}, {"state": "absent"}, {"vpc": {"ip_range": "10.66.0.0/16", "description": "x"}}]
)
@pytest.mark.parametrize("exists", [False, True])
def test_check_mode_predicts_the_run(run, changes, exists):
    if exists:
        run()
    predicted, done = run(check=True, **changes), run(**changes)
    assert (predicted["plan"], predicted["diff"], predicted["changed"]) == (done["plan"], done["diff"], done["changed"])


def test_outputs(run):
    (droplet,) = run()["droplets"]
    outputs = run()["outputs"]
    assert outputs["ssh_command"] == {"shop-staging-app": f"ssh deploy@{droplet['public_ip']}"}
    assert set(outputs["firewall_ids"]) == {"web"}
    assert outputs["vpc_id"]


def test_surplus_is_refused_without_prune(api, run, two):
    api.calls.clear()
    result = run()
    assert result["failed"]
    assert "shop-staging-app-2" in result["msg"]
    assert api.writes == []


def test_problems_of_the_declaration_are_told_before_anybody_is_asked(api, run):
    result = run(vpc={"ip_range": "10.20.0.0/33"}, project="Shop")
    assert result["failed"]
    assert "ip_range" in result["msg"]
    assert "10.20.0.0/33" in result["msg"]
    assert "project" in result["msg"]
    assert api.calls == []


@pytest.mark.parametrize("name", ["prod", ""])
def test_an_unknown_environment_names_the_known_ones(run, name):
    result = run(environment=name)
    assert result["failed"]
    for word in ("environment", "production", "staging", "dev"):
        assert word in result["msg"]


def test_no_token_names_where_it_is_set(run_module, api, monkeypatch):
    monkeypatch.delenv("DIGITALOCEAN_TOKEN", raising=False)
    monkeypatch.delenv("DIGITALOCEAN_ACCESS_TOKEN", raising=False)
    result = run_module(main, {**declaration(), "api_url": URL})
    assert result["failed"]
    assert "DIGITALOCEAN_TOKEN" in result["msg"]


def test_token_and_url_come_from_the_environment(run_module, api, monkeypatch):
    monkeypatch.setenv("DIGITALOCEAN_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("DIGITALOCEAN_API_URL", URL)
    assert run_module(main, declaration(), check=True)["changed"]


def test_user_data_is_not_in_the_result(run):
    assert "hunter2" not in json.dumps(run(user_data="#cloud-config\npassword: hunter2\n"))


def test_protect_refuses_to_delete_or_replace(api, run):
    run()
    api.calls.clear()
    renewed = {"image": "debian-12-x64", "size": "s-1vcpu-1gb", "groups": ["web"]}
    for changes in (
        {"state": "absent"},
        {"firewalls": {}, "prune": True},
        {"droplets": {"app": renewed}, "allow_replace": ["shop-staging-app"]},
    ):
        result = run(protect=True, **changes)
        assert result["failed"]
        assert result["msg"].startswith("protect: this would delete or replace ")
    assert api.writes == []
    assert not run(protect=True)["changed"]


def test_a_plan_that_is_not_the_one_that_was_shown_is_not_carried_out(api, run):
    shown = run(check=True)
    assert run(fingerprint=shown["fingerprint"])["changed"]
    api.calls.clear()
    again = run(fingerprint=shown["fingerprint"])
    assert again["failed"]
    assert "has changed" in again["msg"]
    same = run(check=True)
    (firewall,) = api.cloud.state.all(Firewall)
    api.cloud.state.remove(firewall)
    api.cloud.state.put(dataclasses.replace(firewall, id="made-anew"))
    assert run(fingerprint=same["fingerprint"])["failed"], "another resource of the same name and content"
    assert api.writes == []
