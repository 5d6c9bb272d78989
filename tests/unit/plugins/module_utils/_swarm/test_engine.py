# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import (
    Conflict,
    Engine,
    EngineError,
    NoEngine,
    NotFound,
    NotInSwarm,
    Unavailable,
    demultiplex,
    is_member,
    name_in_path,
)


def frame(stream: int, text: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(text)) + text


ANSWERS = {
    "GET /services": (200, b'[{"ID": "a"}]'),
    "POST /services/create": (201, b'{"ID": "new"}'),
    "DELETE /services/a": (200, b""),
    "GET /services/a/logs": (200, frame(1, b"hello\n") + frame(2, b"oh no\n")),
    "GET /services/gone": (404, b'{"message": "service gone not found"}'),
    "POST /configs/create": (409, b'{"message": "config x already exists"}'),
    "POST /services/a/update": (500, b'{"message": "rpc error: desc = update out of sequence"}'),
    "GET /nodes": (503, b'{"message": "This node is not a swarm manager."}'),
    "GET /tasks": (500, b'{"message": "rpc error: desc = The swarm does not have a leader. Try again."}'),
    "GET /info": (200, b'{"Swarm": {"LocalNodeState": "active"}}'),
    "GET /broken": (200, b"<html>"),
    "GET /plain": (500, b"proxy says no"),
}


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = {"query": parse_qs(url.query), "body": json.loads(body) if body else None, "headers": dict(self.headers)}
        self.server.seen = seen
        status, text = ANSWERS[f"{self.command} {url.path}"]
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer

    def address_string(self):
        return "unix"

    def log_message(self, *_arguments):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    seen: dict


@pytest.fixture
def server(tmp_path):
    with Server(str(tmp_path / "docker.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def engine(server):
    return Engine(server.server_address, timeout=5)


def test_filters_are_json_and_switches_are_lower_case(engine, server):
    assert engine.get("/services", filters={"label": ["izzzi.app=shop"]}, status=True) == [{"ID": "a"}]
    assert server.seen["query"] == {"status": ["true"], "filters": ['{"label": ["izzzi.app=shop"]}']}


def test_a_body_is_sent_as_json_and_an_empty_answer_is_none(engine, server):
    headers = {"X-Registry-Auth": "e30="}
    assert engine.post("/services/create", {"Name": "web"}, headers=headers) == {"ID": "new"}
    assert server.seen["body"] == {"Name": "web"}
    assert server.seen["headers"]["X-Registry-Auth"] == "e30="
    assert server.seen["headers"]["Content-Type"] == "application/json"
    assert engine.delete("/services/a") is None


def test_logs_of_both_streams_keep_their_order(engine, server):
    assert engine.logs("/services/a/logs", tail=5) == "hello\noh no\n"
    assert server.seen["query"] == {"stdout": ["true"], "stderr": ["true"], "tail": ["5"]}


@pytest.mark.parametrize(
    ("method", "path", "kind", "status"),
    [
        ("get", "/services/gone", NotFound, 404),
        ("post", "/configs/create", Conflict, 409),
        ("post", "/services/a/update", Conflict, 500),
        ("get", "/nodes", NotInSwarm, 503),
        ("get", "/plain", EngineError, 500),
    ],
)
def test_refusals_have_types_and_say_what_was_asked(engine, method, path, kind, status):
    with pytest.raises(EngineError) as caught:
        getattr(engine, method)(path)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert str(caught.value).startswith(f"Docker refused {method.upper()} {path}: ")


def test_an_answer_that_is_no_json_is_an_error(engine):
    with pytest.raises(EngineError, match="is not JSON"):
        engine.get("/broken")


def test_a_lost_majority_is_told_with_the_way_out_and_is_no_missing_swarm(engine):
    with pytest.raises(NotInSwarm, match=r"has no majority.*Start the other managers again.*docs/swarm\.md"):
        engine.get("/tasks")
    assert is_member(engine)
    assert not is_member(NoEngine())


def test_without_an_engine_the_message_says_what_to_do(tmp_path):
    with pytest.raises(Unavailable, match="Install it first"):
        Engine(str(tmp_path / "none.sock")).get("/services")
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="does not answer"):
        Engine(str(tmp_path / "file")).get("/services")


def test_an_engine_that_hangs_is_given_up(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        with pytest.raises(Unavailable, match="does not answer in time"):
            Engine(str(tmp_path / "silent.sock"), timeout=0.05).get("/services")


def test_a_terminals_output_has_no_frames():
    assert demultiplex(b"plain text of a terminal") == b"plain text of a terminal"
    assert demultiplex(frame(1, b"cut")[:-1]) == b"cu"
    assert demultiplex(b"") == b""


def test_a_name_becomes_one_part_of_a_path():
    assert name_in_path("10.0.0.2:5000/shop/web") == "10.0.0.2%3A5000%2Fshop%2Fweb"
