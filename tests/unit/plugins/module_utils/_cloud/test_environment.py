# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, waiting and removal, with time that moves only when somebody sleeps. State by state: test_environment.py."""

from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply
from hypothesis import given, settings
from hypothesis import strategies as st
from izzzi_sandbox.account.records import Droplet

from tests.unit.sandbox_api import SandboxApi, Time, declaration


@pytest.fixture
def time() -> Time:
    return Time()


def environment(api: SandboxApi, time: Time, **changes) -> Environment:
    declared, found = complete(declaration(**changes), RESOURCES)
    assert found == []
    return Environment(declared, api.client(), sleep=time.sleep, clock=time.clock)


def run(api: SandboxApi, time: Time, **changes) -> dict:
    made = environment(api, time, **changes)
    plan = made.plan()
    made.carry_out(plan)
    return made.outcome(plan)


def test_everything_a_droplet_needs_is_there_before_it(time):
    api = SandboxApi()
    run(api, time)
    written = [path for _, path, _ in api.writes]
    assert sorted(written[:4]) == ["/account/keys", "/tags", "/tags", "/vpcs"]
    assert written[4:] == ["/firewalls", "/droplets"]


def test_a_plan_writes_nothing(time):
    api = SandboxApi()
    plan = environment(api, time).plan()
    assert [step.kind for step in plan.steps] == ["vpc", "ssh_key", "tag", "tag", "firewall", "droplet"]
    assert api.writes == []


def test_the_catalogue_is_asked_only_when_something_is_made(time):
    api = SandboxApi()
    run(api, time)
    api.calls.clear()
    outcome = run(api, time)
    assert sorted(path.split("/")[1] for _, path, _ in api.calls) == [
        "account",
        "domains",
        "droplets",
        "firewalls",
        "load_balancers",
        "monitoring",
        "reserved_ips",
        "spaces",
        "tags",
        "uptime",
        "volumes",
        "vpcs",
    ]
    assert (outcome["changed"], outcome["api_calls"]) == (False, 12)


def test_it_waits_until_new_droplets_are_active(time):
    outcome = run(SandboxApi(held=4), time)
    assert outcome["droplets"][0]["status"] == "active"
    assert outcome["droplets"][0]["public_ip"].startswith("198.51.100.")
    assert len(time.pauses) >= 3
    assert time.pauses == sorted(time.pauses), "less and less often"
    assert max(time.pauses) <= 5.0


def test_waiting_has_an_end(time):
    with pytest.raises(ApiError, match=r"Not active within 60 s: shop-staging-app\. Run again"):
        run(SandboxApi(held=10**6), time, wait_timeout=60)
    assert 60 < time.now < 70


class Shy(SandboxApi):
    """New droplets are not listed for a while: a replica of DigitalOcean's database lags, or they were never made."""

    def __init__(self, time: Time, seconds: float) -> None:
        super().__init__()
        self.time, self.seconds = time, seconds

    def answer(self, method, path, url, body):
        if (method, path) == ("GET", "/droplets") and self.time.now < self.seconds:
            return Reply(200, {}, b'{"droplets": [], "links": {}}')
        return super().answer(method, path, url, body)


def test_a_droplet_that_the_api_could_not_make_is_told_at_once(time):
    api = Shy(time, seconds=10**6)
    api.cloud.faults.arm(kind="errored", action="create")
    with pytest.raises(ApiError, match="shop-staging-app but could not make it"):
        run(api, time)
    assert time.now < 10


def test_a_droplet_that_is_not_listed_yet_is_waited_for(time):
    outcome = run(Shy(time, seconds=3), time)
    assert [row["status"] for row in outcome["droplets"]] == ["active"]


def cut_off(api: SandboxApi, time: Time, **changes) -> None:
    """A run that ends with its last write: nobody waits for anything."""
    made = environment(api, time, **changes)
    for phase in made.plan().phases:
        for step in phase.steps:
            if step.apply:
                step.apply()


