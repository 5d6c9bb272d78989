# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's whole life against a real API: the sandbox with remembered droplets."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

from tests.cloud.module_process import spawn

from .conftest import KEY, Run, Sandbox, actions

NOOP_CALLS = 13
SEARCH_CALLS = 13  # a removal looks also for what an earlier declaration may have left


def test_create_then_nothing(sandbox: Sandbox, declared, run: Run):
    created = run(declared)
    assert "failed" not in created, created
    assert created["changed"]
    assert actions(created) == {
        "vpc shop-staging-vpc": "create",
        "ssh_key deploy": "create",
        "tag izzzi:shop:staging": "create",
        "tag izzzi:shop:staging:web": "create",
        "firewall shop-staging-fw-web": "create",
        "firewall shop-staging-fw-internal": "create",
        "droplet shop-staging-app": "create",
    }
    (row,) = sandbox.all("droplets")
    (droplet,) = created["droplets"]
    assert droplet["created"]
    assert droplet["id"] == row["id"]
    assert droplet["groups"] == ["web"]
    assert {n["type"]: n["ip_address"] for n in row["networks"]["v4"]} == {
        "public": droplet["public_ip"],
        "private": droplet["private_ip"],
    }
    assert row["vpc_uuid"] == created["outputs"]["vpc_id"]
    assert created["outputs"]["ssh_command"] == {"shop-staging-app": f"ssh root@{droplet['public_ip']}"}
    assert created["outputs"]["firewall_ids"] == {
        f["name"].removeprefix("shop-staging-fw-"): f["id"] for f in sandbox.all("firewalls")
    }

    before = sandbox.account()
    for check in (True, False):
        again = run(declared, check=check)
        assert not again["changed"]
        assert actions(again) == {}
        assert again["api_calls"] <= NOOP_CALLS
        assert again["diff"] == {"before": {}, "after": {}}
        assert again["outputs"] == created["outputs"]
        assert again["droplets"] == [{**droplet, "created": False}]
    assert sandbox.account() == before


