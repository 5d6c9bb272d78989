# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of resources. A plan lists them in this order within a phase."""

from __future__ import annotations

from ._alert import Alerts
from ._domain import Domain
from ._droplet import Droplets
from ._firewall import Firewalls
from ._load_balancer import LoadBalancer
from ._noun import Noun
from ._project import Assignment, Project
from ._record import Records
from ._record_register import Register
from ._reserved_ip import ReservedIp
from ._space import Buckets
from ._ssh_key import SshKeys
from ._tag import Tags
from ._volume import Volumes
from ._vpc import Vpc

NOUNS: tuple[type[Noun], ...] = (
    Project,
    Vpc,
    Domain,
    Buckets,
    SshKeys,
    Tags,
    Firewalls,
    Droplets,
    ReservedIp,
    LoadBalancer,
    Volumes,
    Alerts,
    Records,
    Register,
    Assignment,
)
