# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role notify has written onto the host: where messages go, and what is watched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._secrets.dotenv import from_dotenv

PLACE = Path("/etc/izzzi/notify")
STATE = Path("/var/lib/izzzi/notify")
ETC = PLACE.parent


class NotifyError(Exception):
    """What was asked cannot be done; the message says why."""


@dataclass(frozen=True)
class Settings:
    """`place` names the environment in each title; `off` are kinds of which nobody is told; `disk` is per cent;
    `certificate_days` are the days left of which a certificate should long have been renewed; `names` are those that
    the edge has certificates for."""

    place: str
    off: Sequence[str] = ()
    disk: int = 85
    certificate_days: int = 14
    names: Sequence[str] = ()
    urls: Sequence[str] = ()


def read(place: Path = PLACE) -> Settings:
    """Return the settings. Raise NotifyError where they are missing or damaged."""
    try:
        known: Mapping[str, Any] = json.loads((place / "settings.json").read_text(encoding="utf-8"))
        urls = json.loads((place / "urls.json").read_text(encoding="utf-8"))
        return Settings(**known, urls=urls)
    except (OSError, ValueError, TypeError) as error:
        raise NotifyError(f"{place} cannot be read ({type(error).__name__}). Run playbooks/configure.yml.") from None


def hidden(etc: Path = ETC) -> list[str]:
    """Return what no message holds: secrets of the host's apps and backups, as far as they can be read."""
    found: set[str] = set()
    for path in etc.glob("apps/*.hidden/*"):
        with suppress(OSError, ValueError):
            found |= {str(text) for text in json.loads(path.read_text(encoding="utf-8"))}
    for path in etc.glob("backup/*.env"):
        with suppress(OSError, ValueError):
            values = from_dotenv(path.read_text(encoding="utf-8"))
            found |= {value for name, value in values.items() if name not in ("AWS_DEFAULT_REGION", "SSL_CERT_FILE")}
    return sorted(found)
