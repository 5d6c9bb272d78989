# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the host: disks, certificates, backups, updates, and the Swarm's nodes where this one leads it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .._app.events import FAILED
from .._app.served_certificate import expiry, served
from .settings import Settings
from .watch import Finding, Reading

HOUR = 3600
BACKUP = "/usr/local/sbin/izzzi-backup"
SETTINGS = Path("/etc/izzzi/backup")
MARKS = (Path("/run/reboot-required"), Path("/run/reboot-required.pkgs"))
FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "overlay")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program for at most a minute. Raise OSError or subprocess.SubprocessError when it cannot be."""
    # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def all_of(settings: Settings) -> list[Reading]:
    """Return what there is to see now."""
    readers = (
        lambda: disks(mounts(), settings.disk),
        lambda: certificates({name: expiry(served(name)) for name in settings.names}, settings, time.time()),
        lambda: backups(dict(states()), time.time()),
        lambda: reboot(*MARKS),
        nodes,
    )
    return [reader() for reader in readers]


def mounts(path: Path = Path("/proc/mounts")) -> dict[str, float]:
    """Return how full each disk is, in per cent as df counts them, by the first place where it is."""
    found: dict[int, tuple[str, float]] = {}
    for line in path.read_text().splitlines():
        _device, place, kind = line.split()[:3]
        place = place.replace("\\040", " ")
        with suppress(OSError):
            if kind in FILE_SYSTEMS and os.path.isdir(place) and (place == "/" or kind != "overlay"):
                identity, at = os.stat(place).st_dev, os.statvfs(place)
                used, free = at.f_blocks - at.f_bfree, at.f_bavail
                if used + free and (identity not in found or len(place) < len(found[identity][0])):
                    found[identity] = (place, 100 * used / (used + free))
    return dict(found.values())


def disks(full: Mapping[str, float], limit: float) -> Reading:
    """Judge them. One that is just below the limit is neither full nor well: it would be told again and again. Pure."""
    findings = {
        f"disk:{place}": Finding("disk", f"disk {place} is {share:.0f} % full", f"At most {limit:g} % are declared.")
        for place, share in full.items()
        if share > limit
    }
    fine = {f"disk:{place}": f"disk {place} is at {share:.0f} % again" for place, share in full.items()}
    between = {f"disk:{place}" for place, share in full.items() if limit - 2 < share <= limit}
    return Reading("disk", findings, {key: text for key, text in fine.items() if key not in between})


def certificates(ends: Mapping[str, float | None], settings: Settings, now: float) -> Reading:
    """Judge them. Pure."""
    left = {name: (end - now) / 86400 for name, end in ends.items() if end is not None}
    late = {name: days for name, days in left.items() if days < settings.certificate_days}
    findings = {
        f"certificate:{name}": Finding(
            "certificate",
            f"the certificate of {name} " + (f"ends in {days:.0f} days" if days >= 0 else "has ended"),
            "It should have been renewed. On the server: sudo journalctl -u izzzi-certificate",
            FAILED if days < 3 else "warning",
            stamp="ended" if days < 0 else "",
        )
        for name, days in late.items()
    }
    fine = {f"certificate:{name}": f"the certificate of {name} is renewed, for {left[name]:.0f} days" for name in left}
    return Reading("certificate", findings, fine)


def states(settings: Path = SETTINGS, run: Run = run) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield what the backups of each app say of themselves, with the seconds since they were installed."""
    for path in sorted(settings.glob("*.json")):
        with suppress(OSError, ValueError, subprocess.SubprocessError):
            told = json.loads(run(BACKUP, "state", path.stem).stdout)
            late = float(json.loads(path.read_text(encoding="utf-8")).get("late_after", 26))
            yield path.stem, {**told, "late_after": late, "installed": path.stat().st_mtime}


def backups(told: Mapping[str, Mapping[str, Any]], now: float) -> Reading:
    """Judge them. The first backup is late when it would be, had there been one when they were installed. Pure."""
    findings: dict[str, Finding] = {}
    fine: dict[str, str] = {}
    for app, state in told.items():
        for what in ("backup", "drill"):
            key, failed = f"backup:{app}/{what}", (state.get("failed") or {}).get(what)
            fine[key] = f"{app}: the last {what} went well again"
            if failed:
                title, stamp = f"{app}: the last {what} failed", str(failed.get("time", ""))
                findings[key] = Finding(f"{what}_failed", title, failed.get("why", ""), FAILED, stamp)
        is_new = not state.keys() & {"backup", "failed"} and now - state["installed"] < state["late_after"] * HOUR
        late = [text for text in state.get("troubles") or [] if not re.match(r"The last \w+ failed: ", text)]
        fine[f"backup:{app}/late"] = f"{app}: backups are on time again"
        if late and not is_new:
            findings[f"backup:{app}/late"] = Finding("backup_late", f"{app}: backups are late", "\n".join(late), FAILED)
    return Reading("backup", findings, fine)


def reboot(mark: Path, packages: Path) -> Reading:
    """Tell whether an update waits for a reboot."""
    key, fine = "reboot:host", "the reboot that an update needed is done"
    if not mark.exists():
        return Reading("reboot", fine={key: fine})
    names = ", ".join(sorted(set(packages.read_text().split()))) if packages.exists() else ""
    detail = f"By {names}. " if names else ""
    return Reading("reboot", {key: Finding("reboot", "an update needs a reboot", f"{detail}On the host: sudo reboot")})


def nodes(run: Run = run) -> Reading:
    """Look at the Swarm's nodes, where this one is a manager: the leader tells, and the others know of it."""
    silent = Reading("node", known=False)
    try:
        state = run("docker", "info", "--format", "{{json .Swarm}}")
        swarm = json.loads(state.stdout or "null") or {}
        if swarm.get("LocalNodeState") != "active" or not swarm.get("ControlAvailable", True):
            return Reading("node")
        listed = run("docker", "node", "ls", "--format", "{{json .}}")
        if listed.returncode == 0:
            return judged([json.loads(line) for line in listed.stdout.splitlines()])
        if "does not have a leader" in listed.stderr:
            title = "the Swarm has lost its majority of managers"
            detail = "What runs goes on, and nothing can be changed until managers are back: docs/swarm.md."
            return Reading("node", {"node:quorum": Finding("node_lost", title, detail, FAILED, patience=2)})
    except (OSError, ValueError, subprocess.SubprocessError):
        return silent
    return silent


def judged(rows: Iterable[Mapping[str, Any]]) -> Reading:
    """Judge the nodes, as `docker node ls` lists them. Twice in a row, since one that restarts is none that is lost.
    Pure."""
    listed = list(rows)
    ours = any(row["ManagerStatus"] == "Leader" and row["Self"] for row in listed)
    findings = {
        f"node:{row['Hostname']}": Finding(
            "node_lost",
            f"node {row['Hostname']} of the Swarm is away ({row['Status'].lower()})",
            "Its tasks start elsewhere, but for data. playbooks/status.yml says what runs; docs/swarm.md what to do.",
            FAILED,
            patience=2,
            ours=ours,
        )
        for row in listed
        if row["Status"] != "Ready"
    }
    fine = {f"node:{row['Hostname']}": f"node {row['Hostname']} of the Swarm is back" for row in listed}
    fine["node:quorum"] = "the Swarm has a leader again"
    return Reading("node", findings, fine if ours else {})