def test_no_droplet_is_ever_without_its_firewalls(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (droplet,) = sandbox.all("droplets")
    firewalls = sandbox.api("GET", f"/v2/droplets/{droplet['id']}/firewalls")["firewalls"]
    assert sorted(f["name"] for f in firewalls) == ["shop-staging-fw-internal", "shop-staging-fw-web"]
    made_before = [f["created_at"] <= droplet["created_at"] for f in firewalls]
    assert all(made_before)


def test_check_mode_tells_what_the_run_does_and_writes_nothing(sandbox: Sandbox, declared, run: Run):
    before = sandbox.account()
    predicted = run(declared, check=True)
    assert sandbox.account() == before
    assert predicted["changed"]
    assert predicted["droplets"] == []
    done = run(declared)
    assert predicted["plan"] == done["plan"]
    assert predicted["diff"] == done["diff"]


def test_user_data_and_the_token_are_never_shown(declared, run: Run):
    result = run(declared)
    shown = json.dumps({key: value for key, value in result.items() if key != "invocation"})
    assert "the-secret-of-the-user-data" not in shown
    assert "sha256:" in shown
    assert declared["api_token"] not in json.dumps(result)
    assert "the-secret-of-the-user-data" not in json.dumps(result)


def test_updates_in_place(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (before,) = sandbox.all("droplets")
    changed = copy.deepcopy(declared)
    changed["vpc"]["description"] = "the shop's network"
    changed["firewalls"]["web"]["inbound"][0]["ports"] = "8443"
    changed["droplets"]["app"].update(groups=["web", "managers"], backups=False)

    predicted = run(changed, check=True)
    result = run(changed)
    assert predicted["plan"] == result["plan"]
    assert actions(result) == {
        "vpc shop-staging-vpc": "update",
        "tag izzzi:shop:staging:managers": "create",
        "firewall shop-staging-fw-web": "update",
        "droplet shop-staging-app": "update",
    }
    assert result["diff"]["before"]["vpc shop-staging-vpc"] == {"description": ""}
    assert result["diff"]["after"]["vpc shop-staging-vpc"] == {"description": "the shop's network"}
    assert result["droplets"][0]["groups"] == ["managers", "web"], "the result shows the droplet as it is now"
    (after,) = sandbox.all("droplets")
    assert after["id"] == before["id"]
    assert not run(changed)["changed"]

    assert actions(run(declared))["droplet shop-staging-app"] == "update"
    (after,) = sandbox.all("droplets")
    assert sorted(after["tags"]) == ["izzzi:shop:staging", "izzzi:shop:staging:web"]
    assert not run(declared)["changed"]


def test_tags_of_others_on_a_droplet_stay(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (droplet,) = sandbox.all("droplets")
    sandbox.api("POST", "/v2/tags", {"name": "cost-centre-7"})
    resources = [{"resource_id": str(droplet["id"]), "resource_type": "droplet"}]
    sandbox.api("POST", "/v2/tags/cost-centre-7/resources", {"resources": resources})
    assert not run(declared)["changed"]
    assert "cost-centre-7" in sandbox.all("droplets")[0]["tags"]


def test_drift_made_by_hand_is_repaired(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (web,) = [f for f in sandbox.all("firewalls") if f["name"].endswith("-web")]
    sandbox.api("DELETE", f"/v2/firewalls/{web['id']}/tags", {"tags": ["izzzi:shop:staging"]})
    sandbox.api("DELETE", "/v2/tags/izzzi:shop:staging:web")
    assert actions(run(declared)) == {
        "tag izzzi:shop:staging:web": "create",
        "firewall shop-staging-fw-web": "update",
        "droplet shop-staging-app": "update",
    }
    assert not run(declared)["changed"]


@pytest.mark.parametrize("spelling", ["1-65535", "all", "0"])
def test_every_spelling_of_all_ports_is_the_same(declared, run: Run, spelling):
    run(declared)
    declared["firewalls"]["internal"]["inbound"][0]["ports"] = spelling
    assert not run(declared)["changed"]


def test_growth_is_done_and_shrinking_needs_prune(sandbox: Sandbox, declared, run: Run):
    run(declared)
    grown = copy.deepcopy(declared)
    grown["droplets"]["app"]["count"] = 3
    grown["droplets"]["db"] = {"size": "s-2vcpu-4gb", "image": "debian-12-x64"}
    result = run(grown)
    assert actions(result) == {f"droplet shop-staging-{name}": "create" for name in ("app-2", "app-3", "db")}
    assert [d["created"] for d in result["droplets"]] == [False, True, True, True]
    assert not run(grown)["changed"]

    before = sandbox.account()
    for check in (True, False):
        refused = run(declared, check=check)
        assert refused["failed"]
        assert "shop-staging-app-2" in refused["msg"]
        assert "prune" in refused["msg"]
    assert sandbox.account() == before

    predicted = run({**declared, "prune": True}, check=True)
    pruned = run({**declared, "prune": True})
    assert predicted["plan"] == pruned["plan"]
    assert set(actions(pruned).values()) == {"delete"}
    assert [d["name"] for d in sandbox.all("droplets")] == ["shop-staging-app"]
    assert not run({**declared, "prune": True})["changed"]


def test_many_droplets_at_once(sandbox: Sandbox, declared, run: Run):
    declared["droplets"]["app"]["count"] = 12
    result = run(declared)
    assert [d["name"] for d in sandbox.all("droplets")].count("shop-staging-app-12") == 1
    assert len(result["droplets"]) == 12
    assert not run(declared)["changed"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("size", "s-2vcpu-4gb", ["droplets.app.size", "s-1vcpu-1gb", "s-2vcpu-4gb", "allow_resize"]),
        ("image", "debian-12-x64", ["droplets.app.image", "debian-13-x64", "allow_replace"]),
    ],
)
def test_what_hurts_is_refused_without_consent(sandbox: Sandbox, declared, run: Run, field, value, words):
    run(declared)
    before = sandbox.account()
    declared["droplets"]["app"][field] = value
    refused = run(declared)
    assert refused["failed"]
    assert [word for word in words if word not in refused["msg"]] == []
    assert sandbox.account() == before


def test_a_size_is_changed_with_consent_and_back(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (before,) = sandbox.all("droplets")
    larger = copy.deepcopy(declared)
    larger["droplets"]["app"]["size"] = "s-2vcpu-4gb"
    predicted = run({**larger, "allow_resize": True}, check=True)
    done = run({**larger, "allow_resize": True})
    assert predicted["plan"] == done["plan"]
    assert actions(done) == {"droplet shop-staging-app": "update"}
    assert done["monthly_cost"]["before"] < done["monthly_cost"]["after"] == done["outputs"]["monthly_cost"]
    (after,) = sandbox.all("droplets")
    assert (after["id"], after["size_slug"], after["status"]) == (before["id"], "s-2vcpu-4gb", "active")
    assert not run(larger)["changed"]
    run({**declared, "allow_resize": True})
    assert sandbox.all("droplets")[0]["size_slug"] == before["size_slug"], "the disk did not grow, so it fits again"


def test_an_image_is_changed_by_a_new_droplet_with_consent(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (before,) = sandbox.all("droplets")
    declared["droplets"]["app"]["image"] = "debian-12-x64"
    consent = {"allow_replace": ["shop-staging-app"]}
    predicted = run({**declared, **consent}, check=True)
    done = run({**declared, **consent})
    assert predicted["plan"] == done["plan"]
    assert actions(done) == {"droplet shop-staging-app": "replace"}
    assert done["droplets"][0]["created"]
    (after,) = sandbox.all("droplets")
    assert after["id"] != before["id"]
    assert after["image"]["slug"] == "debian-12-x64"
    assert not run({**declared, **consent})["changed"], "consent alone replaces nothing"


def test_a_vpc_keeps_its_range_and_region(sandbox: Sandbox, declared, run: Run):
    run(declared)
    before = sandbox.account()
    refused = run({**declared, "vpc": {"ip_range": "10.67.0.0/16"}, "region": "ams3"})
    assert refused["failed"]
    assert "ip_range is 10.66.0.0/16" in refused["msg"]
    assert "region is fra1" in refused["msg"]
    assert sandbox.account() == before


def foreign_resources(sandbox: Sandbox, declared) -> dict:
    sandbox.api("POST", "/v2/vpcs", {"name": "shop-vpc", "region": "fra1", "ip_range": "10.99.0.0/16"})
    for tag in ("izzzi:shop:production", "izzzi:shop:stagingx", "izzzi:shop:production:web"):
        sandbox.api("POST", "/v2/tags", {"name": tag})
    rule = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["203.0.113.0/24"]}}
    for name in ("shop-production-fw-web", "shop-stagingx-fw-web", "web"):
        body = {"name": name, "inbound_rules": [rule], "tags": ["izzzi:shop:production"]}
        sandbox.api("POST", "/v2/firewalls", body)
    for name in ("shop-staging-foreign", "shop-production-app"):
        body = {"name": name, "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
        sandbox.api("POST", "/v2/droplets", {**body, "tags": ["izzzi:shop:production"]})
    deadline = time.monotonic() + 10
    while any(d["status"] == "new" or d["locked"] for d in sandbox.all("droplets")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return sandbox.account()


def test_what_is_not_ours_is_never_touched(sandbox: Sandbox, declared, run: Run):
    before = foreign_resources(sandbox, declared)
    assert "failed" not in run(declared)
    removed = run({**declared, "state": "absent", "prune": True})
    assert removed["changed"]
    after = sandbox.account()
    (key,) = after.pop("account/keys")
    assert key["public_key"] == KEY, "account keys stay"
    before.pop("account/keys")
    assert after == before


def test_absent_removes_all_and_then_nothing(sandbox: Sandbox, declared, run: Run):
    foreign_resources(sandbox, declared)  # so that ours is not the region's default VPC
    declared["droplets"]["app"]["count"] = 2
    run(declared)
    gone = {**declared, "state": "absent"}
    predicted = run(gone, check=True)
    removed = run(gone)
    assert predicted["plan"] == removed["plan"]
    assert [s["kind"] for s in removed["plan"]] == [
        "droplet", "droplet", "firewall", "firewall", "tag", "tag", "ssh_key", "vpc"
    ]  # fmt: skip
    assert [s["kind"] for s in removed["plan"] if s["action"] == "keep"] == ["ssh_key"]
    again = run(gone)
    assert not again["changed"]
    assert again["api_calls"] <= SEARCH_CALLS


def test_absent_leaves_the_default_vpc_of_a_region_and_says_so_truthfully(sandbox: Sandbox, declared, run: Run):
    run(declared)
    assert run({**declared, "state": "absent"})["changed"]
    assert [v["name"] for v in sandbox.all("vpcs")] == ["shop-staging-vpc"]
    assert not run({**declared, "state": "absent"})["changed"]
    assert "failed" not in run(declared), "the next run takes it up"


def test_a_droplet_of_our_name_without_our_tag_is_an_error(sandbox: Sandbox, declared, run: Run):
    body = {"name": "shop-staging-app", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    sandbox.api("POST", "/v2/droplets", body)
    before = [f["name"] for f in sandbox.all("firewalls")]
    refused = run(declared)
    assert refused["failed"]
    assert "without the tag izzzi:shop:staging" in refused["msg"]
    assert [f["name"] for f in sandbox.all("firewalls")] == before


def test_two_droplets_of_one_name_are_an_error(sandbox: Sandbox, declared, run: Run):
    run(declared)
    body = {"name": "shop-staging-app", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    sandbox.api("POST", "/v2/droplets", {**body, "tags": ["izzzi:shop:staging"]})
    refused = run(declared)
    assert refused["failed"]
    assert "2 droplets are named shop-staging-app" in refused["msg"]


def power_off(sandbox: Sandbox, droplet: dict) -> None:
    sandbox.api("POST", f"/v2/droplets/{droplet['id']}/actions", {"type": "power_off"})
    deadline = time.monotonic() + 10
    while sandbox.api("GET", f"/v2/droplets/{droplet['id']}")["droplet"]["status"] != "off":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_powered_off_droplet_is_drift_and_is_powered_on(sandbox: Sandbox, declared, run: Run):
    run(declared)
    power_off(sandbox, sandbox.all("droplets")[0])
    predicted = run(declared, check=True)
    (step,) = [step for step in predicted["plan"] if step["action"] != "noop"]
    assert step["changes"] == [{"field": "status", "before": "off", "after": "active"}]
    assert sandbox.all("droplets")[0]["status"] == "off"
    assert run(declared)["droplets"][0]["status"] == "active"
    assert not run(declared)["changed"]


def test_a_resize_that_was_cut_off_is_finished(sandbox: Sandbox, declared, run: Run):
    run(declared)
    (droplet,) = sandbox.all("droplets")
    power_off(sandbox, droplet)  # and then the run was killed
    declared["droplets"]["app"]["size"] = "s-1vcpu-2gb"
    (step,) = [s for s in run({**declared, "allow_resize": True})["plan"] if s["action"] != "noop"]
    assert [change["field"] for change in step["changes"]] == ["status", "size"]
    (droplet,) = sandbox.all("droplets")
    assert (droplet["size_slug"], droplet["status"]) == ("s-1vcpu-2gb", "active")
    assert not run(declared)["changed"]


def test_a_key_that_is_there_under_another_name_is_used_as_it_is(sandbox: Sandbox, declared, run: Run):
    sandbox.api("POST", "/v2/account/keys", {"name": "laptop", "public_key": KEY})
    assert "ssh_key deploy" not in actions(run(declared))
    assert [k["name"] for k in sandbox.all("account/keys")] == ["laptop"]


def test_an_interrupted_create_is_resumed(sandbox: Sandbox, declared, run: Run):
    """Killed at moments that cover all of the work; what is there is taken up, nothing is made twice."""
    declared["droplets"]["app"]["count"] = 2
    for pause in (0.3, 0.5, 0.7, 0.9, 1.1):
        module = spawn(declared)
        time.sleep(pause)
        module.kill()
    result = run(declared)
    assert "failed" not in result, result
    assert sorted(d["name"] for d in sandbox.all("droplets")) == ["shop-staging-app", "shop-staging-app-2"]
    assert len(sandbox.all("firewalls")) == 2
    assert not run(declared)["changed"]


def test_token_and_url_come_from_the_environment(sandbox: Sandbox, declared, run: Run):
    del declared["api_url"], declared["api_token"]
    given = {"DIGITALOCEAN_API_URL": sandbox.url, "DIGITALOCEAN_TOKEN": sandbox.token}
    assert run(declared, check=True, **given)["changed"]


def test_all_problems_are_told_at_once_and_nothing_is_asked(sandbox: Sandbox, declared, run: Run):
    declared.update(
        project="Shop!", vpc={"ip_range": "10.66.0.1/16"}, ssh_keys=[{"name": "x", "public_key": "nonsense"}]
    )
    declared["droplets"]["app"].update(count=-1)
    declared["firewalls"]["web"]["inbound"][0]["ports"] = "70000"
    declared["api_url"] = "http://127.0.0.1:9"
    refused = run(declared)
    assert refused["failed"]
    for word in ("project", "vpc.ip_range", "ssh_keys[0]", "droplets.app.count", "firewalls.web.inbound[0].ports"):
        assert word in refused["msg"]
    assert "127.0.0.1:9" not in refused["msg"]


def test_what_cannot_be_had_is_refused_before_anything_is_made(sandbox: Sandbox, declared, run: Run):
    sandbox.api("POST", "/v2/vpcs", {"name": "other", "region": "fra1", "ip_range": "10.66.128.0/20"})
    declared["droplets"]["app"].update(size="s-1vcpu-1g", image="debian-31-x64")
    before = sandbox.account()
    refused = run(declared)
    for word in ("s-1vcpu-1gb", "debian-13-x64", "overlaps the VPC other"):
        assert word in refused["msg"]
    assert "fra1" in run({**declared, "region": "fra9"})["msg"]
    assert sandbox.account() == before


def test_a_smaller_disk_is_refused_unless_the_droplet_is_made_anew(sandbox: Sandbox, declared, run: Run):
    def app(**more: str) -> dict[str, Any]:
        return {"droplets": {"app": {**declared["droplets"]["app"], **more}}}

    run({**declared, **app(size="s-1vcpu-2gb")})
    refused = run({**declared, "allow_resize": True})
    assert "which cannot shrink" in refused["msg"]
    asked = run({**declared, "allow_resize": True, "replace": ["shop-staging-app"]}, check=True)
    assert actions(asked) == {"droplet shop-staging-app": "replace"}
    smaller = {**declared, **app(image="debian-12-x64"), "allow_resize": True, "allow_replace": ["shop-staging-app"]}
    assert actions(run(smaller)) == {"droplet shop-staging-app": "replace"}
    (droplet,) = sandbox.all("droplets")
    assert (droplet["size_slug"], droplet["image"]["slug"]) == ("s-1vcpu-1gb", "debian-12-x64")
