# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError, Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.droplet.actions import Actions
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Change
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Wait
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply
from izzzi_sandbox.account.records import Droplet

from tests.unit.sandbox_api import TOKEN, URL, SandboxApi, Time

RESIZE = (Change("size", "s-1vcpu-1gb", "s-1vcpu-2gb"),)


@pytest.fixture
def api() -> SandboxApi:
    api = SandboxApi()
    api.droplet()
    return api


def droplet(api: SandboxApi) -> dict:
    return api.rows("droplets")[0]


def apply(api, *changes: Change, limit: float = 60) -> None:
    time = Time()
    client = Client(URL, TOKEN, api, sleep=time.sleep)
    Actions(client, Wait(limit, time.sleep, time.clock)).apply(
        droplet(getattr(api, "api", api))["id"], "shop-staging-app", changes
    )


def asked(api: SandboxApi) -> list[str]:
    return [body["type"] for _, path, body in api.writes if path.endswith("/actions")]


def test_tags_are_put_on_and_taken_off(api):
    for tag in ("old", "others", "new"):
        api.make("tags", name=tag)
    api.change(Droplet, tags=["old", "others"])
    apply(api, Change("tags", ["old"], ["new"]))
    assert sorted(droplet(api)["tags"]) == ["new", "others"]
    (resource,) = api.writes[0][2]["resources"]
    assert resource == {"resource_id": str(droplet(api)["id"]), "resource_type": "droplet"}, "the API wants text"


@pytest.mark.parametrize(
    ("change", "action"),
    [
        (Change("backups", False, True), "enable_backups"),
        (Change("backups", True, False), "disable_backups"),
        (Change("ipv6", False, True), "enable_ipv6"),
        (Change("status", "off", "active"), "power_on"),
    ],
)
def test_features_and_power_are_actions(api, change, action):
    api.change(Droplet, **{change.field: change.before} if change.field in ("backups", "status") else {})
    apply(api, change)
    assert asked(api) == [action]


def test_a_resize_is_between_a_shutdown_and_a_power_on(api):
    apply(api, *RESIZE)
    assert asked(api) == ["shutdown", "resize", "power_on"]
    assert (droplet(api)["size_slug"], droplet(api)["status"]) == ("s-1vcpu-2gb", "active")
    assert api.writes[1][2] == {"type": "resize", "size": "s-1vcpu-2gb", "disk": False}


def test_one_that_is_off_already_is_not_shut_down(api):
    """A run that was cut off in the middle left it so."""
    api.change(Droplet, status="off")
    apply(api, Change("status", "off", "active"), *RESIZE)
    assert asked(api) == ["resize", "power_on"]


class Fault:
    """Answers a kind of action differently; all else goes to the API."""

    def __init__(self, api: SandboxApi, action: str, replies: list[Reply], *, works: bool = False) -> None:
        self.api, self.action, self.replies, self.works = api, action, replies, works

    def __call__(self, method, url, headers, body, timeout):
        if method == "POST" and self.replies and json.loads(body).get("type") == self.action:
            if self.works:
                self.api(method, url, headers, body, timeout)
            return self.replies.pop(0)
        return self.api(method, url, headers, body, timeout)


def refusal(status: int, message: str) -> Reply:
    return Reply(status, {}, json.dumps({"id": "x", "message": message}).encode())


def test_a_droplet_that_will_not_shut_down_is_switched_off(api):
    deaf = Fault(api, "shutdown", [Reply(201, {}, b'{"action": {"id": 1}}')])
    apply(deaf, *RESIZE)
    assert asked(api) == ["power_off", "resize", "power_on"]


def test_a_busy_droplet_is_asked_again(api):
    busy = refusal(422, "Droplet already has a pending event.")
    apply(Fault(api, "enable_backups", [busy, busy]), Change("backups", False, True))
    assert "backups" in droplet(api)["features"]


def test_a_lost_answer_is_settled_by_the_droplet_itself(api):
    lost = Fault(api, "enable_backups", [refusal(500, "lost")], works=True)
    apply(lost, Change("backups", False, True))
    assert asked(api) == ["enable_backups"], "not sent twice"


def test_what_somebody_else_did_meanwhile_is_done(api):
    apply(Fault(api, "power_on", [refusal(422, "Droplet is already powered on.")]), Change("status", "off", "active"))
    with pytest.raises(ApiError, match="no such size"):
        apply(Fault(api, "resize", [refusal(422, "no such size")]), *RESIZE)


def test_an_errored_resize_is_told_and_the_droplet_serves_again(api):
    api.cloud.faults.arm(kind="errored", action="resize")
    with pytest.raises(ApiError, match="resize of shop-staging-app"):
        apply(api, *RESIZE)
    assert droplet(api)["status"] == "active"


def test_waiting_for_an_action_has_an_end(api):
    api.held = 1  # nothing is done in the background
    with pytest.raises(ApiError, match=r"Not done within 60 s: enable_ipv6 of shop-staging-app\. Run again"):
        apply(api, Change("ipv6", False, True))
