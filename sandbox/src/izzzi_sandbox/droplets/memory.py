"""Droplets that are only remembered: for fast tests of API clients."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..settings import Settings
from .backend import DropletSpec, Ruleset


class MemoryBackend:
    """Every droplet dies with the process, as if the machine had been switched off."""

    def __init__(self, settings: Settings) -> None:
        self._delay = settings.memory_delay
        self._power: dict[int, str] = {}
        self._rules: dict[int, Ruleset] = {}

    def start(self, on_guest_power: Callable[[int, str], None]) -> None:
        """Nobody is inside, so nothing to watch."""

    def stop(self) -> None:
        """Nothing to release."""

    def create_vpc(self, vpc_id: str, ip_range: str) -> None:
        """A range in the API's state is all there is."""

    def delete_vpc(self, vpc_id: str) -> None:
        """See create_vpc."""

    def create(self, spec: DropletSpec, rules: Ruleset) -> None:
        time.sleep(self._delay)
        self._set(spec.id, "active", rules)

    def power_on(self, id: int, rules: Ruleset) -> None:
        time.sleep(self._delay)
        self._set(id, "active", rules)

    def power_off(self, id: int) -> None:
        time.sleep(self._delay)
        self._power[id] = "off"

    def shutdown(self, id: int) -> None:
        self.power_off(id)

    def resize(self, id: int, vcpus: int, memory_mb: int) -> None:
        time.sleep(self._delay)

    def rebuild(self, spec: DropletSpec, rules: Ruleset) -> None:
        self.create(spec, rules)

    def destroy(self, id: int) -> None:
        time.sleep(self._delay)
        self._power.pop(id, None)
        self._rules.pop(id, None)

    def apply_firewall(self, id: int, rules: Ruleset) -> None:
        self._rules[id] = rules

    def power_states(self) -> dict[int, str]:
        return dict(self._power)

    def _set(self, id: int, power: str, rules: Ruleset) -> None:
        self._power[id] = power
        self._rules[id] = rules
