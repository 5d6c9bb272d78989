"""Visitors of several nodes at once, counted by node."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.load.generator import Load, Loads
from tests.load.swarm.cluster import Node


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
