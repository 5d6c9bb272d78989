# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of itself: disk, memory, its app's backups; and which certificates it serves."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._app.atomic import read_json
from .._app.served_certificate import expiry, served
from .._backup import config
from .._backup.state import troubles
from .document import Backup, Certificate, Machine, Room

DISK = Path("/var/lib/docker")  # where what grows is: images, volumes, logs
KIB = 1024
TLS_TIMEOUT = 3.0


def look(app: str, now: float) -> Machine:
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii", errors="replace")
    return Machine(socket.gethostname(), now, disk(), memory(meminfo), backup(app, now))


def disk(place: Path = DISK) -> Room:
    found = os.statvfs(place if place.exists() else "/")
    return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def memory(meminfo: str) -> Room:
    """Read /proc/meminfo: what programs can still have, of all."""
    values = {
        name: rest.split()[0] for name, _colon, rest in (line.partition(":") for line in meminfo.splitlines()) if rest
    }
    return Room(int(values.get("MemAvailable", 0)) * KIB, int(values.get("MemTotal", 0)) * KIB)


def backup(app: str, now: float, settings: Path = config.SETTINGS) -> Backup | None:
    """Return what is known of the app's backups; None on a host that makes none."""
    given = read_json(settings / f"{app}.json")
    if not isinstance(given, Mapping):
        return None
    try:
        declared = config.from_mapping(given)
    except config.BackupError as error:
        return Backup(troubles=(str(error),))
    remembered = read_json(declared.directory / "state.json") or {}
    failed = [f"The last {what} failed; playbooks/backups.yml says why." for what in remembered.pop("failed", {})]
    late = troubles(remembered, declared, now)
    return Backup(_time(remembered, "backup"), _time(remembered, "verified"), (*late, *failed))


def _time(remembered: Mapping[str, Any], event: str) -> float:
    return float((remembered.get(event) or {}).get("time", 0))


def certificates(sites: Iterable[tuple[str, int]]) -> tuple[Certificate, ...]:
    """Ask this host's own edge which certificate it serves for each name."""
    return tuple(Certificate(name, ends(name, port)) for name, port in sites)


def ends(name: str, port: int, address: str = "127.0.0.1") -> float:
    """Return when the certificate that is served ends, as seconds of the epoch; 0 when none is."""
    return expiry(served(name, port, address, TLS_TIMEOUT)) or 0.0
