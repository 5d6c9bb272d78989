# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true before anything starts. Each failure is one line: what, where, what to do."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from . import process
from .settings import Settings

FREE_GIGABYTES = 5


class PreflightError(Exception):
    """The sandbox cannot start on this machine as it is."""


def check_ports(settings: Settings) -> None:
    """Free, or held by this home's own daemon."""
    own = running_ports(settings)
    if len(set(settings.ports.values())) < len(settings.ports):
        raise PreflightError(f"{', '.join(settings.ports)} must be different ports")
    for variable, port in settings.ports.items():
        if port in own or _is_free(settings.host, port):
            continue
        raise PreflightError(f"port {port} is in use {_holder(settings, port)}, or choose another port: {variable}")


def running_ports(settings: Settings) -> list[int]:
    """The ports of this home's daemon, which may have been started with other settings."""
    pid = process.running_pid(settings)
    if pid is None:
        return []
    answer = process.health(settings.http_url)
    if answer and answer["pid"] == pid:
        return answer["ports"]
    return [port for port in settings.ports.values() if pid in _pids_of(_inodes_of(port))]


def check_docker() -> None:
    import docker  # only this backend needs the SDK
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=10)
        root = client.info()["DockerRootDir"]
        client.close()
    except DockerException as error:
        where = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        raise PreflightError(
            f"no Docker engine answers at {where} ({error}): start it (systemctl start docker; make setup installs it)"
        ) from None
    check_disk(Path(root))


def check_disk(place: Path) -> None:
    """Nothing to check where the engine runs on another machine: its directory is not here."""
    if not place.exists():
        return
    free = shutil.disk_usage(place).free / 1e9
    if free < FREE_GIGABYTES:
        raise PreflightError(
            f"{free:.1f} GB are free at {place}, and the sandbox needs {FREE_GIGABYTES} GB: "
            "free some (docker system prune)"
        )


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _holder(settings: Settings, port: int) -> str:
    answer = process.health(f"http://{settings.host}:{port}")
    if answer:
        return f"by another sandbox: stop it (IZZZI_SANDBOX_HOME={answer['home']} izzzi-sandbox down)"
    for pid in sorted(_pids_of(_inodes_of(port))):
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return f"by {name} (process {pid}): stop it"
    return "by another process: stop it"


def _inodes_of(port: int) -> set[str]:
    """The listening sockets of a port, from the kernel's table; empty where there is none (not Linux)."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            columns = line.split()
            if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{columns[9]}]")
    return inodes


def _pids_of(inodes: set[str]) -> set[int]:
    """Processes of other users stay unknown without root."""
    pids = set()
    for directory in Path("/proc").glob("[0-9]*/fd") if inodes else ():
        try:
            if any(os.readlink(link) in inodes for link in directory.iterdir()):
                pids.add(int(directory.parent.name))
        except OSError:
            continue
    return pids
