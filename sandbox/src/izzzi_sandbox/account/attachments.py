# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions on what is attached to droplets: volumes and reserved IPs. Each calls the backend and then notes the result;
each can be done again after a stop that cut it off."""

from __future__ import annotations

from collections.abc import Callable

from ..droplets.backend import BackendError, DropletBackend, VolumeSpec
from .records import Action, ReservedIp, Volume
from .state import State


def volume_spec(volume: Volume) -> VolumeSpec:
    return VolumeSpec(
        volume.id, volume.name, volume.size_gb, volume.filesystem_type, volume.filesystem_label, volume.snapshot
    )


def attach_volume(state: State, backend: DropletBackend, action: Action) -> None:
    volume, droplet_id = _volume(state, action), action.arguments["droplet_id"]
    backend.attach_volume(volume_spec(volume), droplet_id)
    with state.transaction():
        volume = _volume(state, action)
        volume.droplet_ids = [droplet_id]
        state.put(volume)


def detach_volume(state: State, backend: DropletBackend, action: Action) -> None:
    volume, droplet_id = _volume(state, action), action.arguments["droplet_id"]
    backend.detach_volume(volume_spec(volume), droplet_id)
    with state.transaction():
        volume = _volume(state, action)
        volume.droplet_ids = []
        state.put(volume)


def resize_volume(state: State, backend: DropletBackend, action: Action) -> None:
    volume = _volume(state, action)
    volume.size_gb = action.arguments["size_gb"]
    backend.resize_volume(volume_spec(volume))
    with state.transaction():
        volume = _volume(state, action)
        volume.size_gb = action.arguments["size_gb"]
        state.put(volume)


def _volume(state: State, action: Action) -> Volume:
    volume = state.get(Volume, action.subject)
    if volume is None:
        raise BackendError("the volume was deleted")
    return volume


def assign_ip(state: State, backend: DropletBackend, action: Action) -> None:
    former = _reserved(state, action).droplet_id
    if former not in (None, action.arguments["droplet_id"]):
        backend.unassign_reserved_ip(action.subject, former)
    backend.assign_reserved_ip(action.subject, action.arguments["droplet_id"])
    _note(state, action, action.arguments["droplet_id"])


def unassign_ip(state: State, backend: DropletBackend, action: Action) -> None:
    former = _reserved(state, action).droplet_id
    if former is not None:
        backend.unassign_reserved_ip(action.subject, former)
    _note(state, action, None)


def _reserved(state: State, action: Action) -> ReservedIp:
    reserved = state.get(ReservedIp, action.subject)
    if reserved is None:
        raise BackendError("the reserved IP was deleted")
    return reserved


def _note(state: State, action: Action, droplet_id: int | None) -> None:
    with state.transaction():
        reserved = _reserved(state, action)
        reserved.droplet_id = droplet_id
        state.put(reserved)


ATTACHMENTS: dict[str, Callable[[State, DropletBackend, Action], None]] = {
    work.__name__: work for work in (attach_volume, detach_volume, resize_volume, assign_ip, unassign_ip)
}
