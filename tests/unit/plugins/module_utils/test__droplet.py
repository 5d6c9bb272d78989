from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils import _droplet
from ansible_collections.izzzi.infra.plugins.module_utils._names import Names

from tests.unit.memory_api import FINGERPRINT, MemoryApi, context, networks

NAMES = Names("shop", "staging")
OWNER, WEB = "izzzi:shop:staging", "izzzi:shop:staging:web"
APP = {
    "count": 1,
    "size": "s-1vcpu-1gb",
    "image": "debian-13-x64",
    "groups": ["web"],
    "monitoring": False,
    "backups": False,
}
SECRET = "#cloud-config\n# hunter2\n"


def row(**changes) -> dict:
    return {
        "id": 7,
        "name": "shop-staging-app",
        "status": "active",
        "networks": networks(7),
        "size_slug": "s-1vcpu-1gb",
        "image": {"slug": "debian-13-x64"},
        "region": {"slug": "fra1"},
        "tags": [OWNER, WEB],
        "features": [],
        "vpc_uuid": "v1",
        "created_at": "2026-01-05T10:00:00Z",
        **changes,
    }


def wanted(**changes) -> list[_droplet.Wanted]:
    return _droplet.wanted({"app": {**APP, **changes}}, NAMES)


def noun(api: MemoryApi, **changes) -> _droplet.Droplets:
    made = _droplet.Droplets(context(api, droplets={"app": {**APP, **changes}}, user_data=SECRET))
    made.context.known.put("vpc", "shop-staging-vpc", {"id": "v1"})
    return made


def steps(api: MemoryApi, *rows: dict, **changes):
    return noun(api, **changes).steps({"droplets": list(rows), "sizes": api.rows["sizes"]})


def problems(*rows: dict, **changes) -> list[str]:
    return _droplet.problems(wanted(**changes), "fra1", "v1", NAMES, list(rows))


def test_a_group_is_its_numbered_droplets():
    droplets = _droplet.wanted({"app": {**APP, "count": 2}, "db": {**APP, "count": 0}}, NAMES)
    assert [d.name for d in droplets] == ["shop-staging-app", "shop-staging-app-2"]
    assert droplets[0].tags == (OWNER, WEB)
    assert wanted(groups=["web", "web"])[0].tags == (OWNER, WEB), "named twice is tagged once"


def test_nothing_stands_against_what_is_as_declared_or_missing():
    assert problems(row()) == []
    assert problems(row(status="new", networks={"v4": []})) == []
    assert problems() == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([row(), row(id=8)], ["2 droplets are named shop-staging-app", "7, 8"]),
        ([row(tags=[])], ["id 7", f"without the tag {OWNER}"]),
        ([row(tags=[WEB])], [f"without the tag {OWNER}"]),
        ([row(status="off")], ["shop-staging-app (id 7) is powered off", "status off", "203.0.113.7", "power-on 7"]),
        ([row(status="archive")], ["status archive"]),
        ([row(size_slug="s-2vcpu-4gb")], ["droplets.app.size", "has s-2vcpu-4gb", "declared is s-1vcpu-1gb"]),
        ([row(image={"slug": "debian-12-x64"})], ["droplets.app.image", "debian-12-x64"]),
        ([row(region={"slug": "ams3"})], ["region: ", "ams3", "fra1"]),
        ([row(vpc_uuid="v2")], ["not in the VPC shop-staging-vpc", "v2"]),
    ],
)
def test_what_cannot_be_changed_is_a_problem(found, words):
    (problem,) = problems(*found)
    assert [word for word in words if word not in problem] == []


def test_the_image_of_an_old_droplet_may_have_lost_its_slug():
    assert problems(row(image={"slug": None})) == []
    assert problems(row(image=None)) == []


def test_the_id_of_an_own_image_is_not_compared_with_a_slug():
    assert problems(row(), image="194722834") == []


