# SPDX-License-Identifier: GPL-3.0-or-later
"""main() with the API in memory."""

from __future__ import annotations

import functools

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import transport
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import declared
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.modules import environment
from ansible_collections.izzzi.infra.plugins.modules.cloud_exposure import main

from tests.unit.sandbox_api import TOKEN, URL, SandboxApi, declaration


@pytest.fixture
def api(monkeypatch, run_module) -> SandboxApi:
    api = SandboxApi()
    monkeypatch.setattr(transport, "https", lambda ca_path: api)
    monkeypatch.setattr(environment, "Environment", functools.partial(Environment, sleep=lambda seconds: None))
    run_module(environment.main, {**declaration(), "api_url": URL, "api_token": TOKEN})
    api.calls.clear()
    return api


@pytest.fixture
def compare(run_module, api):
    wanted = declaration()
    rows = exposure.rows(declared.of_cloud(wanted["firewalls"]))
    names = {"project": wanted["project"], "environment": wanted["environment"]}
    return lambda **more: run_module(main, {"api_url": URL, "api_token": TOKEN, "reach": rows, **names, **more})


def test_the_declared_environment_is_as_declared(api, compare):
    result = compare()
    assert result["differences"] == []
    assert len(result["live"]) == 1
    assert api.writes == []


def test_a_firewall_made_by_hand_is_found(api, compare):
    (droplet,) = api.rows("droplets")
    rule = {"protocol": "tcp", "ports": "5432", "sources": {"addresses": ["0.0.0.0/0"]}}
    api.make("firewalls", name="by-hand", inbound_rules=[rule], droplet_ids=[droplet["id"]])
    assert compare()["differences"] == [
        f"{droplet['name']}: cloud firewall: 5432/tcp open to everybody (IPv4): expected closed"
    ]


def test_a_missing_token_is_said(compare):
    assert "api_token" in compare(api_token="")["msg"]


def test_rubbish_is_refused(compare):
    assert "reach" in compare(reach=[{"first": 1}])["msg"]
