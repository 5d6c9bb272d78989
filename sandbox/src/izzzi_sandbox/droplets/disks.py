# SPDX-License-Identifier: GPL-3.0-or-later
"""Block storage. A volume is a sparse file in a Docker volume of its own, bound to a loop device of the host: so it has
its real size, and what is written to it outlives every droplet. A helper container does what needs the host's devices,
because the sandbox itself may run without root."""

from __future__ import annotations

import logging

import docker
from docker.errors import APIError, ContainerError, NotFound
from docker.models.containers import Container

from ..archive import archive
from ..images import Kitchen, disk_image
from .backend import BackendError, DropletSpec, VolumeSpec
from .network import LABEL

GUEST_LIST = "usr/lib/izzzi-sandbox/volumes"
GUEST_TOOL = "/usr/lib/izzzi-sandbox/volume"
LOOP_DEVICES = "b 7:* rmw"
LOOP_CONTROL = "c 10:237 rmw"
VOLUME, SNAPSHOT = "izzzi-sandbox-volume-", "izzzi-sandbox-volumesnapshot-"
log = logging.getLogger(__name__)


class Disks:
    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def make(self, volume: VolumeSpec) -> None:
        if volume.snapshot:
            self._run(VOLUME + volume.id, "copy", str(volume.size_gb), source=SNAPSHOT + volume.snapshot)
        else:
            format = (volume.filesystem_type, volume.filesystem_label)
            self._run(VOLUME + volume.id, "make", str(volume.size_gb), *format)

    def delete(self, volume_id: str) -> None:
        self._remove(VOLUME + volume_id)

    def grow(self, volume: VolumeSpec) -> None:
        self._run(VOLUME + volume.id, "grow", str(volume.size_gb))

    def snapshot(self, volume: VolumeSpec, snapshot_id: str) -> float:
        size = self._run(SNAPSHOT + snapshot_id, "copy", "0", source=VOLUME + volume.id)
        return int(size or 0) / 1e9

    def delete_snapshot(self, snapshot_id: str) -> None:
        self._remove(SNAPSHOT + snapshot_id)

    def copy_tree(self, source: str, target: str) -> float:
        """Copy all of one Docker volume into another. Return gigabytes."""
        return int(self._run(target, "tree", source=source)) / 1e9

    # -- in a droplet

    def insert(self, machine: Container, spec: DropletSpec) -> None:
        """Before a boot: the guest finds the list and plugs them in first of all."""
        lines = [f"{v.name} {self._run(VOLUME + v.id, 'bind')} {v.filesystem_type}\n" for v in spec.volumes]
        machine.put_archive("/", archive({GUEST_LIST: "".join(lines).encode()}))

    def plug(self, machine: Container, volume: VolumeSpec) -> None:
        numbers = self._run(VOLUME + volume.id, "bind")
        _guest(machine, "plug", volume.name, numbers, volume.filesystem_type)

    def unplug(self, machine: Container | None, volume: VolumeSpec) -> None:
        if machine:
            _guest(machine, "unplug", volume.name)
        self._run(VOLUME + volume.id, "release")

    # -- parts

    def _run(self, volume: str, *command: str, source: str | None = None) -> str:
        binds = {volume: {"bind": "/volume", "mode": "rw"}}
        if source:
            binds[source] = {"bind": "/source", "mode": "ro"}
        if not _exists(self._client, volume):
            self._client.volumes.create(volume, labels={LABEL: "1"})
        try:
            output = self._client.containers.run(
                disk_image(Kitchen(log.info)),
                list(command),
                volumes=binds,
                cap_add=["SYS_ADMIN", "MKNOD"],
                device_cgroup_rules=[LOOP_DEVICES, LOOP_CONTROL],
                security_opt=["apparmor=unconfined"],
                network_mode="none",
                labels={LABEL: "1"},
                remove=True,
            )
        except ContainerError as error:
            raise BackendError(f"{command[0]} failed: {_text(error.stderr)}") from error
        return output.decode().strip()

    def _remove(self, volume: str) -> None:
        if _exists(self._client, volume):
            self._run(volume, "release")
            self._client.volumes.get(volume).remove()


def purge(client: docker.DockerClient) -> None:
    """Give the host's loop devices back; before the Docker volumes go."""
    disks = Disks(client)
    for volume in client.volumes.list(filters={"name": VOLUME}):
        if volume.name.startswith(VOLUME):
            disks._remove(volume.name)


def _guest(machine: Container, *command: str) -> None:
    try:
        status, output = machine.exec_run([GUEST_TOOL, *command])
    except APIError as error:
        raise BackendError(f"the droplet does not answer: {error.explanation}") from error
    if status:
        raise BackendError(f"the droplet refused: {_text(output)}")


def _exists(client: docker.DockerClient, volume: str) -> bool:
    try:
        client.volumes.get(volume)
    except NotFound:
        return False
    return True


def _text(output: bytes | str) -> str:
    return (output.decode(errors="replace") if isinstance(output, bytes) else output).strip()
