# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of several nodes at once, counted by node."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable

from tests.load.generator import Load, Loads
from tests.load.swarm.cluster import Cluster, Node


class Watch:
    """Looks several times a second, while the block runs, which nodes do not answer by SSH, and notes those that are
    away together."""

    def __init__(self, cluster: Cluster):
        self._nodes = cluster.nodes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.together: set[tuple[str, ...]] = set()

    def _look(self) -> None:
        while not self._ended.wait(0.3):
            away = tuple(node.name for node in self._nodes if not answers(node.public))
            if len(away) > 1:
                self.together.add(away)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exception) -> None:
        self._ended.set()
        self._thread.join()


def answers(address: str) -> bool:
    try:
        socket.create_connection((address, 22), timeout=5).close()
    except OSError:
        return False
    return True


class Visitors(Loads):
    """While the block runs, and a moment longer. Results are complete afterwards."""

    def __init__(self, nodes: Iterable[Node], port: int, rate: int):
        self.loads = {n.name: Load(n.public, port, rate=rate, websockets=1) for n in nodes}
        super().__init__(list(self.loads.values()))

    def __exit__(self, *exception) -> None:
        time.sleep(1)
        super().__exit__(*exception)

    @property
    def sent(self) -> int:
        return sum(load.result.sent for load in self.loads.values())

    @property
    def failed(self) -> int:
        return sum(load.result.failed for load in self.loads.values())

    @property
    def p95(self) -> float:
        """Nineteen of twenty plain answers were there after so many seconds, on the slowest node."""
        return max(load.result.p95 for load in self.loads.values())

    @property
    def releases(self) -> set[str]:
        return {name for load in self.loads.values() for name in load.result.first_seen}

    @property
    def first_failures(self) -> list[str]:
        return [f"{name} {text}" for name, load in self.loads.items() for text in load.result.first_failures[:3]]
