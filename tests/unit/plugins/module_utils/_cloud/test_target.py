# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import target
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import IDLE, Problems
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.modules.environment import ARGUMENT_SPEC

from tests.unit.sandbox_api import SandboxApi, Time, declaration

NAMES = Names("shop", "staging")
SIZE = {"size": "s-1vcpu-1gb", "image": "debian-13-x64"}
BASE = {  # what every droplet needs
    "vpc shop-staging-vpc",
    "ssh_key deploy",
    "tag izzzi:shop:staging",
    "tag izzzi:shop:staging:web",
    "firewall shop-staging-fw-web",
}
APP = BASE | {"droplet shop-staging-app", "droplet shop-staging-app-2"}
DOMAIN = {"domain izzzi.test", "record _izzzi.shop-staging.izzzi.test TXT"}


def whole(db_size: str = SIZE["size"], **changes: Any) -> dict[str, Any]:
    given = {**declaration(), "api_token": "t"}
    given |= dict(
        do_project={},
        droplets={"app": {**SIZE, "count": 2, "groups": ["web"]}, "db": {**SIZE, "size": db_size, "monitoring": True}},
        reserved_ip={"droplets": "db", "ip": ""},
        volumes={"data": {"droplets": "db", "size": 10}, "logs": {"droplets": "app", "size": 1}},
        alerts={"cpu": {"type": "cpu", "value": 90, "emails": ["ops@shop.test"]}},
        uptime_checks={"site": {"target": "https://izzzi.test", "emails": ["ops@shop.test"]}},
        domain={
            "name": "izzzi.test",
            "hosts": ["www"],
            "target": "app",
            "ttl": 300,
            "records": [
                {"type": "A", "name": "ip", "target": "reserved_ip"},
                {"type": "TXT", "name": "www", "data": "hello"},
            ],
        },
        **changes,
    )
    result = ArgumentSpecValidator(ARGUMENT_SPEC).validate(given)
    assert result.error_messages == []
    return result.validated_parameters


def environment(api: SandboxApi, **changes: Any) -> Environment:
    declared, found = complete(whole(**changes), RESOURCES)
    assert found == []
    time = Time()
    return Environment(declared, api.client(), sleep=time.sleep, clock=time.clock)


def run(api: SandboxApi, *targets: str, apply: bool = True, **changes: Any) -> dict[str, Any]:
    made = environment(api, target=list(targets), **changes)
    plan = made.plan()
    made.require(plan, "")
    if apply:
        made.carry_out(plan)
    return made.outcome(plan)


def work(outcome: dict[str, Any], key: str = "plan") -> set[str]:
    return {f"{step['kind']} {step['name']}" for step in outcome[key] if step["action"] not in IDLE}


@pytest.mark.parametrize(
    ("targets", "planned"),
    [
        (["droplet.app"], APP),
        (["droplet.shop-staging-app-2"], BASE | {"droplet shop-staging-app-2"}),
        (["droplet.app-2"], BASE | {"droplet shop-staging-app-2"}),
        (["droplet"], APP | {"droplet shop-staging-db"}),
        (["vpc", "tag.web"], {"vpc shop-staging-vpc", "tag izzzi:shop:staging:web"}),
        (["firewall.web"], {one for one in BASE if not one.startswith(("vpc", "ssh"))}),
        (["volume.data"], BASE | {"droplet shop-staging-db", "volume shop-staging-db-data"}),
        (["volume.app-2-logs"], BASE | {"droplet shop-staging-app-2", "volume shop-staging-app-2-logs"}),
        (["reserved_ip"], BASE | {"droplet shop-staging-db", "reserved_ip shop-staging-ip"}),
        (
            ["record.ip.izzzi.test"],
            BASE | DOMAIN | {"droplet shop-staging-db", "reserved_ip shop-staging-ip", "record ip.izzzi.test A"},
        ),
        (["alert.cpu"], {"alert shop-staging cpu", *(one for one in BASE if one.startswith("tag"))}),
        (["uptime_check.site"], {"uptime_check izzzi shop-staging site"}),
        (["project"], {"project shop-staging"}),
    ],
)
def test_a_target_is_made_with_what_it_needs_and_nothing_else(targets, planned):
    api = SandboxApi()
    outcome = run(api, *targets)
    assert work(outcome) == planned
    assert work(outcome, "left_out") == work(run(SandboxApi(), apply=False)) - planned
    again = run(api, *targets)
    assert (again["changed"], work(again)) == (False, set())
    assert not work(run(api)) & (planned - DOMAIN), "the rest is made later, and the register then names more"
    assert not run(api)["changed"]


