"""What the API needs from whatever runs the droplets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class DropletSpec:
    """Everything a backend needs to build a droplet, or to build it again."""

    id: int
    name: str
    image: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    region: str
    public_ip: str
    private_ip: str
    vpc_id: str
    public_keys: tuple[str, ...]
    user_data: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One firewall rule with tags and droplets already resolved to addresses."""

    protocol: str  # tcp, udp or icmp
    first_port: int  # 0 for icmp
    last_port: int  # 0 for icmp; 1 to 65535 means all
    addresses: tuple[str, ...]  # CIDRs


@dataclass(frozen=True)
class Ruleset:
    """The union of all firewalls that apply to one droplet."""

    enabled: bool  # False: no firewall applies, so the droplet is open
    inbound: tuple[Rule, ...]
    outbound: tuple[Rule, ...]


class BackendError(Exception):
    """The message is fit for an API error or for the log of an errored action."""


class DropletBackend(Protocol):
    """Calls block until the thing is done. Calls for different droplets may run at the same time."""

    def start(self, on_guest_power: Callable[[int, str], None]) -> None:
        """Begin watching; report power changes that the guest made itself as (droplet id, "off" or "active")."""

    def stop(self) -> None:
        """Stop watching. Droplets keep running."""

    def create_vpc(self, vpc_id: str, ip_range: str) -> None: ...

    def delete_vpc(self, vpc_id: str) -> None: ...

    def create(self, spec: DropletSpec, rules: Ruleset) -> None:
        """Return when the droplet has booted. Idempotent for a droplet that is half created."""

    def power_on(self, id: int, rules: Ruleset) -> None: ...

    def power_off(self, id: int) -> None:
        """Cut the power."""

    def shutdown(self, id: int) -> None:
        """Ask the guest to power off and wait for it."""

    def resize(self, id: int, vcpus: int, memory_mb: int) -> None: ...

    def rebuild(self, spec: DropletSpec, rules: Ruleset) -> None: ...

    def destroy(self, id: int) -> None:
        """Idempotent; leaves no container and no volume."""

    def apply_firewall(self, id: int, rules: Ruleset) -> None:
        """Return when the packets obey."""

    def power_states(self) -> dict[int, str]:
        """Droplet id to "active" or "off", for reconciliation at start."""