def test_one_request_makes_ten():
    api = MemoryApi()
    made = steps(api, count=12)
    assert [step.action for step in made] == ["create"] * 12
    for step in made:
        if step.apply:
            step.apply()
    assert [len(body["names"]) for _, _, body in api.calls] == [10, 2]
    first = dict(api.calls[0][2])
    assert first.pop("names")[0] == "shop-staging-app"
    assert first == {
        "region": "fra1",
        "ssh_keys": [FINGERPRINT],
        "user_data": SECRET,
        "size": "s-1vcpu-1gb",
        "image": "debian-13-x64",
        "tags": [OWNER, WEB],
        "monitoring": False,
        "backups": False,
        "vpc_uuid": "v1",
    }


def test_an_own_image_is_sent_as_a_number():
    api = MemoryApi()
    (step,) = steps(api, image="194722834")
    step.apply()
    assert api.calls[0][2]["image"] == 194722834


def test_growth_makes_only_what_is_missing():
    api = MemoryApi()
    grown = steps(api, row(name="shop-staging-app-2"), count=3)
    assert sorted((step.action, step.name) for step in grown) == [
        ("create", "shop-staging-app"),
        ("create", "shop-staging-app-3"),
        ("noop", "shop-staging-app-2"),
    ]
    next(step for step in grown if step.apply).apply()
    assert api.calls[0][2]["names"] == ["shop-staging-app", "shop-staging-app-3"]


def test_user_data_is_shown_as_a_checksum():
    (step,) = steps(MemoryApi())
    shown = {change.field: change.after for change in step.changes}
    assert shown["user_data"].startswith("sha256:")
    assert "hunter2" not in str(step.show())


def test_tags_and_backups_are_changed_in_place():
    api = MemoryApi()
    api.rows["droplets"] = [row(tags=[OWNER, f"{OWNER}:old", "cost-centre-7"])]
    (step,) = steps(api, *api.rows["droplets"], backups=True)
    assert step.action == "update"
    assert [(c.field, c.before, c.after) for c in step.changes] == [
        ("tags", [OWNER, f"{OWNER}:old"], [OWNER, WEB]),
        ("backups", False, True),
    ]
    step.apply()
    assert sorted(api.rows["droplets"][0]["tags"]) == sorted([OWNER, WEB, "cost-centre-7"])
    assert api.rows["droplets"][0]["features"] == ["backups"]
    (resource,) = api.calls[0][2]["resources"]
    assert resource == {"resource_id": "7", "resource_type": "droplet"}, "the API wants the id as text"


def test_surplus_is_ours_only():
    api = MemoryApi()
    api.rows["droplets"] = [row(), row(id=8, name="shop-staging-old"), row(id=9, name="shop-staging-foreign", tags=[])]
    (step,) = noun(api).surplus({"droplets": list(api.rows["droplets"])})
    assert (step.action, step.name) == ("delete", "shop-staging-old")
    step.apply()
    assert api.writes == [("DELETE", "/droplets/8", None)]


def test_a_step_tells_what_it_costs():
    api = MemoryApi()
    (new,) = steps(api, backups=True)
    assert (new.cost_before, new.cost_after) == (0.0, 7.2), "weekly backups are a fifth of the price"
    (same,) = steps(api, row(size={"price_monthly": 6.0}))
    assert (same.cost_before, same.cost_after) == (6.0, 6.0)


@pytest.mark.parametrize(
    ("changes", "ready"),
    [
        ({}, True),
        ({"status": "new"}, False),
        ({"networks": {"v4": []}}, False),
        ({"networks": {"v4": [{"type": "private", "ip_address": "10.0.0.2"}]}}, False),
    ],
)
def test_a_droplet_is_ready_when_it_is_active_and_has_both_addresses(changes, ready):
    assert _droplet.is_ready(row(**changes)) is ready


def test_shown():
    shown = _droplet.show(row(tags=["other", WEB, OWNER]), NAMES, {"shop-staging-app"})
    assert (shown["public_ip"], shown["private_ip"]) == ("203.0.113.7", "10.66.0.7")
    assert (shown["groups"], shown["created"]) == (["web"], True)
    assert _droplet.show(row(networks={"v4": []}), NAMES, set())["public_ip"] == ""
