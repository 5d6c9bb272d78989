# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role tells the writer of the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from .._app.atomic import read_json

PLACE = Path("/etc/izzzi/pages")
RUNTIME = Path("/run/izzzi-pages")
STATE, MACHINE = "state.json", "node.json"
INNER_PORT = 8079  # of the service in a Swarm, in the app's network only
OF_EACH = ("app", "directory", "edge_directory")  # what differs between several apps of one server


class SettingsError(Exception):
    """The settings cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """One app. `directory` and `edge_directory` are Compose's; `certificates` are the sites, by name and
    port, that have one; `others` are the other apps of the server."""

    app: str
    runner: str = "compose"
    directory: str = ""
    edge_directory: str = ""
    certificates: tuple[tuple[str, int], ...] = ()
    mail_port: int = 0
    others: tuple[Settings, ...] = ()


def from_mapping(given: Mapping[str, Any]) -> Settings:
    """Read the role's inputs, or the file. Whatever else they have is for others. Of several `apps` the first comes
    first."""
    known = {item.name: given[item.name] for item in fields(Settings) if item.name in given}
    sites = tuple((str(site["name"]), int(site.get("port", 443))) for site in known.get("certificates") or ())
    found = Settings(**{**known, "certificates": sites})
    apps = [replace(found, **{name: one[name] for name in OF_EACH if name in one}) for one in given.get("apps") or ()]
    return replace(apps[0], others=tuple(apps[1:])) if apps else found


def read(place: Path = PLACE) -> Settings:
    found = read_json(place / "settings.json")
    if not isinstance(found, dict) or not found.get("app"):
        raise SettingsError(f"{place}/settings.json cannot be read. Run playbooks/deploy.yml.")
    return from_mapping(found)
