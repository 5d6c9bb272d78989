# SPDX-License-Identifier: GPL-3.0-or-later
"""main() with the API in memory."""

from __future__ import annotations

import functools
import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import transport
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import declared
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.modules import cloud_exposure, environment
from ansible_collections.izzzi.infra.plugins.modules.ci_door import main

from tests.unit.sandbox_api import TOKEN, URL, SandboxApi, declaration

HERE = "203.0.113.7"
NAMES = {"project": "shop", "environment": "staging"}
ACCESS = {"api_url": URL, "api_token": TOKEN}


@pytest.fixture
def api(monkeypatch, run_module) -> SandboxApi:
    api = SandboxApi()
    monkeypatch.setattr(transport, "https", lambda ca_path: api)
    monkeypatch.setattr(environment, "Environment", functools.partial(Environment, sleep=lambda seconds: None))
    run_module(environment.main, {**declaration(), **ACCESS})
    api.calls.clear()
    return api


@pytest.fixture
def door(run_module, api):
    def call(state: str, address: str = HERE, *, check: bool = False, **more):
        return run_module(main, {**ACCESS, **NAMES, "state": state, "address": address, **more}, check=check)

    return call


@pytest.fixture
def plan(run_module, api):
    def run(*, check: bool = False, **more):
        result = run_module(environment.main, {**declaration(), **ACCESS, **more}, check=check)
        return [
            (step["action"], step["name"].split("-door-")[1]) for step in result["plan"] if step["kind"] == "ci_door"
        ]

    return run


def later(monkeypatch, minutes: int) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + minutes * 60)


def doors(api: SandboxApi) -> list[dict]:
    return [row for row in api.rows("firewalls") if "-door-" in row["name"]]


def door_tags(api: SandboxApi) -> list[str]:
    return [row["name"] for row in api.rows("tags") if row["name"].startswith("izzzi-door:")]


def test_open_lets_one_address_in_to_every_droplet(api, door):
    assert door("open")["changed"] is True
    (firewall,), (tag,) = doors(api), door_tags(api)
    assert firewall["tags"] == [tag]
    (rule,) = firewall["inbound_rules"]
    assert (rule["protocol"], rule["ports"], rule["sources"]["addresses"]) == ("tcp", "22", [HERE])
    (droplet,) = api.rows("droplets")
    assert tag in droplet["tags"]


def test_a_second_run_changes_nothing_until_half_the_time_is_over(api, door, monkeypatch):
    door("open")
    api.calls.clear()
    assert door("open")["changed"] is False
    assert api.writes == []
    later(monkeypatch, 31)
    again = door("open")
    assert again["changed"] is True
    assert len(again["closed"]) == len(doors(api)) == len(door_tags(api)) == 1


def test_closed_takes_the_doors_of_one_address_and_all_takes_all(api, door):
    door("open")
    door("open", "203.0.113.8")
    assert door("closed", "203.0.113.8")["closed"][0]["address"] == "203.0.113.8"
    assert len(doors(api)) == len(door_tags(api)) == 1
    assert door("closed", "all")["changed"] is True
    assert doors(api) == door_tags(api) == []
    assert door("closed", "all")["changed"] is False
    (droplet,) = api.rows("droplets")
    assert not [tag for tag in droplet["tags"] if "door" in tag]


def test_a_check_writes_nothing_and_says_the_same(api, door):
    assert door("open", check=True)["changed"] is True
    assert api.writes == []
    door("open")
    api.calls.clear()
    assert door("closed", check=True)["changed"] is True
    assert api.writes == []


def test_every_call_takes_away_what_is_over(api, door, monkeypatch):
    door("open", "203.0.113.8", minutes=5)
    later(monkeypatch, 6)
    assert door("open")["closed"][0]["address"] == "203.0.113.8"
    assert len(doors(api)) == 1


def test_the_plan_shows_an_open_door_and_closes_one_that_is_over(api, door, plan, monkeypatch):
    door("open")
    ((action, name),) = plan()
    assert (action, name.split("-2")[0]) == ("keep", "203-0-113-7")
    api.calls.clear()
    plan()
    assert api.writes == [], "an open door is no work"
    later(monkeypatch, 61)
    assert [action for action, _name in plan(check=True)] == ["update"]
    assert [action for action, _name in plan(protect=True)] == ["update"]
    assert doors(api) == door_tags(api) == []
    assert plan() == []


def test_a_droplet_that_is_made_meanwhile_has_the_door(api, door, run_module):
    door("open")
    two = declaration()
    two["droplets"]["app"]["count"] = 2
    run_module(environment.main, {**two, **ACCESS})
    (tag,) = door_tags(api)
    assert [tag in droplet["tags"] for droplet in api.rows("droplets")] == [True, True]


def test_a_destroyed_environment_leaves_no_door(api, door, run_module):
    door("open")
    run_module(environment.main, {**declaration(), **ACCESS, "state": "absent"})
    assert doors(api) == door_tags(api) == []


def test_what_a_killed_run_left_is_taken_away(api, door, monkeypatch):
    tag = "izzzi-door:shop:staging:203-0-113-9:20201129T203000Z"
    api.make("tags", name=tag)
    api.make(
        "firewalls",
        name="shop-staging-door-203-0-113-9-20201129T204000Z",
        inbound_rules=[{"protocol": "tcp", "ports": "22", "sources": {"addresses": ["203.0.113.9"]}}],
    )
    assert door("closed")["changed"] is True
    assert doors(api) == door_tags(api) == []


def test_an_open_door_is_no_difference_of_the_firewalls_and_one_that_is_over_is(api, door, run_module, monkeypatch):
    rows = exposure.rows(declared.of_cloud(declaration()["firewalls"]))

    def widest() -> list[str]:
        asked = {**ACCESS, **NAMES, "reach": rows}
        return [line for line in run_module(cloud_exposure.main, asked)["differences"] if HERE in line]

    door("open")
    assert widest() == []
    later(monkeypatch, 61)
    assert len(widest()) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "office"}, "address: 'office' is no address"),
        ({"address": "all"}, "address: 'all' is no address"),
        ({"minutes": 0}, "minutes: 0 is not from 1 to 180"),
        ({"minutes": 181}, "minutes: 181"),
        ({"api_token": ""}, "api_token"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(api, door, given, words):
    result = door("open", **given)
    assert words in result["msg"]
    assert api.writes == []


def test_an_address_that_nobody_tells_is_asked_for(door, api):
    result = door("open", "", address_url="http://127.0.0.1:9/")
    assert "does not tell this machine's address" in result["msg"]
    assert "-e address=ADDRESS" in result["msg"]
    assert api.writes == []
