# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication, errors, pages, limits: what every client of DigitalOcean relies on."""

from __future__ import annotations

import socket
import uuid

import pytest
from izzzi_sandbox.daemon.server import bind

from .daemon import running


@pytest.mark.parametrize("token", ["", "dop_v1_wrong", "é"[:0] + "x" * 500])
def test_a_wrong_token_is_a_401(daemon, token):
    reply = daemon.call("GET", "/v2/account", token=token)
    assert reply.status == 401
    assert reply.body["id"] == "Unauthorized" or reply.body["id"] == "unauthorized"
    assert reply.body["message"] == "Unable to authenticate you"


def test_an_error_has_an_id_a_message_and_the_id_of_the_request(daemon):
    reply = daemon.call("GET", "/v2/droplets/1")
    assert reply.status == 404
    assert reply.body["id"] == "not_found"
    assert reply.body["message"]
    assert uuid.UUID(reply.body["request_id"])
    assert reply.headers["x-request-id"] == reply.body["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v2/nothing", None, 404),
        ("GET", "/v2/droplets//x", None, 404),
        ("GET", "/", None, 404),
        ("DELETE", "/v2/account", None, 405),
        ("GET", "/v2/droplets?nonsense=1", None, 422),
        ("GET", "/v2/droplets?page=x", None, 422),
        ("GET", "/v2/droplets?per_page=0", None, 422),
        ("POST", "/v2/tags", {"name": "a", "color": "red"}, 422),
        ("POST", "/v2/tags", b"not json", 400),
        ("POST", "/v2/tags", b"[]", 422),
        ("POST", "/v2/tags", {}, 422),
    ],
)
def test_nothing_is_ignored_in_silence(daemon, method, path, body, status):
    reply = daemon.call(method, path, body)
    assert 400 <= reply.status < 500
    assert reply.body["message"]
    assert reply.status == status, reply.body


def test_pages_have_links_until_the_last(daemon):
    for number in range(5):
        daemon.call("POST", "/v2/tags", {"name": f"t{number}"})
    first = daemon.call("GET", "/v2/tags?per_page=2").body
    assert [tag["name"] for tag in first["tags"]] == ["t0", "t1"]
    assert first["meta"]["total"] == 5
    assert (
        first["links"]["pages"]["next"].endswith("/v2/tags?per_page=2&page=2")
        or "page=2" in first["links"]["pages"]["next"]
    )
    assert "page=3" in first["links"]["pages"]["last"]
    last = daemon.call("GET", "/v2/tags?per_page=2&page=3").body
    assert [tag["name"] for tag in last["tags"]] == ["t4"]
    assert "next" not in last["links"]["pages"]
    assert daemon.call("GET", "/v2/tags?page=99").body["tags"] == []


def test_replies_tell_the_limits(daemon):
    first, second = (daemon.call("GET", "/v2/account").headers for _ in range(2))
    assert first["ratelimit-limit"] == "5000"
    assert int(second["ratelimit-remaining"]) < int(first["ratelimit-remaining"]) + 1
    assert int(first["ratelimit-reset"]) > 0


def test_only_a_refusal_says_when_to_come_back(daemon):
    replies = [daemon.call("GET", "/v2/account/keys") for _ in range(11)]
    assert {reply.status for reply in replies} == {200}
    assert [reply for reply in replies if "retry-after" in reply.headers] == []


def test_limits_can_be_enforced(tmp_path):
    with running(tmp_path / "home", RATE_LIMITS="enforce") as strict:
        replies = [strict.call("GET", "/v2/account/keys") for _ in range(11)]
    assert [reply.status for reply in replies] == [200] * 10 + [429]
    assert replies[-1].body["id"] == "too_many_requests"
    assert 0 < int(replies[-1].headers["retry-after"]) <= 60


def test_a_reply_waits_for_no_acknowledgement():
    """A reply is two packets; on a kept connection Nagle's algorithm would hold the second one back for 40 ms."""
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
