# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports answer. Plain connections, so that no privilege is needed; many at once, each given up after a moment,
because a firewall that drops says nothing. Paced, so that neither side's tables fill up."""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

OPEN, REFUSED, SILENT = "open", "refused", "silent"
NO_ROUTE = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
WAITING = (errno.EINPROGRESS, errno.EWOULDBLOCK)
AT_ONCE = 8192  # sockets
SPARE_FILES = 64
CONNTRACK = Path("/proc/sys/net/netfilter")
CONNTRACK_SECONDS = 120  # the kernel remembers an unanswered attempt for so long


class NoRoute(OSError):
    """This machine has no way to that address at all, so nothing can be said."""


class Probe(NamedTuple):
    address: str
    port: int


def tcp(targets: dict[str, Iterable[int]], rate: int, timeout: float) -> dict[Probe, str]:
    """How each port that said anything answered; the rest were silent. `rate` is in connections a second.

    A timeout above one second gives every port a second chance: that is when the kernel repeats its question.
    """
    todo = _interleaved(targets)
    room = _files(AT_ONCE)
    answers: dict[Probe, str] = {}
    waiting: deque[tuple[float, socket.socket, Probe]] = deque()
    start, sent, live, last = time.monotonic(), 0, 0, False
    with selectors.DefaultSelector() as selector:
        while not last or live:
            now = time.monotonic()
            while not last and live < room and sent < (now - start + 0.02) * rate:
                probe = next(todo, None)
                if probe is None:
                    last = True
                    break
                sent += 1
                connection = socket.socket(_family(probe.address), socket.SOCK_STREAM)
                connection.setblocking(False)
                code = connection.connect_ex((probe.address, probe.port))
                if code in WAITING:
                    selector.register(connection, selectors.EVENT_WRITE, probe)
                    waiting.append((now + timeout, connection, probe))
                    live += 1
                else:
                    _note(answers, probe, code)
                    _close(connection)
            for key, _events in selector.select(0.01):
                connection = key.fileobj
                _note(answers, key.data, connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                selector.unregister(connection)
                _close(connection)
                live -= 1
            now = time.monotonic()
            while waiting and (waiting[0][1].fileno() < 0 or waiting[0][0] <= now):
                connection = waiting.popleft()[1]
                if connection.fileno() >= 0:
                    selector.unregister(connection)
                    connection.close()
                    live -= 1
    return answers


def udp(targets: dict[str, Iterable[int]], timeout: float, tries: int = 2) -> dict[Probe, str]:
    """Scan as tcp() does. A firewall is silent, and so is many a service that got nonsense."""
    answers: dict[Probe, str] = {}
    for _try in range(tries):
        sockets = []
        for probe in _interleaved(targets):
            if probe in answers:
                continue
            connection = socket.socket(_family(probe.address), socket.SOCK_DGRAM)
            connection.setblocking(False)
            try:
                connection.connect((probe.address, probe.port))
                connection.send(b"\0" * 8)
            except OSError as error:
                _note(answers, probe, error.errno)
            sockets.append((connection, probe))
            time.sleep(0.02)  # hosts answer "nobody here" only so often
        time.sleep(timeout)
        for connection, probe in sockets:
            try:
                connection.recv(2048)
                answers[probe] = OPEN
            except BlockingIOError:
                pass
            except OSError as error:
                _note(answers, probe, error.errno)
            connection.close()
    return answers


def _interleaved(targets: dict[str, Iterable[int]]) -> Iterator[Probe]:
    """Take the addresses in turn, so that none gets all connections at once."""
    columns = [[Probe(address, port) for port in ports] for address, ports in targets.items()]
    yield from (probe for row in zip_longest(*columns) for probe in row if probe)


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _note(answers: dict[Probe, str], probe: Probe, code: int | None) -> None:
    if code == 0:
        answers[probe] = OPEN
    elif code == errno.ECONNREFUSED:
        answers[probe] = REFUSED
    elif code in NO_ROUTE:
        raise NoRoute(code, "no route", probe.address)


def _close(connection: socket.socket) -> None:
    """Close at once, without the wait for stragglers that would keep the port busy."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _files(wanted: int) -> int:
    """Return how many sockets may be open, after raising the limit as far as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted + SPARE_FILES if hard == resource.RLIM_INFINITY else min(wanted + SPARE_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return max(1, min(wanted, wanted if soft == resource.RLIM_INFINITY else soft - SPARE_FILES))


def safe_rate(rate: int, probes: int, folder: Path = CONNTRACK) -> int:
    """Return a rate (connections a second) that leaves half of this machine's free connection tracking to others: a
    droplet that scans its neighbours goes on serving."""
    try:
        free = int((folder / "nf_conntrack_max").read_text()) - int((folder / "nf_conntrack_count").read_text())
    except (OSError, ValueError):
        return rate  # nothing is tracked here
    if probes <= free // 2:
        return rate
    return max(1, min(rate, free // 2 // CONNTRACK_SECONDS))


def runs(ports: Iterable[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of neighbouring ports."""
    found: list[tuple[int, int]] = []
    for port in sorted(ports):
        if found and found[-1][1] == port - 1:
            found[-1] = (found[-1][0], port)
        else:
            found.append((port, port))
    return found
