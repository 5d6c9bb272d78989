# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison: test_compare.py. Power, size and features: test_actions.py."""

from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.droplet import droplet

from tests.unit.sandbox_api import APP, FINGERPRINT, KEY, SandboxApi, context, row

OWNER, WEB = "izzzi:shop:staging", "izzzi:shop:staging:web"
SECRET = "#cloud-config\n# hunter2\n"


def noun(api: SandboxApi, allow_replace: tuple = (), replace: tuple = (), **changes) -> droplet.Droplets:
    consent = {"allow_replace": list(allow_replace), "replace": list(replace)}
    made = droplet.Droplets(context(api, droplets={"app": {**APP, **changes}}, user_data=SECRET, **consent))
    made.context.known.put("vpc", "shop-staging-vpc", {"id": api.vpc()})
    return made


def steps(api: SandboxApi, *rows: dict, **changes):
    return noun(api, **changes).steps(account(api, *rows))


def account(api: SandboxApi, *rows: dict) -> dict:
    """`rows` stand for those of the API, for tests that make nothing of them."""
    return {"droplets": list(rows), "sizes": api.rows("sizes"), "vpcs": api.rows("vpcs"), "tags": api.rows("tags")}


@pytest.fixture
def api() -> SandboxApi:
    api = SandboxApi()
    api.make("account/keys", name="deploy", public_key=KEY)
    return api


def test_one_request_makes_ten(api):
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
        "ipv6": False,
        "vpc_uuid": api.vpc(),
    }


def test_an_own_image_is_sent_as_a_number(api):
    (step,) = steps(api, image="194722834")
    step.apply()
    assert api.calls[0][2]["image"] == 194722834


def test_growth_makes_only_what_is_missing(api):
    grown = steps(api, row(name="shop-staging-app-2", vpc_uuid=api.vpc()), count=3)
    assert sorted((step.action, step.name) for step in grown) == [
        ("create", "shop-staging-app"),
        ("create", "shop-staging-app-3"),
        ("noop", "shop-staging-app-2"),
    ]
    next(step for step in grown if step.apply).apply()
    assert api.calls[0][2]["names"] == ["shop-staging-app", "shop-staging-app-3"]


def test_user_data_is_shown_as_a_checksum(api):
    (step,) = steps(api)
    shown = {change.field: change.after for change in step.changes}
    assert shown["user_data"].startswith("sha256:")
    assert "hunter2" not in str(step.show())


def test_surplus_is_ours_only(api):
    api.droplet()
    old = api.droplet("shop-staging-old")
    api.droplet("shop-staging-foreign", "others", vpc_uuid=None)
    api.droplet("guest", "others")
    (step,) = noun(api).surplus(account(api, *api.rows("droplets")))
    assert (step.action, step.name) == ("delete", "shop-staging-old")
    step.apply()
    assert api.writes == [("DELETE", f"/droplets/{old['id']}", None)]


def test_a_step_tells_what_it_costs(api):
    (new,) = steps(api, backups=True)
    assert (new.cost_before, new.cost_after) == (0.0, 7.2), "weekly backups are a fifth of the price"
    (same,) = steps(api, row(size={"price_monthly": 6.0}))
    assert (same.cost_before, same.cost_after) == (6.0, 6.0)


def test_what_stands_in_our_vpc_under_our_names_is_ours_to_remove(api):
    (step,) = noun(api).surplus(
        account(api, row(), row(id=8, name="shop-staging-db", tags=["managedby:terraform"], vpc_uuid=api.vpc()))
    )
    assert step.name == "shop-staging-db"


def test_a_change_of_size_changes_the_price(api):
    api.droplet()
    (step,) = steps(api, *api.rows("droplets"), size="s-1vcpu-2gb")
    assert (step.action, step.cost_before, step.cost_after) == ("update", 6.0, 12.0)
    step.apply()
    assert api.rows("droplets")[0]["size_slug"] == "s-1vcpu-2gb"


def test_a_replacement_deletes_waits_and_makes_anew(api):
    old = api.droplet(image="debian-12-x64")
    droplets = noun(api, allow_replace=["shop-staging-app"])
    (step,) = droplets.steps(account(api, *api.rows("droplets")))
    assert (step.action, [c.field for c in step.changes]) == ("replace", ["image"])
    assert droplets.context.known.row("droplet", "shop-staging-app") is None, "what refers to it is planned anew"
    api.held = 3
    step.apply()
    assert [(method, path) for method, path, _ in api.calls] == [
        ("DELETE", f"/droplets/{old['id']}"),
        *[("GET", "/droplets")] * 3,
        ("POST", "/droplets"),
    ]
    api.held = 3
    droplets.settle()
    (shown,) = droplets.rows()["droplets"]
    assert (shown["created"], shown["status"]) == (True, "active"), "it was waited for"


def test_a_droplet_that_was_listed_while_it_was_being_deleted_is_not_waited_for(api):
    made = api.droplet()
    droplets = noun(api)
    droplets.steps(account(api, {**api.rows("droplets")[0], "networks": {"v4": []}}))
    api.ask("DELETE", f"/droplets/{made['id']}")
    with pytest.raises(ApiError, match=r"shop-staging-app was deleted while this run waited for it\. Run again"):
        droplets.settle()


def test_a_droplet_is_made_anew_on_request_although_nothing_differs(api):
    made = api.droplet()
    (step,) = noun(api, replace=["shop-staging-app"]).steps(account(api, *api.rows("droplets")))
    assert (step.action, [(c.field, c.before) for c in step.changes]) == ("replace", [("droplet", f"id {made['id']}")])
    (step,) = noun(api, allow_replace=["shop-staging-app"]).steps(account(api, *api.rows("droplets")))
    assert step.action == "noop", "consent alone asks for nothing"
