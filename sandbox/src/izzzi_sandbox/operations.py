"""What each action does to a droplet. A function calls the backend and returns the fields of the record that change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .catalogue import SIZES
from .droplets.backend import DropletBackend, DropletSpec, Ruleset
from .records import Droplet

Changes = dict[str, Any]


@dataclass(frozen=True)
class Job:
    backend: DropletBackend
    droplet: Droplet
    rules: Ruleset
    arguments: dict[str, Any]


def spec_of(droplet: Droplet) -> DropletSpec:
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
    )


def create(job: Job) -> Changes:
    job.backend.create(spec_of(job.droplet), job.rules)
    return {"status": "active"}


def power_on(job: Job) -> Changes:
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
    return power_on(job)


def power_cycle(job: Job) -> Changes:
    power_off(job)
    return power_on(job)


def resize(job: Job) -> Changes:
    size = SIZES[job.arguments["size"]]
    job.backend.resize(job.droplet.id, size.vcpus, size.memory_mb)
    return {"size": size.slug, "disk_gb": size.disk_gb if job.arguments["disk"] else job.droplet.disk_gb}


def rebuild(job: Job) -> Changes:
    image = job.arguments["image"]
    job.droplet.image = image
    job.backend.rebuild(spec_of(job.droplet), job.rules)
    return {"image": image, "status": "active"}


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
        rename,
        enable_backups,
        disable_backups,
    )
}
