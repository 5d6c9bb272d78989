# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError, Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.project import Assignment, Project, spelling
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.reserved_ip import ReservedIp
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Context
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply
from izzzi_sandbox.account import records

from tests.unit.sandbox_api import SandboxApi, context

EMPTY = {"id": "", "name": "", "description": None, "purpose": None, "environment": None}
DOMAIN = {"name": "example.com", "hosts": [], "target": "", "ttl": 300, "records": []}


EMPTY_ACCOUNT: dict = {listing: [] for listing in ("reserved_ips", "load_balancers", "volumes", "vpcs", "tags")}
EMPTY_ACCOUNT |= {"zones": {}}


@pytest.fixture
def api() -> SandboxApi:
    """One droplet that is there, and one project."""
    api = SandboxApi()
    api.droplet()
    api.make("projects", name="shop-staging", description="", purpose="Shop", environment="Staging")
    return api


def project(api: SandboxApi) -> dict:
    return next(row for row in api.rows("projects") if not row["is_default"])


def read(shared: Context) -> dict:
    account = {**EMPTY_ACCOUNT, "droplets": shared.client.list("/droplets", "droplets")}
    account |= {listing: call() for listing, call in Project(shared).reads().items()}
    return account | {listing: call() for listing, call in Project(shared).more_reads(account).items()}


def run(api: SandboxApi, project: dict, **changes) -> list:
    shared = context(api, do_project={**EMPTY, **project}, **changes)
    account = read(shared)
    shared.known.put("droplet", "shop-staging-app", api.rows("droplets")[0])
    nouns = [Project(shared), Assignment(shared)]
    steps = [step for noun in nouns for step in (noun.surplus if shared.is_absent else noun.steps)(account)]
    for step in steps:
        if step.apply:
            step.apply()
    return [(step.kind, step.action, step.name) for step in steps]


def test_all_goes_into_an_existing_project_by_one_request(api):
    api.make("domains", name="example.com")
    assert run(api, {}, domain=DOMAIN) == [
        ("project", "noop", "shop-staging"),
        ("project_resources", "update", "shop-staging"),
    ]
    urns = ["do:domain:example.com", f"do:droplet:{api.rows('droplets')[0]['id']}"]
    assert api.writes == [("POST", f"/projects/{project(api)['id']}/resources", {"resources": urns})]
    api.calls.clear()
    assert {action for _, action, _ in run(api, {}, domain=DOMAIN)} == {"noop"}
    assert (api.writes, len(api.calls)) == ([], 3)


@pytest.mark.parametrize("given", [{"id": "the id"}, {"id": "shop-staging"}, {"name": "shop-staging"}, {}])
def test_a_project_is_found(api, given):
    given = {key: value.replace("the id", project(api)["id"]) for key, value in given.items()}
    assert run(api, given)[0] == ("project", "noop", "shop-staging")


def test_a_new_one_is_made_with_defaults(api):
    run(api, {"name": "shop"})
    wanted = {"name": "shop", "description": "", "purpose": "Web Application", "environment": "Staging"}
    assert api.writes[0] == ("POST", "/projects", wanted)


def test_fields_that_are_given_are_changed_in_place(api):
    assert run(api, {"purpose": "Shop"})[0][1] == "noop", "DigitalOcean puts Other: before what it does not know"
    assert run(api, {"purpose": "Shop", "environment": "Production", "description": "x"})[0][1] == "update"
    assert ("PATCH", f"/projects/{project(api)['id']}", {"description": "x", "environment": "Production"}) in api.writes


def test_an_unknown_id_is_a_problem(api):
    shared = context(api, do_project={**EMPTY, "id": "other"})
    (problem,) = Project(shared).problems(read(shared))
    assert "'other'" in problem
    assert "but sandbox, shop-staging" in problem


@pytest.mark.parametrize(
    ("project", "words"),
    [({"id": "p1", "name": "x"}, "not both"), ({"name": "x" * 176}, "175 at most"), ({"purpose": "x" * 256}, "255")],
)
def test_bad_input_is_named(project, words):
    declared = {"do_project": {**EMPTY, **project}}
    (problem,) = Project.complete(declared, context().names)
    assert words in problem


def test_it_goes_when_it_has_our_name_and_nothing_else_in_it(api):
    run(api, {})
    shared = context(api, do_project=EMPTY, state="absent")
    (step,) = Project(shared).surplus(read(shared))
    assert (step.action, step.name) == ("delete", "shop-staging"), "its droplet goes too"
    api.ask("DELETE", f"/droplets/{api.rows('droplets')[0]['id']}")
    step.apply()
    assert [row["name"] for row in api.rows("projects")] == ["sandbox"], "the default one"


def test_it_stays_for_what_is_not_ours(api):
    run(api, {})
    api.cloud.state.put(records.Assignment("do:volume:photos", project(api)["id"]))
    api.cloud.state.put(records.Volume("photos", "photos", "fra1", 1, "", "ext4", "", []))
    assert run(api, {}, state="absent") == [("project", "keep", "shop-staging")]


def test_one_with_another_name_is_not_ours_to_delete(api):
    api.change(records.Project, project(api)["id"], name="shop")
    assert run(api, {"name": "shop"}, state="absent") == []


class Late(SandboxApi):
    """Does not know a new resource at first."""

    misses = 2

    def answer(self, method, path, url, body):
        reply = super().answer(method, path, url, body)
        if method == "POST" and path.endswith("/resources") and self.misses:
            self.misses -= 1
            content = json.loads(reply.body)
            content["resources"][0]["status"] = "not_found"
            return Reply(200, {}, json.dumps(content).encode())
        return reply


def test_a_200_that_assigned_nothing_is_no_success():
    late = Late()
    late.droplet()
    late.make("projects", name="shop-staging", purpose="Shop")
    run(late, {})
    assert len(late.writes) == 3
    late.cloud.state.remove(late.cloud.state.all(records.Assignment)[0])
    late.misses = 10**6
    with pytest.raises(ApiError, match=r"do:droplet:\d+ \(not_found\)"):
        run(late, {}, wait_timeout=1)


def test_two_spellings_of_a_reserved_ip():
    assert spelling("do:reservedip:192.0.2.1") == ReservedIp(context()).urn_of("192.0.2.1")


def test_patch_is_repeated():
    replies = [Reply(500, {}, b""), Reply(200, {}, b"{}")]
    client = Client("http://127.0.0.1", "t", lambda *_: replies.pop(0), sleep=lambda seconds: None)
    assert client.patch("/projects/p1", {}) == {}
