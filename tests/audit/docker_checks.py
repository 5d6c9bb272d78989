# SPDX-License-Identifier: GPL-3.0-or-later
"""What CIS's Docker benchmark asks for and a program can see, as predicates over docker_facts.py's output. Pure.

The numbers are the benchmark's. The score counts as the well-known script counts: +1 for a pass, -1 for a fail. The
number of checks differs from that script's, so compare droplets with each other, not with its figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Facts = dict[str, Any]
Check = tuple[str, str, Callable[[Facts], bool]]

AUDITED = {
    "1.1.3": "/usr/bin/dockerd",
    "1.1.4": "/run/containerd",
    "1.1.5": "/var/lib/docker",
    "1.1.6": "/etc/docker",
    "1.1.7": "docker.service",
    "1.1.8": "containerd.sock",
    "1.1.9": "docker.sock",
    "1.1.10": "/etc/default/docker",
    "1.1.11": "/etc/docker/daemon.json",
    "1.1.14": "/usr/bin/containerd",
    "1.1.15": "/usr/bin/containerd-shim",
    "1.1.18": "/usr/bin/runc",
}
MODES = {  # number: file, most that it may have
    "3.2": ("/usr/lib/systemd/system/docker.service", 0o644),
    "3.4": ("/usr/lib/systemd/system/docker.socket", 0o644),
    "3.6": ("/etc/docker", 0o755),
    "3.18": ("/etc/docker/daemon.json", 0o644),
    "3.22": ("/etc/default/docker", 0o644),
    "3.16": ("/run/docker.sock", 0o660),
    "3.24": ("/run/containerd/containerd.sock", 0o660),
}
SENSITIVE = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr")


def _setting(facts: Facts, name: str, default: Any = None) -> Any:
    return facts["daemon"].get(name, default)


def _every(test: Callable[[dict[str, Any]], bool]) -> Callable[[Facts], bool]:
    """True of every running container; without any there is nothing to praise."""
    return lambda facts: bool(facts["containers"]) and all(test(container) for container in facts["containers"])


def _host(name: str, test: Callable[[Any], bool]) -> Callable[[Facts], bool]:
    return _every(lambda container: test(container["HostConfig"].get(name)))


def _published(container: dict[str, Any]) -> list[dict[str, str]]:
    return [
        binding for bindings in (container["NetworkSettings"]["Ports"] or {}).values() for binding in bindings or []
    ]


def _closed_mode(path: str, most: int) -> Callable[[Facts], bool]:
    def test(facts: Facts) -> bool:
        file = facts["files"][path]
        return file is None or (file["owner"] == "root" and not file["mode"] & ~most)

    return test


def _audited(path: str) -> Callable[[Facts], bool]:
    return lambda facts: any(
        line.split("#")[0].find(path) >= 0 and line.lstrip().startswith(("-w", "-a"))
        for line in facts["audit_rules"].splitlines()
    )


def _log_limited(facts: Facts) -> bool:
    return _setting(facts, "log-driver") in ("local", "journald") or "max-size" in (_setting(facts, "log-opts") or {})


DAEMON: list[Check] = [
    ("1.1.2", "nobody but root drives Docker", lambda facts: not facts["docker_group"]),
    ("2.2", "no traffic between containers of the default bridge", lambda facts: _setting(facts, "icc") is False),
    ("2.3", "log level is info", lambda facts: _setting(facts, "log-level", "info") == "info"),
    ("2.4", "Docker may make its packet rules", lambda facts: _setting(facts, "iptables", True) is True),
    ("2.5", "no insecure registry", lambda facts: not _setting(facts, "insecure-registries")),
    ("2.6", "no aufs", lambda facts: facts["info"]["Driver"] != "aufs"),
    (
        "2.7",
        "no TCP socket without TLS",
        lambda facts: not _setting(facts, "hosts") and "tcp://" not in facts["command_line"],
    ),
    ("2.8", "default ulimits are set", lambda facts: bool(_setting(facts, "default-ulimits"))),
    ("2.9", "user namespaces", lambda facts: any("userns" in option for option in facts["info"]["SecurityOptions"])),
    ("2.13", "container logs are bounded", _log_limited),
    ("2.14", "containers gain no privileges", lambda facts: _setting(facts, "no-new-privileges") is True),
    ("2.15", "containers outlive the daemon", lambda facts: _setting(facts, "live-restore") is True),
    ("2.16", "no userland proxy", lambda facts: _setting(facts, "userland-proxy") is False),
    ("2.17", "seccomp is on", lambda facts: any("seccomp" in option for option in facts["info"]["SecurityOptions"])),
    ("2.18", "no experimental features", lambda facts: not facts["info"].get("ExperimentalBuild")),
]
CONTAINERS: list[Check] = [
    ("4.1", "processes are not root's", _every(lambda c: c["Config"]["User"].split(":")[0] not in ("", "0", "root"))),
    ("5.2", "an AppArmor profile", _every(lambda c: bool(c.get("AppArmorProfile")))),
    ("5.4", "all capabilities dropped", _host("CapDrop", lambda drop: bool(drop) and "ALL" in drop)),
    ("5.5", "not privileged", _host("Privileged", lambda value: not value)),
    (
        "5.6",
        "no system directory mounted",
        _every(lambda c: not any(mount.get("Source") in SENSITIVE for mount in c["Mounts"])),
    ),
    (
        "5.8",
        "no privileged port published",
        _every(lambda c: all(int(binding["HostPort"]) > 1023 for binding in _published(c))),
    ),
    ("5.10", "not the host's network", _host("NetworkMode", lambda mode: mode != "host")),
    ("5.11", "memory is limited", _host("Memory", bool)),
    (
        "5.12",
        "CPU is limited",
        _every(lambda c: bool(c["HostConfig"].get("NanoCpus") or c["HostConfig"].get("CpuShares"))),
    ),
    ("5.13", "root file system is read-only", _host("ReadonlyRootfs", bool)),
    (
        "5.14",
        "ports are published on one address",
        _every(lambda c: not any(binding["HostIp"] in ("", "0.0.0.0", "::") for binding in _published(c))),
    ),
    (
        "5.15",
        "restarts are bounded",
        _host("RestartPolicy", lambda policy: policy["Name"] == "on-failure" and 0 < policy["MaximumRetryCount"] <= 5),
    ),
    ("5.16", "not the host's processes", _host("PidMode", lambda mode: mode != "host")),
    ("5.17", "not the host's IPC", _host("IpcMode", lambda mode: mode != "host")),
    ("5.18", "no host device", _host("Devices", lambda devices: not devices)),
    ("5.20", "mounts do not propagate", _every(lambda c: all(m.get("Propagation") != "shared" for m in c["Mounts"]))),
    ("5.21", "not the host's UTS", _host("UTSMode", lambda mode: mode != "host")),
    (
        "5.22",
        "seccomp is not off",
        _host("SecurityOpt", lambda options: "seccomp=unconfined" not in (options or [])),
    ),
    (
        "5.26",
        "gains no privileges",
        _host("SecurityOpt", lambda options: any(o.startswith("no-new-privileges") for o in options or [])),
    ),
    ("5.27", "health is checked", _every(lambda c: (c["State"].get("Health") or {}).get("Status") == "healthy")),
    ("5.29", "processes are limited", _host("PidsLimit", lambda limit: bool(limit) and limit > 0)),
    (
        "5.30",
        "not on the default bridge",
        _every(lambda c: "bridge" not in c["NetworkSettings"]["Networks"]),
    ),
    ("5.31", "not the host's user namespace", _host("UsernsMode", lambda mode: mode != "host")),
    (
        "5.32",
        "no Docker socket inside",
        _every(lambda c: not any("docker.sock" in (mount.get("Source") or "") for mount in c["Mounts"])),
    ),
]
CHECKS: list[Check] = [
    *[(number, f"{path} is audited", _audited(path)) for number, path in AUDITED.items()],
    *DAEMON,
    *[(number, f"{path} is root's and closed", _closed_mode(path, most)) for number, (path, most) in MODES.items()],
    *CONTAINERS,
]


def failed(facts: Facts) -> Iterator[tuple[str, str]]:
    """Number and what was wanted, of each check that does not hold."""
    return ((number, title) for number, title, holds in CHECKS if not holds(facts))
