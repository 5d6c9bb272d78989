# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker backend by itself: droplets, volumes and load balancers without an API in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from izzzi_sandbox.daemon import settings
from izzzi_sandbox.droplets.backend import DropletSpec, Rule, Ruleset, VolumeSpec
from izzzi_sandbox.droplets.docker import DockerBackend

from .cloud import HOME, Droplet

OPEN = Ruleset(enabled=False, inbound=(), outbound=())
VPC, VPC_RANGE = "7e57ba5e-0000-4000-8000-000000000000", "10.62.0.0/24"
EVERYONE = ("0.0.0.0/0", "::/0")


def guarded(*inbound: Rule) -> Ruleset:
    """SSH stays open, so that the test can look inside; whatever goes out may."""
    outbound = tuple(Rule(protocol, 1, 65535, EVERYONE) for protocol in ("tcp", "udp"))
    return Ruleset(True, (Rule("tcp", 22, 22, EVERYONE), *inbound), outbound)


@dataclass
class Machines:
    backend: DockerBackend
    specs: dict[int, DropletSpec] = field(default_factory=dict)

    def create(self, number: int, rules: Ruleset = OPEN, **more) -> Droplet:
        """Identifiers and addresses far from those that the API gives out."""
        spec = DropletSpec(
            id=990_000_000 + number,
            name=f"sandbox-test-{number}",
            **{"image": "debian-13-x64", **more},
            vcpus=1,
            memory_mb=1024,
            disk_gb=25,
            region="lon1",
            public_ip=f"198.51.100.{240 + number}",
            private_ip=f"10.62.0.{10 + number}",
            vpc_id=VPC,
            public_keys=((HOME / "id_ed25519.pub").read_text().strip(),),
            user_data="",
            tags=("sandbox-test",),
        )
        self.specs[spec.id] = spec
        self.backend.create(spec, rules)
        droplet = Droplet(spec.id, spec.public_ip, spec.private_ip)
        droplet.wait_for_ssh()
        return droplet

    def change(self, droplet: Droplet, **fields) -> DropletSpec:
        """What the API's record of a droplet says from now on."""
        self.specs[droplet.id] = replace(self.specs[droplet.id], **fields)
        return self.specs[droplet.id]

    def attach(self, volume: VolumeSpec, droplet: Droplet) -> None:
        self.backend.attach_volume(volume, droplet.id)
        self.change(droplet, volumes=(volume,))

    def detach(self, volume: VolumeSpec, droplet: Droplet) -> None:
        self.backend.detach_volume(volume, droplet.id)
        self.change(droplet, volumes=())

    def destroy(self, droplet: Droplet) -> None:
        self.backend.destroy(droplet.id)
        self.specs.pop(droplet.id)


@contextmanager
def running() -> Iterator[Machines]:
    machines = Machines(DockerBackend(settings.load()))
    machines.backend.start(lambda id, power: None, machines.specs.get)
    machines.backend.create_vpc(VPC, VPC_RANGE)
    try:
        yield machines
    finally:
        for id in list(machines.specs):
            machines.backend.destroy(id)
        machines.backend.stop()
        machines.backend.delete_vpc(VPC)
