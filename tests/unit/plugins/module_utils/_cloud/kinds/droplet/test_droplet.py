"""Comparison: test__droplet_compare.py. Power, size and features: test__droplet_actions.py."""

from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.droplet import droplet as _droplet

from tests.unit.memory_api import APP, FINGERPRINT, MemoryApi, context, row

OWNER, WEB = "izzzi:shop:staging", "izzzi:shop:staging:web"
SECRET = "#cloud-config\n# hunter2\n"


def noun(api: MemoryApi, allow_replace: tuple = (), replace: tuple = (), **changes) -> _droplet.Droplets:
    consent = {"allow_replace": list(allow_replace), "replace": list(replace)}
    made = _droplet.Droplets(context(api, droplets={"app": {**APP, **changes}}, user_data=SECRET, **consent))
    made.context.known.put("vpc", "shop-staging-vpc", {"id": "v1"})
    return made


def steps(api: MemoryApi, *rows: dict, **changes):
    return noun(api, **changes).steps(account(api, *rows))


def account(api: MemoryApi, *rows: dict) -> dict:
    vpc = {"id": "v1", "name": "shop-staging-vpc"}
    return {"droplets": list(rows), "sizes": api.rows["sizes"], "vpcs": [vpc]}


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
        "ipv6": False,
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


def test_surplus_is_ours_only():
    api = MemoryApi()
    api.rows["droplets"] = [
        row(),
        row(id=8, name="shop-staging-old"),
        row(id=9, name="shop-staging-foreign", tags=[], vpc_uuid="v2"),
        row(id=10, name="guest", tags=[]),
    ]
    (step,) = noun(api).surplus(account(api, *api.rows["droplets"]))
    assert (step.action, step.name) == ("delete", "shop-staging-old")
    step.apply()
    assert api.writes == [("DELETE", "/droplets/8", None)]


def test_a_step_tells_what_it_costs():
    api = MemoryApi()
    (new,) = steps(api, backups=True)
    assert (new.cost_before, new.cost_after) == (0.0, 7.2), "weekly backups are a fifth of the price"
    (same,) = steps(api, row(size={"price_monthly": 6.0}))
    assert (same.cost_before, same.cost_after) == (6.0, 6.0)


def test_what_stands_in_our_vpc_under_our_names_is_ours_to_remove():
    api = MemoryApi()
    (step,) = noun(api).surplus(account(api, row(), row(id=8, name="shop-staging-db", tags=["managedby:terraform"])))
    assert step.name == "shop-staging-db"


def test_a_change_of_size_changes_the_price():
    api = MemoryApi()
    api.rows["droplets"] = [row(size={"price_monthly": 6.0})]
    (step,) = steps(api, *api.rows["droplets"], size="s-1vcpu-2gb")
    assert (step.action, step.cost_before, step.cost_after) == ("update", 6.0, 12.0)
    step.apply()
    assert api.rows["droplets"][0]["size_slug"] == "s-1vcpu-2gb"


def test_a_replacement_deletes_waits_and_makes_anew():
    api = MemoryApi(polls=3)
    api.rows["droplets"] = [row(image={"slug": "debian-12-x64"})]
    droplets = noun(api, allow_replace=["shop-staging-app"])
    (step,) = droplets.steps(account(api, *api.rows["droplets"]))
    assert (step.action, [c.field for c in step.changes]) == ("replace", ["image"])
    assert droplets.context.known.row("droplet", "shop-staging-app") is None, "what refers to it is planned anew"
    step.apply()
    assert [(method, path) for method, path, _ in api.calls] == [
        ("DELETE", "/droplets/7"),
        ("GET", "/droplets"),
        ("POST", "/droplets"),
    ]
    droplets.settle()
    assert [(shown["created"], shown["status"]) for shown in droplets.rows()["droplets"]] == [(True, "active")], "it was waited for"


def test_a_droplet_is_made_anew_on_request_although_nothing_differs():
    api = MemoryApi()
    api.rows["droplets"] = [row()]
    (step,) = noun(api, replace=["shop-staging-app"]).steps(account(api, *api.rows["droplets"]))
    assert (step.action, [(c.field, c.before) for c in step.changes]) == ("replace", [("droplet", "id 7")])
    (step,) = noun(api, allow_replace=["shop-staging-app"]).steps(account(api, *api.rows["droplets"]))
    assert step.action == "noop", "consent alone asks for nothing"
