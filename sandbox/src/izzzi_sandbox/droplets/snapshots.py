# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of droplets: the root file system as an image, the guest's Docker data, which lie in a volume, as another
volume."""

from __future__ import annotations

from contextlib import suppress

import docker
from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.containers import Container

from .backend import BackendError
from .disks import Disks

REPOSITORY = "izzzi-sandbox/snapshot"
RETIRED = "izzzi-sandbox/retired-snapshot"  # deleted, while a droplet still runs from it
VOLUME = "izzzi-sandbox-snapshot-"


class Snapshots:
    def __init__(self, client: docker.DockerClient, disks: Disks) -> None:
        self._client = client
        self._disks = disks

    def take(self, machine: Container, docker_data: str, snapshot_id: int) -> float:
        """Keep both halves of a machine's disk, as of one moment: it stands still meanwhile. Return gigabytes."""
        frozen = machine.status == "running"
        if frozen:
            machine.pause()
        try:
            image = machine.commit(REPOSITORY, str(snapshot_id), pause=False)
            data = self._disks.copy_tree(docker_data, VOLUME + str(snapshot_id))
        finally:
            if frozen:
                machine.unpause()
        return round(image.attrs["Size"] / 1e9 + data, 2)

    def image(self, snapshot_id: int) -> str:
        image = f"{REPOSITORY}:{snapshot_id}"
        try:
            self._client.images.get(image)
        except ImageNotFound as error:
            raise BackendError(f"snapshot {snapshot_id} is gone from the engine; was it removed by hand?") from error
        return image

    def restore_docker_data(self, snapshot_id: int, docker_data: str) -> None:
        self._disks.copy_tree(VOLUME + str(snapshot_id), docker_data)

    def delete(self, snapshot_id: int) -> None:
        image = f"{REPOSITORY}:{snapshot_id}"
        with suppress(ImageNotFound):
            # An image that a droplet runs from can only lose one of its names.
            self._client.images.get(image).tag(RETIRED, str(snapshot_id))
            self._client.images.remove(image)
        with suppress(NotFound):
            self._client.volumes.get(VOLUME + str(snapshot_id)).remove()
        self.sweep()

    def sweep(self) -> None:
        """Drop what is deleted and that no droplet runs from any more."""
        for image in self._client.images.list(RETIRED):
            for tag in image.tags:
                with suppress(APIError):  # still in use
                    self._client.images.remove(tag)
