# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack import overlay


@pytest.mark.parametrize(("networks", "door"), [({"bridge": {}, "shop": {}}, 77), ({"bridge": {}}, 0), (None, 0)])
def test_a_container_in_the_network_is_the_door(networks, door):
    class Host:
        def get(self, path, **_query):
            return (
                [{"Id": "c", "NetworkSettings": {"Networks": networks}}] if "c/" not in path else {"State": {"Pid": 77}}
            )

    assert overlay.network_namespace(Host(), "shop") == door


def asked(*question) -> dict:
    program = [sys.executable, "-I", "-c", overlay.ASK, json.dumps(question)]
    return json.loads(subprocess.run(program, capture_output=True, text=True, check=True).stdout)


def test_the_question_is_asked_by_plain_python():
    class Task(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503)
            self.end_headers()
            self.wfile.write(f"{self.path} {self.headers['X-Word']}".encode())

        def log_message(self, *_arguments):
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Task)
    threading.Thread(target=server.handle_request).start()
    answer = asked("127.0.0.1", server.server_port, "/a?b", {"X-Word": "hello"}, 5)
    server.server_close()
    assert answer == {"status": 503, "reason": "Service Unavailable", "body": "/a?b hello"}
    assert "refused" in asked("127.0.0.1", server.server_port, "/", {}, 5)["error"]
