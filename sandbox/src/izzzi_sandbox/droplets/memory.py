# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets that are only remembered: for fast tests of API clients."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..daemon.settings import Settings
from .backend import DropletSpec, LoadBalancerSpec, Ruleset, VolumeSpec

EMPTY_SNAPSHOT_GB = 0.1


class MemoryBackend:
    """Keeps droplets as records in memory. They end with the process, as if the machine had been switched off."""

    gateway = ""
    ipv6_network = "2001:db8:1::/64"  # for documentation (RFC 3849): no real host can have these

    def __init__(self, settings: Settings) -> None:
        self._delay = settings.memory_delay
        self._power: dict[int, str] = {}
        self._rules: dict[int, Ruleset] = {}

    def start(self, on_guest_power: Callable[[int, str], None], describe: Callable[[int], DropletSpec | None]) -> None:
        """Nobody is inside, so nothing to watch and nobody who asks."""

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

    def enable_ipv6(self, spec: DropletSpec) -> None:
        time.sleep(self._delay)

    def metadata_changed(self, id: int) -> None:
        """Nobody asks."""

    def snapshot_droplet(self, id: int, snapshot_id: int) -> float:
        time.sleep(self._delay)
        return EMPTY_SNAPSHOT_GB

    def delete_droplet_snapshot(self, snapshot_id: int) -> None:
        """Nothing is kept of it."""

    def assign_reserved_ip(self, address: str, droplet_id: int) -> None:
        time.sleep(self._delay)

    def unassign_reserved_ip(self, address: str, droplet_id: int) -> None:
        time.sleep(self._delay)

    def create_volume(self, volume: VolumeSpec) -> None:
        """A size in the API's state is all there is."""

    def delete_volume(self, volume_id: str) -> None:
        """See create_volume."""

    def attach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        time.sleep(self._delay)

    def detach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        time.sleep(self._delay)

    def resize_volume(self, volume: VolumeSpec) -> None:
        time.sleep(self._delay)

    def snapshot_volume(self, volume: VolumeSpec, snapshot_id: str) -> float:
        return EMPTY_SNAPSHOT_GB

    def delete_volume_snapshot(self, snapshot_id: str) -> None:
        """See create_volume."""

    def apply_load_balancer(self, spec: LoadBalancerSpec) -> None:
        time.sleep(self._delay)

    def delete_load_balancer(self, id: str) -> None:
        time.sleep(self._delay)

    def power_states(self) -> dict[int, str]:
        return dict(self._power)

    def _set(self, id: int, power: str, rules: Ruleset) -> None:
        self._power[id] = power
        self._rules[id] = rules
