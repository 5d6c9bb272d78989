# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server between the module and the sandbox that misbehaves on demand."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Fault:
    """What happens to the next `times` requests of a method whose path begins so."""

    method: str
    path: str
    times: int = 1
    status: int = 0  # answer this instead of asking the sandbox
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"id": "fault", "message": "injected"}'
    lose_reply: bool = False  # the sandbox does the work, and nobody hears of it
    pause: float = 0.0  # seconds before anything


class Gateway(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(target).netloc
        self.faults = list(faults)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, method: str, path: str, headers: dict[str, str]) -> Fault | None:
        with self._lock:
            self.asked.append((method, path, headers))
            for fault in self.faults:
                if fault.times and method == fault.method and path.startswith(f"/v2{fault.path}"):
                    fault.times -= 1
                    return fault
        return None

    def count(self, method: str, path: str) -> int:
        return sum(1 for m, p, _ in self.asked if m == method and p.startswith(f"/v2{path}"))


class Handler(BaseHTTPRequestHandler):
    server: Gateway

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.take(self.command, self.path, dict(self.headers)) or Fault("", "")
        time.sleep(fault.pause)
        if fault.status:
            return self.answer(fault.status, fault.body, fault.headers)
        status, content, headers = self.forward(body)
        if fault.lose_reply:
            self.close_connection = True
            return self.connection.close()
        return self.answer(status, content, headers)

    do_GET = do_POST = do_PUT = do_DELETE = serve

    def forward(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        with contextlib.closing(http.client.HTTPConnection(self.server.target, timeout=20)) as connection:
            headers = {k: v for k, v in self.headers.items() if k not in ("Host", "Connection")}
            connection.request(self.command, self.path, body or None, headers)
            reply = connection.getresponse()
            kept = {k: v for k, v in reply.getheaders() if k.startswith(("ratelimit", "retry", "content-type"))}
            return reply.status, reply.read(), kept

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        with contextlib.suppress(ConnectionError):  # the client gave up on a slow answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def gateway(target: str, *faults: Fault) -> Iterator[Gateway]:
    server = Gateway(target, faults)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
