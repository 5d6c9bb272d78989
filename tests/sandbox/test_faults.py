# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand, and the log of what clients asked."""

from __future__ import annotations

import time

import pytest

from .daemon import Daemon

BODY = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}


def arm(daemon: Daemon, **fault) -> int:
    reply = daemon.call("POST", "/_sandbox/faults", fault)
    assert reply.status == 201, reply.body
    return reply.body["fault"]["id"]


def tags(daemon: Daemon) -> list[str]:
    return [tag["name"] for tag in daemon.call("GET", "/v2/tags").body["tags"]]


def droplet(daemon: Daemon, **more) -> int:
    return daemon.call("POST", "/v2/droplets", {**BODY, **more}).body["droplet"]["id"]


def test_a_status_before_and_after_the_write(daemon):
    arm(daemon, kind="status", status=502, method="POST", path="/v2/tags")
    arm(daemon, kind="status", status=500, method="POST", path="/v2/t*", when="after")
    statuses = [daemon.call("POST", "/v2/tags", {"name": f"t{n}"}).status for n in range(3)]
    assert (statuses, tags(daemon)) == ([502, 500, 201], ["t1", "t2"])
    shown = daemon.call("GET", "/_sandbox/faults").body["faults"]
    assert [fault["hits"] for fault in shown] == [1, 1]


def test_a_429_says_when_to_come_again(daemon):
    headers = {"retry-after": "7", "ratelimit-remaining": "0"}
    arm(daemon, kind="status", status=429, skip=1, times=2, headers=headers)
    replies = [daemon.call("GET", "/v2/account") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 429, 429, 200]
    assert replies[1].body["id"] == "too_many_requests"
    assert (replies[1].headers["retry-after"], replies[1].headers["ratelimit-remaining"]) == ("7", "0")


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["t"])])
def test_a_reset_connection(daemon, when, made):
    arm(daemon, kind="reset", method="POST", when=when)
    with pytest.raises(ConnectionResetError):
        daemon.call("POST", "/v2/tags", {"name": "t"})
    assert tags(daemon) == made
    last = [row for row in daemon.call("GET", "/_sandbox/requests").body["requests"] if row["method"] == "POST"][-1]
    assert (last["status"], last["fault"]) == (0, "reset")


def test_latency(daemon):
    arm(daemon, kind="latency", seconds=0.3, path="/v2/account")
    start = time.monotonic()
    assert daemon.call("GET", "/v2/account").status == 200
    assert time.monotonic() - start > 0.29


def test_a_droplet_that_stays_new(daemon):
    fault = arm(daemon, kind="stuck", action="create", name="web-*")
    id = droplet(daemon)
    time.sleep(0.2)
    assert daemon.call("GET", f"/v2/droplets/{id}").body["droplet"]["status"] == "new"
    daemon.call("DELETE", f"/_sandbox/faults/{fault}")
    daemon.wait_for_droplet(id, "active")


def test_a_stuck_droplet_can_be_deleted(daemon):
    arm(daemon, kind="stuck")
    id = droplet(daemon)
    daemon.call("DELETE", f"/v2/droplets/{id}")
    for _ in range(100):
        if daemon.call("GET", f"/v2/droplets/{id}").status == 404:
            return
        time.sleep(0.02)
    raise AssertionError("it stays")


def test_an_action_that_errs(daemon):
    id = droplet(daemon)
    daemon.wait_for_droplet(id, "active")
    arm(daemon, kind="errored", action="power_off")
    action = daemon.call("POST", f"/v2/droplets/{id}/actions", {"type": "power_off"}).body["action"]["id"]
    daemon.wait_for_droplet(id, "active")
    assert daemon.call("GET", f"/v2/actions/{action}").body["action"]["status"] == "errored"


def test_eventual_consistency(daemon):
    arm(daemon, kind="status", status=404, method="GET", path="/v2/droplets/*", times=2)
    id = droplet(daemon)
    assert [daemon.call("GET", f"/v2/droplets/{id}").status for _ in range(3)] == [404, 404, 200]
    daemon.wait_for_droplet(id, "active")
    arm(daemon, kind="no_addresses")
    shown = [daemon.call("GET", f"/v2/droplets/{id}").body["droplet"] for _ in range(2)]
    assert [(row["status"], len(row["networks"]["v4"])) for row in shown] == [("active", 0), ("active", 2)]


def test_members_of_a_vpc_lag(daemon):
    first = {"name": "default", "region": "fra1", "ip_range": "10.30.0.0/24"}
    daemon.call("POST", "/v2/vpcs", first)
    vpc = daemon.call("POST", "/v2/vpcs", {**first, "name": "net", "ip_range": "10.31.0.0/24"}).body["vpc"]["id"]
    id = droplet(daemon, vpc_uuid=vpc)
    daemon.wait_for_droplet(id, "active")
    arm(daemon, kind="member_lag", seconds=0.5)
    daemon.call("DELETE", f"/v2/droplets/{id}")
    while daemon.call("GET", f"/v2/droplets/{id}").status != 404:
        time.sleep(0.02)
    assert len(daemon.call("GET", f"/v2/vpcs/{vpc}/members").body["members"]) == 1
    assert daemon.call("DELETE", f"/v2/vpcs/{vpc}").status == 409
    time.sleep(0.6)
    assert daemon.call("DELETE", f"/v2/vpcs/{vpc}").status == 204


@pytest.mark.parametrize(
    "fault",
    [{"kind": "fire"}, {"kind": "latency"}, {"kind": "reset", "status": 500}, {"kind": "status", "status": 200}],
)
def test_bad_faults_are_refused(daemon, fault):
    assert daemon.call("POST", "/_sandbox/faults", fault).status == 422


def test_the_log_tells_writes_and_hides_secrets(daemon):
    daemon.call("DELETE", "/_sandbox/requests")
    daemon.call("GET", "/v2/account?x=1")
    daemon.call("POST", "/v2/tags", {"name": daemon.token})
    daemon.call("POST", "/v2/tags", {"name": "t"})
    reply = daemon.call("GET", "/_sandbox/requests").body["requests"]
    assert [(row["method"], row["path"], row["status"], row["secret_in_body"]) for row in reply] == [
        ("GET", "/v2/account?x=1", 422, False),
        ("POST", "/v2/tags", 201, True),
        ("POST", "/v2/tags", 201, False),
    ]
    assert reply[1]["body"] == '{"name": "[secret]"}'
    writes = daemon.call("GET", f"/_sandbox/requests?writes=true&since={reply[1]['number']}").body["requests"]
    assert [row["body"] for row in writes] == ['{"name": "t"}']


def test_the_command_arms_lists_and_clears(daemon):
    assert daemon.cli("fault", '{"kind": "status", "status": 503, "path": "/v2/account"}').returncode == 0
    assert daemon.call("GET", "/v2/account").status == 503
    assert '"hits": 1' in daemon.cli("fault").stdout
    assert daemon.cli("fault", "--clear").stdout == ""
    assert "takes no status" in daemon.cli("fault", '{"kind": "reset", "status": 503}').stderr
    assert "/v2/account" in daemon.cli("requests").stdout
