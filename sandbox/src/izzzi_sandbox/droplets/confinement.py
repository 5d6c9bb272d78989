# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container becomes a machine: as much privilege as systemd and a nested Docker engine need."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import docker
from docker.errors import APIError

# systemd 250 and newer refuse cgroup v1 unless they are told on the kernel's command line, or its stand-in.
CGROUP_V1 = {"SYSTEMD_PROC_CMDLINE": "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"}
CPU_PERIOD = 100_000  # microseconds, the kernel's default


@cache
def _privileged_works(image: str) -> bool:
    """Some hosts bound the engine's own capabilities, and then --privileged cannot be granted."""
    probe = docker.from_env().containers.create(
        image, entrypoint=["true"], privileged=True, network_mode="none", labels={"izzzi.sandbox": "1"}
    )
    try:
        probe.start()
    except APIError:
        return False
    finally:
        probe.remove(force=True)
    return True


def _cgroup_v2(client: docker.DockerClient) -> bool:
    return str(client.info().get("CgroupVersion", "1")) == "2"


def host_config(client: docker.DockerClient, image: str, **arguments: Any) -> dict[str, Any]:
    """The engine's HostConfig for a machine; arguments as for the SDK's `create_host_config`."""
    common = {"cgroupns": "private", "tmpfs": {"/run": "", "/run/lock": ""}, **arguments}
    if _privileged_works(image):
        return client.api.create_host_config(privileged=True, **common)
    config = client.api.create_host_config(
        cap_add=["ALL"],
        cap_drop=["SYS_RESOURCE"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        **common,
    )
    # What the command line calls systempaths=unconfined: /proc and /sys as the kernel shows them.
    return {**config, "MaskedPaths": [], "ReadonlyPaths": []}


def environment(client: docker.DockerClient) -> dict[str, str]:
    return {} if _cgroup_v2(client) else CGROUP_V1


def limits(vcpus: int, memory_mb: int) -> dict[str, int]:
    """A size's CPU and memory; no more CPUs than the host has, because the engine refuses that."""
    memory = memory_mb * 1024 * 1024
    return {
        # Not nano_cpus: a container that was made with it cannot be given another number later.
        "cpu_period": CPU_PERIOD,
        "cpu_quota": min(vcpus, os.cpu_count() or vcpus) * CPU_PERIOD,
        "mem_limit": memory,
        "memswap_limit": memory,
    }
