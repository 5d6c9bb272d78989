# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the spec of a Swarm's service says, as the Engine API has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .labels import JOB_NAME, TASKS

# Ends of names of volumes that the host writes, for the task on it to read.
EDGE_FILES, PAGES_FILES = "_edge.files", "_pages.files"

Spec = Mapping[str, Any]


def replicas(spec: Spec) -> int | None:
    """How many tasks it shall have; None for what is not replicated, such as one on every node."""
    mode = spec["Mode"]
    return mode["Replicated"].get("Replicas", 1) if "Replicated" in mode else None


def is_global(spec: Spec) -> bool:
    return "Global" in spec["Mode"]


def is_job(spec: Spec) -> bool:
    return "ReplicatedJob" in spec["Mode"] or "GlobalJob" in spec["Mode"] or JOB_NAME in (spec.get("Labels") or {})


def placement(spec: Spec) -> Mapping[str, Any]:
    return spec["TaskTemplate"].get("Placement") or {}


def constraints(spec: Spec) -> list[str]:
    return placement(spec).get("Constraints") or []


def per_node_limit(spec: Spec) -> int:
    """How many tasks of it one node takes; 0 for any number."""
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or []
    if any(port.get("PublishMode") == "host" for port in ports):
        return 1
    return placement(spec).get("MaxReplicas", 0)


def local_volumes(task: Mapping[str, Any]) -> list[str]:
    """Name the volumes of a task's template that exist on one node only."""
    mounts = (task.get("ContainerSpec") or {}).get("Mounts") or []
    return [m["Source"] for m in mounts if m.get("Type") == "volume" and m.get("Source") and _is_data(m)]


def volumes_of(spec: Spec) -> set[str]:
    return set(local_volumes(spec["TaskTemplate"]))


def _is_data(mount: Mapping[str, Any]) -> bool:
    """Tell whether a volume has something that only its node has. The edge's says whether it is closed, and the pages'
    what runs now."""
    return not mount["Source"].endswith((EDGE_FILES, PAGES_FILES)) and _is_local(mount)


def _is_local(mount: Mapping[str, Any]) -> bool:
    driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
    # The local driver with a type mounts a network file system.
    return driver.get("Name") in (None, "", "local") and not (driver.get("Options") or {}).get("type")


def stop_grace(spec: Spec) -> float:
    """Seconds that a task of it may take to stop."""
    return spec["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod", 0) / 10**9


def starts_first(spec: Spec) -> bool:
    return (spec.get("UpdateConfig") or {}).get("Order") == "start-first"


def mark_of(spec: Spec) -> str:
    """The label by which its tasks are told from those of an earlier definition."""
    return (spec["TaskTemplate"]["ContainerSpec"].get("Labels") or {}).get(TASKS, "")


def used_objects(specs: Mapping[str, Spec]) -> set[str]:
    """Names of secrets and configs that services refer to."""
    containers = [spec["TaskTemplate"].get("ContainerSpec") or {} for spec in specs.values()]
    return {
        item[f"{kind}Name"]
        for container in containers
        for kind in ("Secret", "Config")
        for item in container.get(f"{kind}s") or []
    }


def may_overlap(spec: Spec) -> bool:
    """Return whether one task more may run beside those of this service."""
    own_ports = bool((spec.get("EndpointSpec") or {}).get("Ports"))
    return starts_first(spec) and not own_ports and bool(replicas(spec))
