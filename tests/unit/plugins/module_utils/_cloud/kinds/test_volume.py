# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.volume import Volumes
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from izzzi_sandbox.account.records import Volume

from tests.unit.sandbox_api import SandboxApi, context, declaration

TAG = "izzzi:shop:staging"
DATA = {"data": {"droplets": "app", "size": 10}}
NAME = "shop-staging-app-data"


@pytest.fixture
def api() -> SandboxApi:
    api = SandboxApi()
    for name, tag in (("shop-staging-app", TAG), ("shop-staging-db", TAG), ("other", "others")):
        api.droplet(name, tag)
    return api


def droplet_id(api: SandboxApi, number: int = 1) -> int:
    return api.rows("droplets")[number - 1]["id"]


def noun(api: SandboxApi, volumes: dict, **changes) -> tuple[Volumes, dict]:
    made = Volumes(context(api, volumes=volumes, **changes))
    for row in api.rows("droplets"):
        made.context.known.put("droplet", row["name"], row)
    return made, {listing: read() for listing, read in made.reads().items()}


def run(api: SandboxApi, volumes: dict = DATA, **changes) -> list:
    made, account = noun(api, volumes, **changes)
    assert made.problems(account) == []
    steps = made.steps(account) + made.surplus(account)
    for step in steps:
        if step.apply:
            step.apply()
    return steps


def test_create_then_nothing(api):
    (step,) = run(api)
    assert (step.action, step.name, step.cost_after) == ("create", NAME, 1.0)
    (_, _, body), (_, path, action) = api.writes
    assert (body["tags"], body["filesystem_type"], body["size_gigabytes"]) == ([TAG], "ext4", 10)
    assert path == f"/volumes/{api.rows('volumes')[0]['id']}/actions"
    assert action == {"type": "attach", "droplet_id": droplet_id(api), "region": "fra1"}
    api.calls.clear()
    assert run(api)[0].action == "noop"
    assert api.writes == []


def test_one_that_was_cut_off_from_its_droplet_is_attached(api):
    run(api)
    api.change(Volume, droplet_ids=[])
    (step,) = run(api)
    assert [(c.field, c.before, c.after) for c in step.changes] == [("droplet", None, "shop-staging-app")]
    assert api.rows("volumes")[0]["droplet_ids"] == [droplet_id(api)]


def test_it_grows_and_moves(api):
    run(api)
    api.change(Volume, droplet_ids=[droplet_id(api, 2)])
    api.calls.clear()
    (step,) = run(api, {"data": {"droplets": "app", "size": 20}})
    assert (step.action, step.cost_before, step.cost_after) == ("update", 1.0, 2.0)
    assert [body["type"] for _, _, body in api.writes] == ["resize", "detach", "attach"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"size_gb": 20}, "It can only grow"),
        ({"tags": [], "droplet_ids": []}, "without the tag izzzi:shop:staging"),
        ({"droplet_ids": "the third"}, "is attached to other"),
    ],
)
def test_what_stands_against_it_is_told(api, row, words):
    run(api)
    api.change(Volume, **{k: [droplet_id(api, 3)] if v == "the third" else v for k, v in row.items()})
    made, account = noun(api, DATA)
    (problem,) = made.problems(account)
    assert words in problem


@pytest.mark.parametrize(("told", "action", "left"), [(False, "keep", 1), (True, "delete", 0)])
@pytest.mark.parametrize("how", [{"state": "absent"}, {"prune": True, "volumes": {}}])
def test_data_is_kept_unless_told(api, told, action, left, how):
    run(api)
    volumes = how.get("volumes", DATA)
    (step,) = run(api, volumes, delete_data=told, **{k: v for k, v in how.items() if k != "volumes"})
    assert (step.action, step.cost_before) == (action, 1.0)
    assert len(api.rows("volumes")) == left


def test_an_action_that_fails_is_told(api):
    api.cloud.faults.arm(kind="errored", action="attach_volume")
    with pytest.raises(ApiError, match=r"could not attach the volume \S+\. Run again"):
        run(api)


@pytest.mark.parametrize(
    ("volumes", "project", "words"),
    [
        ({"data": {"droplets": "db", "size": 1}}, "shop", "is not a group of droplets"),
        ({"data": {"droplets": "app", "size": 0}}, "shop", "0 is not from 1"),
        ({"data": {"droplets": "app"}}, "shop", "missing required arguments: size"),
        ({"Data": {"droplets": "app", "size": 1}}, "shop", "not a name"),
        ({"data": {"droplets": "app", "size": 1}}, "9shop", "begins with a letter"),
    ],
)
def test_bad_input_is_named(volumes, project, words):
    declared = {**context(volumes={}).declared, "volumes": volumes}
    assert any(words in problem for problem in Volumes.complete(declared, Names(project, "staging")))


def test_one_that_lost_its_tag_is_known_by_its_droplet(api):
    run(api)
    api.change(Volume, tags=[])
    (step,) = noun(api, DATA)[0].steps(noun(api, DATA)[1])
    assert [(c.field, c.before, c.after) for c in step.changes] == [("tags", [], [TAG])]


def test_one_on_a_droplet_that_is_replaced_goes_to_the_new_one(api):
    run(api)
    made, account = noun(api, DATA)
    made.context.known.drop("droplet", "shop-staging-app")
    (step,) = made.steps(account)
    assert [(c.before, c.after) for c in step.changes] == [
        (f"shop-staging-app (id {droplet_id(api)})", "shop-staging-app")
    ]


def test_what_is_not_declared_is_looked_for():
    assert declaration()["volumes"] == {}
    assert "volumes" in Volumes(context()).reads()
