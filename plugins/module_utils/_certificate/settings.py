# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program on a host is told of the certificates that sites want."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PLACE = Path("/etc/izzzi-certificate")
SETTINGS = PLACE / "settings.json"
AUTHORITY = PLACE / "ca.pem"
TOKEN = PLACE / "dns-token"
HOST, SWARM = "host", "swarm"
ACME, SELF_SIGNED = "acme", "self-signed"
HTTP, DNS = "http-01", "dns-01"


class Failure(Exception):
    """Why there is no new certificate, and what to do about it."""


@dataclass(frozen=True)
class Site:
    """One site. `port` is where nginx answers by TLS."""

    names: Sequence[str]
    challenge: str = HTTP
    source: str = ACME
    port: int = 443


@dataclass(frozen=True)
class Settings:
    """`addresses` are further ones of a host, `constraints` those of the edge in a Swarm, `project` its app."""

    sites: Mapping[str, Site] = field(default_factory=dict)
    place: str = HOST
    directory: str = ""
    email: str = ""
    ca_certificates: str = ""
    addresses: Sequence[str] = ()
    resolvers: Sequence[str] = ()
    dns_api_url: str = ""
    dns_token_file: str = str(TOKEN)
    project: str = ""
    constraints: Sequence[str] = ()


def parse(given: Mapping[str, Any]) -> Settings:
    """Read settings as they stand in their file."""
    known = {one.name for one in fields(Settings)}
    sites = {name: Site(**site) for name, site in given["sites"].items()}
    return Settings(**{**{key: value for key, value in given.items() if key in known}, "sites": sites})


def load(path: Path = SETTINGS) -> Settings | None:
    """Return the settings of this host; None where no site wants a certificate any more."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
