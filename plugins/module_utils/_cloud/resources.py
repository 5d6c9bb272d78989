# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of resources. A plan lists them in this order within a phase."""

from __future__ import annotations

from .kinds.alert import Alerts
from .kinds.ci_door import CiDoors
from .kinds.domain import Domain
from .kinds.droplet.droplet import Droplets
from .kinds.firewall import Firewalls
from .kinds.load_balancer import LoadBalancer
from .kinds.project import Assignment, Project
from .kinds.record.record import Records
from .kinds.record.register import Register
from .kinds.reserved_ip import ReservedIp
from .kinds.space.space import Buckets
from .kinds.spaces_key import SpacesKeys
from .kinds.ssh_key import SshKeys
from .kinds.tag import Tags
from .kinds.uptime_check import UptimeChecks
from .kinds.volume import Volumes
from .kinds.vpc import Vpc
from .resource import Resource

RESOURCES: tuple[type[Resource], ...] = (
    Project,
    Vpc,
    Domain,
    Buckets,
    SshKeys,
    Tags,
    Firewalls,
    CiDoors,
    Droplets,
    ReservedIp,
    LoadBalancer,
    Volumes,
    Alerts,
    SpacesKeys,
    Records,
    Register,
    Assignment,
    UptimeChecks,
)
