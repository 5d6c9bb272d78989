# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.reserved_ip import ReservedIp, problems
from izzzi_sandbox.account import records

from tests.unit.sandbox_api import SandboxApi, context

TAG = "izzzi:shop:staging"


@pytest.fixture
def api() -> SandboxApi:
    """Two droplets of ours, and one of somebody else's."""
    api = SandboxApi()
    for name, tag in (("shop-staging-app", TAG), ("shop-staging-db", TAG), ("other", "others")):
        api.droplet(name, tag)
    return api


def noun(api: SandboxApi, declared: dict | None, **changes) -> tuple[ReservedIp, dict]:
    shared = context(
        api, reserved_ip=None if declared is None else {"ip": "", "droplets": "app", **declared}, **changes
    )
    for row in api.rows("droplets"):
        shared.known.put("droplet", row["name"], row)
    made = ReservedIp(shared)
    return made, {listing: read() for listing, read in made.reads().items()}


def run(api: SandboxApi, declared: dict | None, **changes) -> list:
    made, account = noun(api, declared, **changes)
    assert made.problems(account) == []
    steps = ([] if changes.get("state") == "absent" else made.steps(account)) + made.surplus(account)
    for step in steps:
        if step.apply:
            step.apply()
    made.settle()
    return [(step.action, step.name) for step in steps]


def given(api: SandboxApi, ip: str, holder: int | None, region: str = "fra1") -> None:
    """`holder` is the first, second or third droplet."""
    api.cloud.state.put(records.ReservedIp(ip, region, api.rows("droplets")[holder - 1]["id"] if holder else None))


def held(api: SandboxApi) -> list[tuple[str, str | None]]:
    """Return each address and the droplet that has it."""
    return [(row["ip"], (row["droplet"] or {}).get("name")) for row in api.rows("reserved_ips")]


def test_create_then_nothing(api):
    assert run(api, {}) == [("create", "shop-staging-ip")]
    ((ip, _),) = held(api)
    assert api.writes == [
        ("POST", "/reserved_ips", {"droplet_id": api.rows("droplets")[0]["id"]}),  # one request: none is left over
        ("POST", "/tags", {"name": f"{TAG}:ip:{ip.replace('.', '-')}"}),
    ]
    assert run(api, {}) == [("noop", "shop-staging-ip")]


@pytest.mark.parametrize("event", ["unassigned", "droplet deleted"])
def test_it_stays_ours_on_no_droplet(api, event):
    run(api, {})
    api.change(records.ReservedIp, droplet_id=None)
    if event == "droplet deleted":
        api.ask("DELETE", f"/droplets/{api.rows('droplets')[0]['id']}")
        api.droplet("shop-staging-app", TAG)
    made, account = noun(api, {})
    (step,) = made.steps(account)
    assert (step.action, [(c.before, c.after) for c in step.changes]) == ("update", [(None, "shop-staging-app")])
    assert (step.cost_before, step.cost_after) == (5.0, 0.0)
    assert run(api, {}) == [("update", "shop-staging-ip")]
    assert [name for _, name in held(api)] == ["shop-staging-app"]


def test_one_on_a_droplet_that_is_replaced_goes_to_the_new_one(api):
    run(api, {})
    made, account = noun(api, {})
    made.context.known.drop("droplet", "shop-staging-app")
    (step,) = made.steps(account)
    old = f"shop-staging-app (id {api.rows('droplets')[0]['id']})"
    assert [(c.before, c.after) for c in step.changes] == [(old, "shop-staging-app")]


def test_another_one_on_the_droplet_makes_room(api):
    given(api, "192.0.2.1", 1)
    given(api, "192.0.2.2", None)
    made, account = noun(api, {"ip": "192.0.2.2"})
    (step,) = made.steps(account)
    assert [(c.field, c.before) for c in step.changes] == [("droplet", None), ("instead of", "192.0.2.1")]
    step.apply()
    assert held(api) == [("192.0.2.1", None), ("192.0.2.2", "shop-staging-app")]


def test_before_one_more_is_made_free_ones_are_named(api):
    given(api, "192.0.2.1", None)
    given(api, "192.0.2.2", None, "ams3")
    made, account = noun(api, {})
    (warning,) = made.warnings(account)
    assert "on no droplet: 192.0.2.1. To take" in warning


def test_it_moves_with_the_declaration(api):
    given(api, "192.0.2.1", 2)
    assert run(api, {}) == [("update", "shop-staging-ip")]
    assert held(api) == [("192.0.2.1", "shop-staging-app")]


def test_a_free_one_is_taken_by_its_address(api):
    given(api, "192.0.2.1", None)
    assert run(api, {"ip": "192.0.2.1"}) == [("update", "shop-staging-ip")]
    assert run(api, {"ip": "192.0.2.1"}) == [("noop", "shop-staging-ip")]
    assert run(api, {"ip": "192.0.2.1"}, state="absent") == [("keep", "192.0.2.1")], "it was there before us"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (None, "has no reserved IP 192.0.2.1"),
        ((None, "ams3"), "is in ams3, not in fra1"),
        ((3, "fra1"), "is on other, which is not this environment's"),
    ],
)
def test_one_that_cannot_be_taken_is_told(api, row, words):
    if row:
        given(api, "192.0.2.1", *row)
    made, account = noun(api, {"ip": "192.0.2.1"})
    (problem,) = made.problems(account)
    assert words in problem


def test_absent_and_prune_take_ours_only(api):
    given(api, "192.0.2.1", 1)
    given(api, "192.0.2.2", 2)
    given(api, "192.0.2.3", 3)
    given(api, "192.0.2.4", None)
    assert run(api, {}, prune=True) == [("update", "shop-staging-ip"), ("delete", "192.0.2.2")]
    assert run(api, None, prune=True) == [("delete", "192.0.2.1")]
    assert [ip for ip, _ in held(api)] == ["192.0.2.3", "192.0.2.4"]
    assert run(api, {}, state="absent") == []


def test_an_address_that_never_arrives_has_an_end(api):
    made, account = noun(api, {}, wait_timeout=1)
    (step,) = made.steps(account)
    step.apply()
    api.change(records.ReservedIp, droplet_id=None)
    with pytest.raises(ApiError, match="is not on shop-staging-app within 1 s"):
        made.settle()


def test_what_is_not_declared_is_looked_for():
    assert "reserved_ips" in ReservedIp(context()).reads()


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"droplets": "db", "ip": ""}, "is not a group with a droplet"),
        ({"droplets": "app", "ip": "x"}, "reserved_ip.ip: "),
    ],
)
def test_bad_input_is_named(declared, words):
    (problem,) = problems(declared, {"app": {"count": 1}})
    assert words in problem
