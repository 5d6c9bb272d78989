# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded load on one site: so many requests a second, slow ones, uploads and open websockets among them.

Pure asyncio, for loopback and the sandbox's own addresses only. Every request stands on a connection of its own, as the
first request of a visitor does; a request fails when it gets no answer, not 200, or an answer cut short.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

ALLOWED = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("198.51.100.0/24"))
LONGEST = 3600.0
REQUEST_TIMEOUT = 20.0
UPLOAD = b"x" * 65536


@dataclass
class Result:
    sent: int = 0
    answered: int = 0
    websockets: int = 0
    websockets_cut: int = 0
    failures: Counter = field(default_factory=Counter)
    first_failures: list[str] = field(default_factory=list)
    # When each release answered first, by time.monotonic().
    first_seen: dict[str, float] = field(default_factory=dict)
    slowest: float = 0.0
    # Seconds of the answers that are not slow on purpose and carry no upload.
    plain: list[float] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return self.failures.total()

    @property
    def p95(self) -> float:
        """Nineteen of twenty plain answers were there after so many seconds."""
        return sorted(self.plain)[int(len(self.plain) * 0.95)] if self.plain else 0.0

    def fail(self, what: str, when: float) -> None:
        self.failures[what] += 1
        if len(self.first_failures) < 20:
            self.first_failures.append(f"{when:8.2f} s {what}")


class Load:
    """Runs until `stop` is called, in an event loop of its own thread or the caller's."""

    def __init__(self, address: str, port: int = 80, rate: int = 200, websockets: int = 10, host: str = "load.test"):
        ip = ipaddress.ip_address(address)
        if not any(ip in network for network in ALLOWED):
            raise ValueError(f"{address} is neither loopback nor the sandbox's: no load is sent there.")
        self.address, self.port, self.rate, self.sockets = address, port, rate, websockets
        self.host = host
        self.result = Result()
        self._stop = asyncio.Event()
        self._start = time.monotonic()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> Result:
        sockets = [asyncio.create_task(self._websocket()) for _ in range(self.sockets)]
        pending: set[asyncio.Task] = set()
        self._start = time.monotonic()
        number = 0
        while not self._stop.is_set() and time.monotonic() - self._start < LONGEST:
            due = int((time.monotonic() - self._start) * self.rate)
            while number < due:
                number += 1
                task = asyncio.create_task(self._request(number))
                pending.add(task)
                task.add_done_callback(pending.discard)
            await asyncio.sleep(0.005)
        self._stop.set()
        if pending:
            await asyncio.wait(pending, timeout=REQUEST_TIMEOUT + 5)
        await asyncio.gather(*sockets)
        return self.result

    async def _request(self, number: int) -> None:
        """Of a hundred requests five are slow, five are uploads, ten ask for health, the rest for the page."""
        kind = number % 20
        path, body = {0: ("/slow", b""), 1: ("/upload", UPLOAD), 2: ("/health", b""), 3: ("/health", b"")}.get(
            kind, ("/", b"")
        )
        self.result.sent += 1
        begun = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(self._ask(path, body), REQUEST_TIMEOUT)
        except TimeoutError:
            self.result.fail(f"{path}: no answer within {REQUEST_TIMEOUT:.0f} s", begun - self._start)
            return
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            self.result.fail(f"{path}: {type(error).__name__} {error}"[:80], begun - self._start)
            return
        took = time.monotonic() - begun
        self.result.slowest = max(self.result.slowest, took)
        if kind > 1:
            self.result.plain.append(took)
        if status != 200:
            self.result.fail(f"{path}: {status}", begun - self._start)
            return
        self.result.answered += 1
        self.result.first_seen.setdefault(answer.get("release", ""), time.monotonic())
        if body and answer.get("bytes") != len(body):
            self.result.fail(f"{path}: {answer.get('bytes')} bytes arrived", begun - self._start)

    async def _ask(self, path: str, body: bytes) -> tuple[int, dict]:
        reader, writer = await asyncio.open_connection(self.address, self.port)
        try:
            method = f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}" if body else f"GET {path} HTTP/1.1"
            writer.write(f"{method}\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = int(head.split(" ", 2)[1])
            text = await reader.read()
            if "chunked" in head.lower():
                text = b"".join(text.split(b"\r\n")[1::2])
            return status, json.loads(text) if status == 200 else {}
        finally:
            writer.close()

    async def _websocket(self) -> None:
        """Stays open and talks once a second; when the server closes it, it comes back like socket.io does."""
        while not self._stop.is_set():
            try:
                reader, writer = await asyncio.open_connection(self.address, self.port)
            except OSError as error:
                self.result.fail(f"websocket: {error}"[:80], time.monotonic() - self._start)
                await asyncio.sleep(1)
                continue
            try:
                await asyncio.wait_for(self._talk(reader, writer), LONGEST)
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
                if not self._stop.is_set():
                    self.result.websockets_cut += 1
                    await asyncio.sleep(0.1)
            finally:
                writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /ws HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_TIMEOUT)
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.result.fail(f"websocket: {head.split(b' ')[1].decode()}", time.monotonic() - self._start)
            await asyncio.sleep(1)
            raise ValueError("no upgrade")
        self.result.websockets += 1
        while not self._stop.is_set():
            mask = os.urandom(4)
            writer.write(b"\x81\x84" + mask + bytes(a ^ b for a, b in zip(b"ping", mask, strict=True)))
            await writer.drain()
            length = (await asyncio.wait_for(reader.readexactly(2), 10))[1]
            await reader.readexactly(length)
            await asyncio.sleep(1)


class Loads:
    """Several at once, in a thread of their own, while the block runs; their results can be read at any time."""

    def __init__(self, loads: Sequence[Load]):
        self._loads = loads
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await asyncio.gather(*(load.run() for load in self._loads))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        time.sleep(1)
        return self

    def __exit__(self, *_exception) -> None:
        for load in self._loads:
            self._loop.call_soon_threadsafe(load.stop)
        self._thread.join()
