# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until nobody talks to a colour any more. Pure: what counts, the clock and the sleep are injected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


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