def test_created_is_what_came_up_in_this_run(time):
    api = SandboxApi(held=3)
    cut_off(api, time)
    assert [d["created"] for d in run(api, time)["droplets"]] == [True]
    assert [d["created"] for d in run(api, time)["droplets"]] == [False]


def test_removal_goes_from_the_droplets_to_the_vpc(time):
    api = SandboxApi()
    run(api, time)
    api.calls.clear()
    outcome = run(api, time, state="absent")
    removed = [path.split("/")[1] for _, path, _ in api.writes]
    assert removed[:2] == ["droplets", "firewalls"]
    assert sorted(removed[2:]) == ["tags", "tags", "vpcs"]  # side by side
    assert outcome["droplets"] == []
    assert [key["name"] for key in api.rows("account/keys")] == ["deploy"]
    assert not run(api, time, state="absent")["changed"]


def test_a_powered_off_droplet_can_be_removed(time):
    api = SandboxApi()
    run(api, time)
    api.change(Droplet, status="off")
    assert [c.after for step in environment(api, time).plan().work for c in step.changes] == ["active"]
    run(api, time, state="absent")
    assert api.rows("droplets") == []


class Lagging(SandboxApi):
    """A deleted droplet is still shown, and its VPC still has members, for some requests."""

    def __init__(self, lag: int) -> None:
        super().__init__()
        self.lag = {"droplets": lag, "vpcs": lag}
        self.gone: list[dict] = []

    def answer(self, method, path, url, body):
        if (method, path) == ("GET", "/droplets") and self.gone and self.lag["droplets"]:
            self.lag["droplets"] -= 1
            return Reply(200, {}, json.dumps({"droplets": self.gone}).encode())
        if method == "DELETE" and path.startswith("/droplets"):
            self.gone += [row for row in self.rows("droplets") if path.endswith(f"/{row['id']}")]
        if method == "DELETE" and path.startswith("/vpcs") and self.lag["vpcs"]:
            self.lag["vpcs"] -= 1
            return Reply(409, {}, b'{"id": "conflict", "message": "Can not delete VPC with members"}')
        return super().answer(method, path, url, body)


def test_removal_waits_for_what_is_deleted_to_be_gone(time):
    api = Lagging(3)
    run(api, time)
    run(api, time, state="absent")
    assert (api.rows("droplets"), [row["name"] for row in api.rows("vpcs")]) == ([], ["default-fra1"])


@pytest.mark.parametrize(
    ("lag", "words"), [({"droplets": 10**6}, "Not deleted within"), ({"vpcs": 10**6}, "with members")]
)
def test_removal_does_not_wait_for_ever(time, lag, words):
    api = Lagging(0)
    run(api, time)
    api.lag |= lag
    with pytest.raises(ApiError, match=words):
        run(api, time, state="absent")
    assert time.now < 400


def test_prune_is_needed_to_delete_anything(time):
    api = SandboxApi()
    droplets = declaration()["droplets"]
    run(api, time, droplets={"app": {**droplets["app"], "count": 2, "groups": ["web", "old"]}})
    api.calls.clear()
    with pytest.raises(Problems) as raised:
        environment(api, time, firewalls={}).plan()
    assert "shop-staging-app-2" in str(raised.value)
    assert "shop-staging-fw-web" in str(raised.value)
    assert api.writes == []
    outcome = run(api, time, firewalls={}, prune=True)
    assert [(s["kind"], s["name"]) for s in outcome["plan"] if s["action"] == "delete"] == [
        ("droplet", "shop-staging-app-2"),
        ("firewall", "shop-staging-fw-web"),
        ("tag", "izzzi:shop:staging:old"),
    ]
    assert not run(api, time, firewalls={}, prune=True)["changed"]


