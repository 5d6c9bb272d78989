# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind nginx on the walk's droplet: says which port was asked, and what arrived."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPSTREAMS = (("127.0.0.1", 9001), ("127.0.0.1", 9002), ("127.0.0.1", 9003))
OPEN = (("0.0.0.0", 9301), ("0.0.0.0", 9302))  # what somebody runs for all the world, if the firewall lets it


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        told = {"port": self.server.server_port, "path": self.path, "headers": dict(self.headers)}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


servers = [ThreadingHTTPServer(place, Answer) for place in (*UPSTREAMS, *OPEN)]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
