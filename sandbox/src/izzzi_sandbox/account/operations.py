# SPDX-License-Identifier: GPL-3.0-or-later
"""What each action does to a droplet. A function calls the backend and returns the fields of the record that change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..droplets.backend import DropletBackend, DropletSpec, Ruleset, VolumeSpec
from .catalogue import SIZES
from .records import Droplet

Changes = dict[str, Any]


@dataclass(frozen=True)
class Job:
    backend: DropletBackend
    droplet: Droplet
    spec: DropletSpec
    rules: Ruleset
    arguments: dict[str, Any]


def spec_of(droplet: Droplet, volumes: Iterable[VolumeSpec], reserved_ip: str) -> DropletSpec:
    size = SIZES[droplet.size]
    return DropletSpec(
        id=droplet.id,
        name=droplet.name,
        image=droplet.image,
        vcpus=size.vcpus,
        memory_mb=size.memory_mb,
        disk_gb=droplet.disk_gb,
        region=droplet.region,
        public_ip=droplet.public_ip,
        private_ip=droplet.private_ip,
        vpc_id=droplet.vpc_id,
        public_keys=tuple(droplet.public_keys),
        user_data=droplet.user_data,
        tags=tuple(droplet.tags),
        snapshot=droplet.snapshot,
        features=tuple(features(droplet)),
        public_ipv6=droplet.public_ipv6,
        reserved_ip=reserved_ip,
        volumes=tuple(volumes),
    )


def features(droplet: Droplet) -> list[str]:
    asked = {"backups": droplet.backups, "ipv6": bool(droplet.public_ipv6), "monitoring": droplet.monitoring}
    return [*(name for name, wanted in asked.items() if wanted), "droplet_agent", "private_networking"]


def create(job: Job) -> Changes:
    job.backend.create(job.spec, job.rules)
    return {"status": "active"}


def power_on(job: Job) -> Changes:
    if job.droplet.status == "active":
        return {}  # no error on DigitalOcean: community.digitalocean does it after each creation
    return _boot(job)


def _boot(job: Job) -> Changes:
    job.backend.power_on(job.droplet.id, job.rules)
    return {"status": "active"}


def power_off(job: Job) -> Changes:
    job.backend.power_off(job.droplet.id)
    return {"status": "off"}


def shutdown(job: Job) -> Changes:
    job.backend.shutdown(job.droplet.id)
    return {"status": "off"}


def reboot(job: Job) -> Changes:
    shutdown(job)
    return _boot(job)


def power_cycle(job: Job) -> Changes:
    power_off(job)
    return _boot(job)


def resize(job: Job) -> Changes:
    size = SIZES[job.arguments["size"]]
    job.backend.resize(job.droplet.id, size.vcpus, size.memory_mb)
    return {"size": size.slug, "disk_gb": size.disk_gb if job.arguments["disk"] else job.droplet.disk_gb}


def rebuild(job: Job) -> Changes:
    image, snapshot = job.arguments["image"], job.arguments.get("snapshot")
    job.backend.rebuild(replace(job.spec, image=image, snapshot=snapshot), job.rules)
    return {"image": image, "snapshot": snapshot, "status": "active"}


def restore(job: Job) -> Changes:
    return rebuild(job)


def snapshot(job: Job) -> Changes:
    """Its record is made by the cloud, when it is done."""
    size = job.backend.snapshot_droplet(job.droplet.id, job.arguments["snapshot"])
    return {"snapshot_size": size}


def enable_ipv6(job: Job) -> Changes:
    address = job.arguments["address"]
    job.backend.enable_ipv6(replace(job.spec, public_ipv6=address))
    return {"public_ipv6": address}


def rename(job: Job) -> Changes:
    """Only the name that the API shows: the host keeps its hostname, as on DigitalOcean."""
    return {"name": job.arguments["name"]}


def enable_backups(job: Job) -> Changes:
    return {"backups": True}


def disable_backups(job: Job) -> Changes:
    return {"backups": False}


OPERATIONS: dict[str, Callable[[Job], Changes]] = {
    operation.__name__: operation
    for operation in (
        create,
        power_on,
        power_off,
        shutdown,
        reboot,
        power_cycle,
        resize,
        rebuild,
        restore,
        snapshot,
        enable_ipv6,
        rename,
        enable_backups,
        disable_backups,
    )
}
