# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until nobody talks to a colour any more, and stops the old one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._app.program import run
from .transaction import Transaction


@dataclass(frozen=True)
class Drained:
    seconds: float
    cut: int


def count_connections(listing: str, ports: Iterable[int]) -> int:
    """Established connections to the ports, from the output of `ss -Htn state established`."""
    wanted = {str(port) for port in ports}
    # Columns: Recv-Q Send-Q Local Peer. nginx's side has the service's port as its peer.
    peers = (line.split()[3] for line in listing.splitlines() if len(line.split()) >= 4)
    return sum(peer.rpartition(":")[2] in wanted for peer in peers)


def drain(
    count: Callable[[], int],
    *,
    deadline: float,
    interval: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Drained:
    """How long it took, and how many connections were left at the deadline."""
    start = clock()
    while True:
        left = count()
        elapsed = clock() - start
        if left == 0 or elapsed + interval > deadline:
            return Drained(elapsed, left)
        sleep(interval)


def drain_colour(ports: Mapping[str, list[int]], deadline: float, sleep: Callable[[float], None]) -> dict[str, Any]:
    """Waits until nobody is connected to these ports of services, at most `deadline` seconds."""
    numbers = [port for mine in ports.values() for port in mine]
    result = drain(
        lambda: count_connections(run(["ss", "-Htn", "state", "established"]), numbers),
        deadline=deadline,
        interval=0.25,
        clock=time.monotonic,
        sleep=sleep,
    )
    return {"seconds": round(result.seconds, 1), "cut": result.cut}


def drain_old(t: Transaction) -> dict[str, Any]:
    """Lets the old colour finish what it has begun, then stops it. Its containers stay for a rollback."""
    if not t.live:
        return {"cut": 0, "seconds": 0}
    result = drain_colour(t.live_ports(), t.options.drain_timeout, t.sleep)
    old = t.compose(t.live.colour)
    if ids := [c.id for c in old.containers() if c.status == "running"]:
        run(["docker", "container", "stop", *ids], timeout=300)
    return result
