# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs as root on the droplet and prints, as JSON, what the Docker checks look at."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import stat
import subprocess

FILES = (
    "/usr/lib/systemd/system/docker.service",
    "/usr/lib/systemd/system/docker.socket",
    "/etc/docker",
    "/etc/docker/daemon.json",
    "/etc/default/docker",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/etc/containerd/config.toml",
)


def docker(*arguments: str):
    return json.loads(subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout)


def ids(*arguments: str) -> list[str]:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.split()


def inspected(kind: str, names: list[str]):
    return docker(kind, "inspect", *names) if names else []


def file(path: str):
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    owner = pwd.getpwuid(status.st_uid).pw_name
    return {"owner": owner, "group": grp.getgrgid(status.st_gid).gr_name, "mode": stat.S_IMODE(status.st_mode)}


def loaded_audit_rules() -> str:
    """Of the kernel: a rule that only stands in a file audits nothing."""
    try:
        return subprocess.run(["auditctl", "-l"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


daemon = {}
with contextlib.suppress(FileNotFoundError), open("/etc/docker/daemon.json", encoding="utf-8") as settings:
    daemon = json.load(settings)
facts = {
    "daemon": daemon,
    "command_line": ids("version", "--format", "x")
    and subprocess.run(["pgrep", "-a", "-x", "dockerd"], capture_output=True, text=True, check=False).stdout.strip(),
    "info": docker("info", "--format", "{{json .}}"),
    "bridge": docker("network", "inspect", "bridge")[0],
    "containers": inspected("container", ids("ps", "--quiet")),
    "images": inspected("image", sorted(set(ids("images", "--quiet")))),
    "files": {path: file(path) for path in FILES},
    "audit_rules": loaded_audit_rules(),
    "docker_group": grp.getgrnam("docker").gr_mem,
}
print(json.dumps(facts))
