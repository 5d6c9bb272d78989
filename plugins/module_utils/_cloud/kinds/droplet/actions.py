# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change and delete droplets that exist: one action after the other, since DigitalOcean takes one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...account import Row
from ...client import ApiError, Client
from ...plan import Change
from ...resource import Wait

PENDING = "pending event"  # in the refusal of a droplet that is busy
SHUTDOWN_SECONDS = 60.0  # for its services to end by themselves


@dataclass(frozen=True)
class Actions:
    client: Client
    wait: Wait

    def apply(self, id: int, name: str, changes: tuple[Change, ...]) -> None:
        """Change a droplet from the `before` of all changes to their `after`."""
        fields = {change.field: change for change in changes}
        if "tags" in fields:
            self._tag(id, fields["tags"])
        for feature in ("backups", "ipv6"):
            if feature in fields:
                wanted = fields[feature].after
                action = f"{'enable' if wanted else 'disable'}_{feature}"
                self._act(id, name, {"type": action}, lambda row, f=feature, w=wanted: (f in row["features"]) == w)
        if "size" in fields:
            self._resize(id, name, fields["size"].after, is_off="status" in fields)
        elif "status" in fields:
            self._power_on(id, name)

    def _tag(self, id: int, change: Change) -> None:
        resources = {"resources": [{"resource_id": str(id), "resource_type": "droplet"}]}
        for tag in sorted(set(change.after) - set(change.before)):
            self.client.post(f"/tags/{tag}/resources", resources)
        for tag in sorted(set(change.before) - set(change.after)):
            self.client.delete(f"/tags/{tag}/resources", resources)

    def _resize(self, id: int, name: str, size: str, *, is_off: bool) -> None:
        """Shut down, resize, and power on again whatever happens. Its disk keeps its size, so that it can be
        resized back. If the run is cut off here, the next one sees that the droplet is off."""
        if not is_off:
            self._shut_down(id, name)
        try:
            body = {"type": "resize", "size": size, "disk": False}
            self._act(id, name, body, lambda row: row["size_slug"] == size)
        finally:
            self._power_on(id, name)

    def _shut_down(self, id: int, name: str) -> None:
        """Ask its init system to shut down; power off if that takes longer than SHUTDOWN_SECONDS."""
        self._send(id, {"type": "shutdown"})
        deadline = self.wait.clock() + SHUTDOWN_SECONDS
        while self.wait.clock() < deadline:
            self.wait.sleep(1.0)
            if self._row(id)["status"] == "off":
                return
        self._act(id, name, {"type": "power_off"}, lambda row: row["status"] == "off")

    def _power_on(self, id: int, name: str) -> None:
        self._act(id, name, {"type": "power_on"}, lambda row: row["status"] == "active")

    def _act(self, id: int, name: str, body: dict[str, Any], is_done: Callable[[Row], bool]) -> None:
        """Send an action and wait until it is done. If the reply was lost, the droplet itself shows whether it is."""
        what = f"{body['type']} of {name}"
        try:
            action = self._send(id, body)
        except ApiError:
            if is_done(self._row(id)):  # somebody else was quicker, or an earlier answer got lost
                return
            raise

        def ask() -> bool:
            if action is None:
                row = self._row(id)
                return is_done(row) and not row.get("locked")
            reply = self.client.get(f"/actions/{action}")["action"]
            if reply["status"] == "errored":
                raise ApiError(f"DigitalOcean could not do this: {what} (action {action} errored). Run again.")
            return reply["status"] == "completed"

        self.wait.until(ask, lambda: f"Not done within {self.wait.limit} s: {what}. Run again to go on.")

    def _send(self, id: int, body: dict[str, Any]) -> int | None:
        """Return the action's id; None if no reply tells whether it was accepted."""
        deadline = self.wait.clock() + self.wait.limit
        while True:
            try:
                return self.client.post(f"/droplets/{id}/actions", body)["action"]["id"]
            except ApiError as error:
                if error.fate_unknown:
                    return None
                if PENDING not in str(error) or self.wait.clock() > deadline:
                    raise
            self.wait.sleep(2.0)

    def _row(self, id: int) -> Row:
        return self.client.get(f"/droplets/{id}")["droplet"]


class Deletions:
    """The droplets that this run deletes, and that are perhaps still there."""

    def __init__(self, client: Client, wait: Wait) -> None:
        self._client = client
        self._wait = wait
        self._ids: set[int] = set()

    def delete(self, id: int) -> None:
        self._client.delete(f"/droplets/{id}")
        self._ids.add(id)

    def settle(self) -> None:
        """Wait until all are gone: until then they hold their VPC. One listing shows it of all."""
        if self._ids:
            late = f"Not deleted within {self._wait.limit} s: droplet "
            self._wait.until(lambda: not self._left(), lambda: f"{late}{', '.join(self._left())}. Run again.")
            self._ids.clear()

    def _left(self) -> list[str]:
        return [str(row["id"]) for row in self._client.list("/droplets", "droplets") if row["id"] in self._ids]


def check_creations(client: Client, actions: dict[str, int], unlisted: set[str]) -> None:
    """Raise ApiError when one of the unlisted droplets could not be made. It is either not listed yet, or its action,
    by name in `actions`, has errored."""
    for name in sorted(unlisted):
        action = actions.get(name)
        reply = client.find(f"/actions/{action}") if action else None
        if reply and reply["action"]["status"] == "errored":
            raise ApiError(
                f"DigitalOcean accepted the droplet {name} but could not make it (action {action} "
                "errored). Run again; if it stays so, try another size or region."
            )


def check_presence(client: Client, unlisted: dict[str, int]) -> None:
    """Raise ApiError when one of the unlisted droplets, ids by name, which were there when the plan was made, does not
    exist any more: somebody deleted it, and no wait brings it back."""
    for name, id in sorted(unlisted.items()):
        if client.find(f"/droplets/{id}") is None:
            raise ApiError(f"The droplet {name} was deleted while this run waited for it. Run again: it is made anew.")
