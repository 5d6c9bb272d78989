# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API needs from whatever runs the droplets, their volumes and their load balancers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    snapshot: int | None = None  # boot from this snapshot of a droplet; `image` is then what that droplet ran
    features: tuple[str, ...] = ()  # for the metadata service, as the API shows them
    public_ipv6: str = ""  # an address of the backend's `ipv6_network`, or none
    reserved_ip: str = ""  # the public address that is assigned to the droplet, or none
    volumes: tuple[VolumeSpec, ...] = ()  # what is attached


@dataclass(frozen=True)
class VolumeSpec:
    """A block device of its own; its content outlives the droplets that it was attached to."""

    id: str
    name: str  # the guest finds it as /dev/disk/by-id/scsi-0DO_Volume_NAME
    size_gb: int
    filesystem_type: str = ""  # ext4 or xfs: formatted when it is made and mounted when it is attached; "": raw
    filesystem_label: str = ""
    snapshot: str = ""  # a snapshot of a volume that it begins as a copy of


@dataclass(frozen=True)
class ForwardingRule:
    entry_protocol: str  # http, https, http2, http3, tcp or udp
    entry_port: int
    target_protocol: str
    target_port: int
    tls_passthrough: bool = False
    certificate: str = field(default="", repr=False)  # for https and http2 entries: PEM, the chain and then the key


@dataclass(frozen=True)
class HealthCheck:
    protocol: str  # http, https or tcp
    port: int
    path: str = ""
    interval_seconds: int = 10
    timeout_seconds: int = 5
    unhealthy_threshold: int = 5
    healthy_threshold: int = 3


@dataclass(frozen=True)
class LoadBalancerSpec:
    id: str
    name: str
    public_ip: str
    private_ip: str
    vpc_id: str
    rules: tuple[ForwardingRule, ...]
    health_check: HealthCheck
    targets: tuple[str, ...]  # private addresses of the droplets that are on
    sticky_cookie: str = ""  # the cookie that binds a client to a droplet, or none
    sticky_seconds: int = 0
    redirect_http_to_https: bool = False
    proxy_protocol: bool = False
    backend_keepalive: bool = False
    idle_seconds: int = 60
    allow: tuple[str, ...] = ()  # CIDRs that alone may connect; none: everybody
    deny: tuple[str, ...] = ()  # CIDRs that may not


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
    """Says why a backend could not do something, in a message for a reply or for an errored action."""


class DropletBackend(Protocol):
    """Makes droplets, and what they hang on, real.

    Calls block until the thing is done; calls for different droplets may run at the same time. A backend raises
    BackendError for what it cannot do, and the action ends as errored."""

    gateway: str  # the address of this machine that droplets reach: the DNS server listens there; "" if there is none
    ipv6_network: str  # where public IPv6 addresses are taken from; "" if droplets have none

    def start(self, on_guest_power: Callable[[int, str], None], describe: Callable[[int], DropletSpec | None]) -> None:
        """Begin watching; report power changes that the guest made itself as (droplet id, "off" or "active").
        `describe` tells what the API knows of a droplet at this moment: for the metadata service, and for a boot that
        must bring back the reserved IP and the volumes. None: there is no such droplet."""

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
        """Remove the droplet, its container and its disk. One that is gone is no error."""

    def apply_firewall(self, id: int, rules: Ruleset) -> None:
        """Return when the packets obey."""

    def power_states(self) -> dict[int, str]:
        """Return "active" or "off" by droplet id, for reconciliation at start."""

    def enable_ipv6(self, spec: DropletSpec) -> None:
        """Give `spec.public_ipv6` to a droplet that was made without IPv6."""

    def metadata_changed(self, id: int) -> None:
        """Renew a copy of what a droplet's metadata say: its name, tags, reserved IP or volumes have changed."""

    # -- snapshots of droplets

    def snapshot_droplet(self, id: int, snapshot_id: int) -> float:
        """Keep the disk of a droplet, on or off. Return the size in GB."""

    def delete_droplet_snapshot(self, snapshot_id: int) -> None:
        """Delete a snapshot. One that is gone is no error."""

    # -- reserved IPs

    def assign_reserved_ip(self, address: str, droplet_id: int) -> None:
        """Lead the address to this droplet, and to no other. A droplet that is off gets it at its boot."""

    def unassign_reserved_ip(self, address: str, droplet_id: int) -> None:
        """Take the address away from this droplet. One that does not have it is no error."""

    # -- volumes

    def create_volume(self, volume: VolumeSpec) -> None:
        """Make a volume, or finish one that is half created."""

    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume. One that is gone is no error."""

    def attach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        """Give a volume to a droplet; one that is off finds it at its boot. One that has it is no error."""

    def detach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        """Take a volume away from a droplet. One that does not have it is no error."""

    def resize_volume(self, volume: VolumeSpec) -> None:
        """Enlarge a volume to the size of the spec. The file system in it is the user's to grow."""

    def snapshot_volume(self, volume: VolumeSpec, snapshot_id: str) -> float:
        """Keep the content of a volume. Return the size in GB."""

    def delete_volume_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot of a volume. One that is gone is no error."""

    # -- load balancers

    def apply_load_balancer(self, spec: LoadBalancerSpec) -> None:
        """Make a load balancer, or bring one that exists in line, whenever the droplets behind it change. Return when
        it takes connections."""

    def delete_load_balancer(self, id: str) -> None:
        """Delete a load balancer. One that is gone is no error."""