def test_records_of_a_name_go_together_with_what_they_point_to():
    made = work(run(SandboxApi(), "record.www.izzzi.test"))
    assert {one for one in made if one.startswith("record www")} == {
        "record www.izzzi.test TXT",
        "record www.izzzi.test A the address of shop-staging-app",
        "record www.izzzi.test A the address of shop-staging-app-2",
    }
    assert made >= APP | DOMAIN
    assert "droplet shop-staging-db" not in made


def test_the_assignment_to_a_project_needs_all_that_is_in_it():
    made = work(run(SandboxApi(), "project_resources"))
    assert {"droplet shop-staging-app", "droplet shop-staging-db", "reserved_ip shop-staging-ip"} < made
    assert "alert shop-staging cpu" not in made


def test_costs_are_of_the_whole_environment():
    api = SandboxApi()
    assert run(api, "droplet.app")["monthly_cost"] == {"before": 0.0, "after": 12.0}
    assert run(api, "volume.data")["monthly_cost"] == {"before": 12.0, "after": 19.0}


def test_a_droplet_that_is_replaced_takes_along_what_hangs_on_it():
    api = SandboxApi()
    run(api)
    plan = run(api, replace=["shop-staging-db"], apply=False)["plan"]
    (step,) = [step for step in plan if step["action"] == "replace"]
    lost, then, follows = step["notes"]
    assert lost.startswith("lost: its disk with all data on it, and its addresses ")
    assert "site.yml" in then
    assert "reserved_ip shop-staging-ip, volume shop-staging-db-data" in follows
    outcome = run(api, "droplet.db", replace=["shop-staging-db"])
    assert work(outcome) == {"droplet shop-staging-db", "reserved_ip shop-staging-ip", "volume shop-staging-db-data"}
    assert work(outcome, "left_out") == {"project_resources shop-staging"}
    assert work(run(api)) == {"project_resources shop-staging"}
    assert not run(api)["changed"]


def test_a_replacement_of_another_droplet_is_left_out_and_no_droplet_counts_as_new():
    api = SandboxApi()
    run(api)
    ids = {row["name"]: row["id"] for row in api.rows("droplets")}
    outcome = run(api, "droplet.app", replace=["shop-staging-db"])
    assert (outcome["changed"], [row["created"] for row in outcome["droplets"]]) == (False, [False] * 3)
    assert {"action": "replace", "kind": "droplet", "name": "shop-staging-db"} in outcome["left_out"]
    assert {row["name"]: row["id"] for row in api.rows("droplets")} == ids


def test_another_size_says_that_the_droplet_powers_off():
    api = SandboxApi()
    run(api)
    plan = run(api, allow_resize=True, db_size="s-1vcpu-2gb", apply=False)["plan"]
    (step,) = [step for step in plan if step["action"] == "update"]
    assert (step["name"], step["notes"][0][:41]) == ("shop-staging-db", "powers off: it is shut down (60 s at most")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("droplet.ap", "Did you mean droplet.app?"),
        ("droplets.app", "Did you mean droplet.app?"),
        ("firewal.web", "Did you mean firewall.web?"),
        ("droplet.x", "There are: droplet.app, droplet.db."),
        ("unicorn", "There are: kinds project, vpc, domain"),
    ],
)
def test_a_name_that_is_not_declared_is_refused_with_the_nearest_one(word, told):
    api = SandboxApi()
    with pytest.raises(Problems) as refused:
        run(api, "vpc", word)
    assert f"target: nothing that is declared is called {word}." in str(refused.value)
    assert told in str(refused.value)
    assert api.writes == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"prune": True}, "not go with prune"), ({"state": "absent"}, "not go with state absent")],
)
def test_a_target_goes_with_nothing_that_deletes_the_rest(changes, told):
    _declared, found = complete(whole(target=["droplet.app"], **changes), RESOURCES)
    assert told in str(found)
    assert target.problems({"target": [], "prune": True, "state": "absent"}) == []


def test_a_word_that_is_none_is_named():
    assert "'.app' is not KIND.NAME" in str(target.problems({"target": [".app"], "prune": False, "state": "present"}))
