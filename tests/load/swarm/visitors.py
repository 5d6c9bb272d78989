"""Visitors of several nodes at once, counted by node."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable

from tests.load.generator import Load
from tests.load.swarm.cluster import Node


class Visitors:
    """While the block runs. Results are complete afterwards."""

    def __init__(self, nodes: Iterable[Node], port: int, rate: int):
        self._nodes, self._port, self._rate = list(nodes), port, rate
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.loads: dict[str, Load] = {}

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        loads = {n.name: Load(n.public, self._port, rate=self._rate, websockets=1) for n in self._nodes}
        self.loads = loads
        self._ready.set()
        await asyncio.gather(*(load.run() for load in loads.values()))

    def __enter__(self) -> Visitors:
        self._thread.start()
        self._ready.wait()
        time.sleep(1)
        return self

    def __exit__(self, *_exception) -> None:
        time.sleep(1)
        for load in self.loads.values():
            self._loop.call_soon_threadsafe(load.stop)
        self._thread.join()

    @property
    def sent(self) -> int:
        return sum(load.result.sent for load in self.loads.values())

    @property
    def failed(self) -> int:
        return sum(load.result.failed for load in self.loads.values())

    @property
    def releases(self) -> set[str]:
        return {name for load in self.loads.values() for name in load.result.first_seen}

    @property
    def first_failures(self) -> list[str]:
        return [f"{name} {text}" for name, load in self.loads.items() for text in load.result.first_failures[:3]]
