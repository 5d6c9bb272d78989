# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError, Client, problems
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply, Unreachable

URL = "https://api.example.com"
TOKEN = "dop_v1_secret"
OK = Reply(200, {}, b'{"ok": true}')
LOST = Unreachable("Connection reset by peer", sent=True)
REFUSED = Unreachable("Connection refused", sent=False)


def error(status: int, message: str = "injected", **headers: str) -> Reply:
    return Reply(status, headers, json.dumps({"id": "x", "message": message}).encode())


class Script:
    """Answers one after the other; the last one for ever."""

    def __init__(self, *answers: Reply | Unreachable) -> None:
        self.answers = list(answers)
        self.calls: list[tuple] = []
        self.pauses: list[float] = []

    def __call__(self, *call):
        self.calls.append(call)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    def client(self, url: str = URL) -> Client:
        return Client(url, TOKEN, self, sleep=self.pauses.append, clock=lambda: 1000.0)


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}/v2"])
def test_a_request_carries_the_token_as_a_header_only(url):
    script = Script(OK)
    assert script.client(url).post("/tags", {"name": "web"}) == {"ok": True}
    method, asked, headers, body, timeout = script.calls[0]
    assert (method, asked, timeout) == ("POST", f"{URL}/v2/tags", 30.0)
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(body) == {"name": "web"}
    assert TOKEN not in asked


def test_a_read_has_no_body():
    script = Script(OK)
    script.client().get("/droplets", tag_name="izzzi:shop:dev")
    _, asked, headers, body, _ = script.calls[0]
    assert asked == f"{URL}/v2/droplets?tag_name=izzzi%3Ashop%3Adev"
    assert body is None
    assert "Content-Type" not in headers


def test_a_list_is_all_of_its_pages():
    def page(rows: list[int], more: bool) -> Reply:
        links = {"pages": {"next": "..."}} if more else {}
        return Reply(200, {}, json.dumps({"tags": rows, "links": links}).encode())

    script = Script(page([1, 2], True), page([3], False))
    assert script.client().list("/tags", "tags") == [1, 2, 3]
    assert [call[1].split("?")[1] for call in script.calls] == ["per_page=200&page=1", "per_page=200&page=2"]


def test_find_is_none_for_what_is_not_there_and_delete_does_not_mind():
    script = Script(error(404))
    assert script.client().find("/tags/web") is None
    script.client().delete("/tags/web")
    with pytest.raises(ApiError) as raised:
        script.client().get("/tags/web")
    assert raised.value.status == 404


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("trouble", [error(500), error(503), LOST])
def test_what_can_be_repeated_is_repeated_with_growing_pauses(method, trouble):
    script = Script(trouble, trouble, OK)
    client = script.client()
    getattr(client, method)("/tags")
    assert len(script.calls) == client.calls == 3
    assert script.pauses == [0.5, 1.0]


def test_it_gives_up_after_five():
    script = Script(error(500))
    with pytest.raises(ApiError, match="500: injected"):
        script.client().get("/tags")
    assert len(script.calls) == 5


@pytest.mark.parametrize("trouble", [error(500), LOST])
def test_a_post_is_never_repeated(trouble):
    script = Script(trouble)
    with pytest.raises(ApiError):
        script.client().post("/droplets", {})
    assert len(script.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422])
def test_a_refusal_is_not_repeated(status):
    script = Script(error(status))
    with pytest.raises(ApiError) as raised:
        script.client().get("/tags")
    assert raised.value.status == status
    assert len(script.calls) == 1


@pytest.mark.parametrize(
    ("headers", "pause"),
    [({"retry-after": "7"}, 7.0), ({"ratelimit-reset": "1030"}, 30.0), ({"ratelimit-reset": "900"}, 1.0), ({}, 0.5)],
)
def test_a_rate_limit_says_how_long_to_wait_even_for_a_post(headers, pause):
    script = Script(error(429, **headers), OK)
    script.client().post("/droplets", {})
    assert script.pauses == [pause]


