# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles of a host may touch, in one look: files with their inodes and times, units, rules, what nginx has read."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path

PLACES = ("/etc", "/usr/local/sbin", "/usr/share/pam-configs", "/var/www", "/var/lib/izzzi", "/home", "/root/.ssh")
# What changes by itself, or because somebody looks.
RESTLESS = ("/etc/resolv.conf", "/etc/hosts", "/etc/mtab", "/etc/.pwd.lock", "/etc/apt/apt.conf.d/01proxy")
UNITS = [
    "nginx.service",
    "logrotate.timer",
    "docker.service",
    "docker.socket",
    "izzzi-docker-prune.timer",
    "ssh.service",
    "nftables.service",
    "izzzi-firewall-watch.service",
    "fail2ban.service",
    "unattended-upgrades.service",
]


def entry(path: str, by_content: bool) -> list:
    status = os.lstat(path)
    if by_content:
        told = ""
        if stat.S_ISLNK(status.st_mode):
            told = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            told = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
        return [oct(status.st_mode), status.st_uid, status.st_gid, told]
    # A directory's time tells of a file that came and went; its entries are looked at themselves.
    own = [0, 0, 0] if stat.S_ISDIR(status.st_mode) else [status.st_ino, status.st_mtime_ns, status.st_size]
    return [oct(status.st_mode), status.st_uid, status.st_gid, *own]


def files(by_content: bool) -> dict[str, list]:
    found = {}
    for place in PLACES:
        for folder, folders, names in os.walk(place):
            if folder.startswith(("/home", "/root")):
                folders[:] = [name for name in folders if name == ".ssh" or folder == "/home"]
            for name in [*names, *folders]:
                path = os.path.join(folder, name)
                if path not in RESTLESS:
                    found[path] = entry(path, by_content)
    return found


def output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError:  # its package is not installed
        return f"no {command[0]}"
    return done.stdout if done.returncode == 0 else f"{done.returncode}: {done.stderr.strip()}"


def units(by_content: bool) -> dict[str, str]:
    asked = "ActiveState" + ("" if by_content else ",ExecMainStartTimestampMonotonic")
    shown = output("systemctl", "show", "--property", asked, *UNITS)
    rows = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n")]
    # As its links say; `show` remembers what it was when systemd last read its units.
    enabled = subprocess.run(["systemctl", "is-enabled", *UNITS], capture_output=True, text=True, check=False).stdout
    states = zip(UNITS, rows, enabled.splitlines(), strict=True)
    return {unit: " ".join([*row.values(), state]) for unit, row, state in states}


def read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError as error:
        return str(error.strerror)


def packages(by_content: bool) -> str:
    if by_content:
        return output("dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n")
    return str(entry("/var/lib/dpkg/status", False))


def look(request: dict) -> dict:
    """`by_content`: what was written and put back counts as untouched."""
    by_content = request.get("by_content", False)
    return {
        "files": files(by_content),
        "units": units(by_content),
        "rules": output("nft", "--numeric", "--stateless", "list", "table", "inet", "izzzi"),
        "nginx": read("/run/izzzi-nginx/loaded"),
        "packages": packages(by_content),
    }