def test_all_problems_of_the_account_are_found_at_once(time):
    api = SandboxApi()
    api.make("vpcs", name="other", ip_range="10.66.0.0/20", region="fra1")
    droplets = {"app": {"size": "s-9", "image": "debian-13-x64"}, "db": {"size": "s-1vcpu-1gb", "image": "plan9"}}
    with pytest.raises(Problems) as raised:
        environment(api, time, droplets=droplets).plan()
    for words in ("overlaps the VPC other", "droplets.app.size", "droplets.db.image"):
        assert words in str(raised.value)
    assert api.writes == []


def test_what_exists_is_not_measured_against_the_catalogue(time):
    """A size that is not sold any more does not stand against another group."""
    api = SandboxApi()
    run(api, time)
    sizes = [{**row, "available": row["slug"] != "s-1vcpu-1gb" and row["available"]} for row in api.rows("sizes")]
    real, reply = api.answer, Reply(200, {}, json.dumps({"sizes": sizes, "links": {}}).encode())
    api.answer = lambda method, path, *more: reply if path == "/sizes" else real(method, path, *more)
    app = declaration()["droplets"]["app"]
    run(api, time, droplets={"app": app, "db": {"size": "s-4vcpu-8gb", "image": "debian-13-x64"}})
    assert len(api.rows("droplets")) == 2


def test_two_runs_at_once_are_noticed(time):
    api = SandboxApi()
    run(api, time, droplets={})
    first, second = environment(api, time), environment(api, time)
    plans = first.plan(), second.plan()
    first.carry_out(plans[0])
    with pytest.raises(Problems, match=r"at the same time\?\n2 droplets are named shop-staging-app"):
        second.carry_out(plans[1])


WORD = st.sampled_from(["web", "db", "api"])
TARGET = st.fixed_dictionaries(
    {
        "addresses": st.lists(st.sampled_from(["203.0.113.7", "0.0.0.0/0", "::/0"]), min_size=1, max_size=3),
        "groups": st.lists(WORD, max_size=2),
        "members": st.booleans(),
    }
)
RULE = st.fixed_dictionaries(
    {
        "protocol": st.sampled_from(["tcp", "udp", "icmp"]),
        "ports": st.sampled_from(["22", "all", "0", "1-9"]),
        "sources": TARGET,
    }
)
DROPLET = st.fixed_dictionaries(
    {
        "count": st.integers(0, 3),
        "size": st.sampled_from(["s-1vcpu-1gb", "c-2"]),  # whose disks are the same
        "image": st.just("debian-13-x64"),
        "groups": st.lists(WORD, max_size=3),
        "backups": st.booleans(),
        "tags": st.lists(WORD, max_size=2),
    }
)
DECLARATION = st.fixed_dictionaries(
    {
        "droplets": st.dictionaries(WORD, DROPLET, max_size=3),
        "firewalls": st.dictionaries(WORD, st.fixed_dictionaries({"inbound": st.lists(RULE, max_size=4)}), max_size=2),
        "vpc": st.fixed_dictionaries({"ip_range": st.just("10.66.0.0/16"), "description": st.sampled_from(["", "x"])}),
        "prune": st.just(True),
        "allow_open_ssh": st.just(True),
        "allow_resize": st.just(True),
    }
)


@settings(deadline=None, max_examples=25)
@given(DECLARATION, DECLARATION)
def test_from_any_declaration_to_any_other_and_then_nothing(first, second):
    api, time = SandboxApi(), Time()
    for declared in (first, second):
        predicted = environment(api, time, **declared).plan()
        before = len(api.writes)
        done = run(api, time, **declared)
        assert done["plan"] == [step.show() for step in predicted.steps]
        assert done["changed"] == (len(api.writes) > before)
        api.calls.clear()
        assert not run(api, time, **declared)["changed"]
        assert api.writes == []
    assert sorted(d["name"] for d in done["droplets"]) == sorted(row["name"] for row in api.rows("droplets"))