def test_a_rate_limit_of_more_than_a_minute_is_an_error():
    script = Script(error(429, **{"retry-after": "61"}))
    with pytest.raises(ApiError, match="250 requests a minute"):
        script.client().get("/tags")
    assert script.pauses == []


@pytest.mark.parametrize("trouble", [error(500), error(502), LOST])
def test_create_settles_an_unknown_fate_by_looking(trouble):
    script = Script(trouble)
    found = iter([None, {"vpc": {"id": "v1"}}])
    assert script.client().create("/vpcs", {}, lambda: next(found)) == {"vpc": {"id": "v1"}}
    assert len(script.calls) == 1
    assert script.pauses == [0.5, 1.0]


def test_create_that_nobody_finds_is_the_first_error():
    script = Script(LOST)
    with pytest.raises(ApiError, match=r"may have arrived all the same: run again"):
        script.client().create("/droplets", {}, lambda: None)
    assert len(script.calls) == 1


@pytest.mark.parametrize("trouble", [error(422), REFUSED])
def test_create_does_not_look_when_the_fate_is_known(trouble):
    looks = []
    with pytest.raises(ApiError):
        Script(trouble).client().create("/vpcs", {}, lambda: looks.append(1))
    assert looks == []


@pytest.mark.parametrize(
    ("url", "hint"), [(URL, "Check api_url and the network"), ("http://127.0.0.1:8780", "make sandbox-up")]
)
def test_a_refused_connection_names_the_url_and_the_cure(url, hint):
    script = Script(REFUSED)
    with pytest.raises(ApiError) as raised:
        script.client(url).get("/vpcs")
    assert len(script.calls) == 1
    for words in (url, "Connection refused", hint):
        assert words in str(raised.value)


def test_a_refused_token_names_where_it_is_set():
    with pytest.raises(ApiError) as raised:
        Script(error(401)).client().get("/vpcs")
    for words in (URL, "401", "provision_api_token", "DIGITALOCEAN_TOKEN"):
        assert words in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "Bearer dop_v1_secret"}',
        b"oops dop_v1_secret",
        b'{"error": "x dop_v1_secret"}',
        b'"dop_v1_secret"',
    ],
)
def test_the_token_is_in_no_message(body):
    with pytest.raises(ApiError) as raised:
        Script(Reply(400, {}, body)).client().get("/vpcs")
    assert TOKEN not in str(raised.value)
    assert "********" in str(raised.value)


@pytest.mark.parametrize(
    "reply", [Reply(200, {}, b"<html>"), Reply(200, {}, b"[1]"), Reply(302, {}, b""), Reply(200, {}, b"{}")]
)
def test_what_is_not_the_api_is_said_to_be_none(reply):
    with pytest.raises(ApiError, match="is not DigitalOcean's API"):
        Script(reply).client().list("/vpcs", "vpcs")


def test_calls_are_counted_by_threads_too():
    client = Script(OK).client()
    start = threading.Barrier(8)

    def ask(_: int) -> None:
        start.wait(5)
        client.get("/tags")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert client.calls == 8


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [
        ("api.example.com", TOKEN, "not an http:// or https:// URL"),
        ("http://api.example.com", TOKEN, "unencrypted"),
        ("http://127.0.0.1.example.com", TOKEN, "unencrypted"),
        (URL, "", "api_token: it is empty"),
        (URL, "a b", "characters that no token has"),
        (URL, "a\nb", "characters that no token has"),
        (URL, "tökén", "characters that no token has"),
    ],
)
def test_url_and_token_are_checked_before_anything_is_sent(url, token, words):
    (problem,) = problems(url, token)
    assert words in problem


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8780", "http://localhost:1", "http://[::1]:8780"])
def test_urls_that_do(url):
    assert problems(url, TOKEN) == []
