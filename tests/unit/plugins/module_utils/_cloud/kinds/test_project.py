from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError, Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds import project as _project
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.project import Assignment, Project
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.reserved_ip import ReservedIp
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Context
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply

from tests.unit.memory_api import MemoryApi, context, droplet

EMPTY = {"id": "", "name": "", "description": None, "purpose": None, "environment": None}
ROW = {
    "id": "p1",
    "name": "shop-staging",
    "description": "",
    "purpose": "Other: Shop",
    "environment": "Staging",
    "is_default": False,
}
DOMAIN = {"name": "example.com", "hosts": [], "target": "", "ttl": 300, "records": []}


EMPTY_ACCOUNT: dict = {listing: [] for listing in ("reserved_ips", "load_balancers", "volumes", "vpcs", "tags")}
EMPTY_ACCOUNT |= {"zones": {}}


@pytest.fixture
def api() -> MemoryApi:
    """One droplet that is there, and one project."""
    api = MemoryApi(polls=0)
    tags = ["izzzi:shop:staging"]
    content = {"size": "s-1vcpu-1gb", "image": "i", "region": "fra1", "tags": tags, "vpc_uuid": "v1"}
    api.rows["droplets"].append(droplet(7, "shop-staging-app", content))
    api.rows["projects"].append(dict(ROW))
    return api


def read(shared: Context) -> dict:
    account = {**EMPTY_ACCOUNT, "droplets": shared.client.list("/droplets", "droplets")}
    account |= {listing: call() for listing, call in Project(shared).reads().items()}
    return account | {listing: call() for listing, call in Project(shared).more_reads(account).items()}


def run(api: MemoryApi, project: dict, **changes) -> list:
    shared = context(api, do_project={**EMPTY, **project}, **changes)
    account = read(shared)
    shared.known.put("droplet", "shop-staging-app", api.rows["droplets"][0])
    nouns = [Project(shared), Assignment(shared)]
    steps = [step for noun in nouns for step in (noun.surplus if shared.is_absent else noun.steps)(account)]
    for step in steps:
        if step.apply:
            step.apply()
    return [(step.kind, step.action, step.name) for step in steps]


def test_all_goes_into_an_existing_project_by_one_request(api):
    assert run(api, {}, domain=DOMAIN) == [
        ("project", "noop", "shop-staging"),
        ("project_resources", "update", "shop-staging"),
    ]
    urns = ["do:domain:example.com", "do:droplet:7"]
    assert api.writes == [("POST", "/projects/p1/resources", {"resources": urns})]
    api.calls.clear()
    assert {action for _, action, _ in run(api, {}, domain=DOMAIN)} == {"noop"}
    assert (api.writes, len(api.calls)) == ([], 3)


@pytest.mark.parametrize("project", [{"id": "p1"}, {"id": "shop-staging"}, {"name": "shop-staging"}, {}])
def test_a_project_is_found(api, project):
    assert run(api, project)[0] == ("project", "noop", "shop-staging")


def test_a_new_one_is_made_with_defaults(api):
    run(api, {"name": "shop"})
    wanted = {"name": "shop", "description": "", "purpose": "Web Application", "environment": "Staging"}
    assert api.writes[0] == ("POST", "/projects", wanted)


def test_fields_that_are_given_are_changed_in_place(api):
    assert run(api, {"purpose": "Shop"})[0][1] == "noop", "DigitalOcean puts Other: before what it does not know"
    assert run(api, {"purpose": "Shop", "environment": "Production", "description": "x"})[0][1] == "update"
    assert ("PATCH", "/projects/p1", {"description": "x", "environment": "Production"}) in api.writes


def test_an_unknown_id_is_a_problem(api):
    shared = context(api, do_project={**EMPTY, "id": "other"})
    (problem,) = Project(shared).problems(read(shared))
    assert "'other'" in problem
    assert "but shop-staging" in problem


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
    assert run(api, {}, state="absent") == [("project", "delete", "shop-staging")]
    assert api.rows["projects"] == []


def test_it_stays_for_what_is_not_ours(api):
    run(api, {})
    api.urns["p1"].append("do:space:photos")
    assert run(api, {}, state="absent") == [("project", "keep", "shop-staging")]


def test_one_with_another_name_is_not_ours_to_delete(api):
    api.rows["projects"][0]["name"] = "shop"
    assert run(api, {"name": "shop"}, state="absent") == []


class Late(MemoryApi):
    """Does not know a new resource at first."""

    misses = 2

    def _project_resources(self, method, id, content):
        reply = super()._project_resources(method, id, content)
        if method == "POST" and self.misses:
            self.misses -= 1
            reply["resources"][0]["status"] = "not_found"
        return reply


def test_a_200_that_assigned_nothing_is_no_success(api):
    late = Late(polls=0)
    late.rows = api.rows
    run(late, {})
    assert len(late.writes) == 3
    late.urns.clear()
    late.misses = 10**6
    with pytest.raises(ApiError, match=r"do:droplet:7 \(not_found\)"):
        run(late, {}, wait_timeout=1)


def test_two_spellings_of_a_reserved_ip():
    assert _project.spelling("do:reservedip:192.0.2.1") == ReservedIp(context()).urn_of("192.0.2.1")


def test_patch_is_repeated():
    replies = [Reply(500, {}, b""), Reply(200, {}, b"{}")]
    client = Client("http://127.0.0.1", "t", lambda *_: replies.pop(0), sleep=lambda seconds: None)
    assert client.patch("/projects/p1", {}) == {}
