# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox remembers: one class per noun, stored as JSON. How the API shows them is the routes' business."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class SshKey:
    id: int
    name: str
    public_key: str
    fingerprint: str


@dataclass
class Tag:
    id: str  # the name in lower case: names that differ in case only are one tag
    name: str  # the spelling of the first one who used it


@dataclass
class Vpc:
    id: str
    name: str
    description: str
    region: str
    ip_range: str
    default: bool
    created_at: str = field(default_factory=now)

    @property
    def urn(self) -> str:
        return f"do:vpc:{self.id}"


@dataclass
class Droplet:
    id: int
    name: str
    region: str
    size: str
    disk_gb: int
    image: str
    vpc_id: str
    public_ip: str
    private_ip: str
    public_keys: list[str]
    user_data: str
    tags: list[str]
    backups: bool = False
    monitoring: bool = False
    public_ipv6: str = ""
    snapshot: int | None = None  # what it was made from; `image` is then what that droplet ran
    status: str = "new"  # new, active, off
    locked: bool = True  # an operation is under way
    deleting: bool = False
    created_at: str = field(default_factory=now)

    @property
    def urn(self) -> str:
        return f"do:droplet:{self.id}"


@dataclass
class Action:
    id: int
    type: str
    resource_id: int | None
    region: str
    resource_type: str = "droplet"  # droplet, volume, floating_ip
    subject: str = ""  # the id of what is not a droplet
    status: str = "in-progress"  # in-progress, completed, errored
    arguments: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    started_at: str = field(default_factory=now)
    completed_at: str | None = None


@dataclass
class Firewall:
    id: str
    name: str
    inbound_rules: list[dict[str, Any]]
    outbound_rules: list[dict[str, Any]]
    droplet_ids: list[int]
    tags: list[str]
    created_at: str = field(default_factory=now)

    def applies_to(self, droplet: Droplet) -> bool:
        return droplet.id in self.droplet_ids or not set(self.tags).isdisjoint(droplet.tags)


@dataclass
class Project:
    id: str
    name: str
    description: str
    purpose: str
    environment: str
    is_default: bool = False
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Assignment:
    """A resource in a project other than the default one, which has all the rest."""

    id: str  # the URN
    project_id: str
    assigned_at: str = field(default_factory=now)


@dataclass
class Domain:
    id: str  # the name, in lower case
    created_at: str = field(default_factory=now)

    @property
    def name(self) -> str:
        return self.id

    @property
    def urn(self) -> str:
        return f"do:domain:{self.id}"


@dataclass
class DomainRecord:
    id: int
    domain: str
    type: str
    name: str  # relative to the domain; "@" is the domain itself
    data: str  # without the dot at its end
    ttl: int
    priority: int | None = None
    port: int | None = None
    weight: int | None = None
    flags: int | None = None
    tag: str | None = None


@dataclass
class SpacesAccessKey:
    id: str  # the access key
    secret: str
    name: str
    grants: list[dict[str, str]]
    created_at: str = field(default_factory=now)


@dataclass
class Volume:
    id: str
    name: str
    region: str
    size_gb: int
    description: str
    filesystem_type: str
    filesystem_label: str
    tags: list[str]
    snapshot: str = ""  # what it was made from
    droplet_ids: list[int] = field(default_factory=list)  # one at most
    created_at: str = field(default_factory=now)

    @property
    def urn(self) -> str:
        return f"do:volume:{self.id}"


@dataclass
class Snapshot:
    id: str  # a number for a droplet's, a UUID for a volume's
    name: str
    resource_type: str  # droplet or volume
    resource_id: str
    region: str
    min_disk_size: int
    tags: list[str] = field(default_factory=list)
    size_gb: float = 0.0
    image: str = ""  # of the droplet
    created_at: str = field(default_factory=now)


@dataclass
class ReservedIp:
    id: str  # the address
    region: str
    droplet_id: int | None = None
    locked: bool = False
    created_at: str = field(default_factory=now)

    @property
    def urn(self) -> str:
        return f"do:floatingip:{self.id}"  # the older name, as on DigitalOcean


@dataclass
class LoadBalancer:
    id: str
    name: str
    region: str
    vpc_id: str
    public_ip: str
    private_ip: str
    settings: dict[str, Any]  # as the API shows them
    droplet_ids: list[int]
    tag: str = ""
    status: str = "new"  # new, active, errored
    deleting: bool = False
    created_at: str = field(default_factory=now)

    @property
    def urn(self) -> str:
        return f"do:loadbalancer:{self.id}"

    def sends_to(self, droplet: Droplet) -> bool:
        return droplet.id in self.droplet_ids or (bool(self.tag) and self.tag in droplet.tags)


@dataclass
class Certificate:
    id: str
    name: str
    type: str  # custom, lets_encrypt
    dns_names: list[str]
    not_after: str
    sha1_fingerprint: str
    pem: str  # the chain and then the key
    created_at: str = field(default_factory=now)


@dataclass
class AlertPolicy:
    id: str
    type: str
    description: str
    compare: str
    value: float
    window: str
    entities: list[str]
    tags: list[str]
    alerts: dict[str, Any]
    enabled: bool


@dataclass
class UptimeCheck:
    id: str
    name: str
    type: str
    target: str
    regions: list[str]
    enabled: bool


@dataclass
class UptimeAlert:
    id: str
    check_id: str
    name: str
    type: str
    threshold: int | None
    comparison: str | None
    notifications: dict[str, Any]
    period: str
