# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack is made of: what is declared, the images that were found for it, and what the Swarm is to hold. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._app.images import Image
from ..labels import DATA, EDGE, PAGES, STATELESS


@dataclass(frozen=True)
class Policy:
    """The guide's values, unless a service's `deploy` says otherwise."""

    replicas: int = 2
    limits: Mapping[str, Any] = field(default_factory=lambda: {"cpus": 0.5, "memory": "512M"})
    reservations: Mapping[str, Any] = field(default_factory=lambda: {"cpus": 0.25, "memory": "256M"})
    update_delay: float = 10
    monitor: float = 5
    endpoint_mode: str = "dnsrr"
    data_constraints: tuple[str, ...] = ("node.labels.izzzi.data == true",)


@dataclass(frozen=True)
class Stack:
    """What is declared, with the images that were found for it."""

    project: str
    release: str
    services: Mapping[str, dict]
    data_services: Mapping[str, dict] = field(default_factory=dict)
    edge: Mapping[str, dict] = field(default_factory=dict)
    pages: Mapping[str, dict] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    secret_files: Mapping[str, str] = field(default_factory=dict)
    config_files: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    policy: Policy = Policy()
    start_interval: bool = True  # whether the engine keeps this field of health checks

    def full(self, name: str) -> str:
        return f"{self.project}_{name}"

    @property
    def parts(self) -> dict[str, Mapping[str, dict]]:
        """In the order in which they are brought up."""
        return {DATA: self.data_services, STATELESS: self.services, EDGE: self.edge, PAGES: self.pages}


@dataclass
class Bundle:
    """Everything that the Swarm is to hold, by full name; services in their order."""

    services: dict[str, dict] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    configs: dict[str, bytes] = field(default_factory=dict)


def content_name(project: str, name: str, content: bytes) -> str:
    """Name a secret or config after its content: another content is another object. Swarm takes 64 characters."""
    digest = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()[:12]
    return f"{project}_{name}"[: 63 - len(digest)] + "-" + digest


class StackError(Exception):
    """A release that is not live. `service`, `logs` and `facts` explain it; `failures` is what could not be undone."""

    def __init__(
        self, message: str, service: str = "", logs: str = "", facts: Iterable[str] = (), failures: Iterable[str] = ()
    ):
        super().__init__(message)
        self.service = service
        self.logs = logs
        self.facts = tuple(facts)
        self.failures = tuple(failures)


@dataclass(frozen=True)
class Options:
    """How a deployment waits and proves. Times are in seconds."""

    wait_timeout: float = 180
    monitor: float = 5
    pending_grace: float = 15
    encrypted: bool = False
    keep_scale: bool = True
    keep_releases: int = 3
    allow_data_change: bool = False
    trial: bool = True
    edge_port: int = 0
    edge_host: str = ""
    edge_scheme: str = "http"
