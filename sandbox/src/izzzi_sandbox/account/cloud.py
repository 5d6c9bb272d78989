# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: state, droplets and the work between them. Replies leave at once; actions end later, in threads."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from ..daemon.settings import Settings
from ..droplets.backend import BackendError, DropletBackend, DropletSpec
from ..spaces.server import Spaces
from .attachments import ATTACHMENTS, volume_spec
from .balancers import Balancers
from .enforcer import Enforcer
from .faults import Faults
from .operations import OPERATIONS, Job, spec_of
from .records import (
    Action,
    AlertPolicy,
    Assignment,
    Certificate,
    Domain,
    DomainRecord,
    Droplet,
    Firewall,
    LoadBalancer,
    Project,
    ReservedIp,
    Snapshot,
    SpacesAccessKey,
    SshKey,
    Tag,
    UptimeAlert,
    UptimeCheck,
    Volume,
    Vpc,
    now,
)
from .state import State

FIRST_DROPLET_ID = 410_000_001
FIRST_ACTION_ID = 2_100_000_001
PARALLEL_OPERATIONS = 4  # a boot keeps a core busy for seconds
PLAIN = (  # kinds that are nothing but a record
    Firewall,
    SshKey,
    Assignment,
    Domain,
    DomainRecord,
    SpacesAccessKey,
    AlertPolicy,
    UptimeCheck,
    UptimeAlert,
    ReservedIp,
)
log = logging.getLogger(__name__)


def open_backend(settings: Settings) -> DropletBackend:
    if settings.backend == "memory":
        from ..droplets.memory import MemoryBackend

        return MemoryBackend(settings)
    from ..droplets.docker import DockerBackend  # here, because tests without an engine never need it

    return DockerBackend(settings)


@dataclass(frozen=True)
class Ghost:
    """Remembers a droplet that is gone and still counts as a member of its VPC, `until` this time.monotonic()."""

    droplet: Droplet
    until: float


Work = Callable[[int], None]  # on the action or droplet of this id


def in_thread(work: Work, id: int) -> None:
    """Begin work that outlasts its request. Daemon threads: a stop must not wait for a boot, and what is cut off is
    taken up at the next start."""
    threading.Thread(target=work, args=(id,), name=f"{work.__name__}-{id}", daemon=True).start()


class Cloud:
    """Holds the account, and carries out what requests ask of it.

    `begin` starts work in the background; it must not run it in the caller's transaction."""

    def __init__(
        self, settings: Settings, backend: DropletBackend, begin: Callable[[Work, int], None] = in_thread
    ) -> None:
        self.settings = settings
        self.backend = backend
        self._begin = begin
        self.state = State(settings.database)
        self.spaces = Spaces(settings.spaces_database, self.state)
        self.faults = Faults()
        self.ghosts: dict[str, Ghost] = {}
        self.enforcer = Enforcer(self.state, backend)
        self.balancers = Balancers(self.state, backend)
        self._slots = threading.BoundedSemaphore(PARALLEL_OPERATIONS)
        self._turns: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)  # one operation per droplet
        self._stopping = False
        self._ensure_default_project()

    # -- life of the daemon

    def start(self) -> None:
        self.backend.start(self._guest_power, self._describe)
        self._reconcile()
        self.enforcer.start()
        self.balancers.start()

    def stop(self) -> None:
        """Stop serving. Droplets run on; operations in flight are taken up again by the next start."""
        self._stopping = True
        self.enforcer.stop()
        self.balancers.stop()
        self.backend.stop()

    def suspend(self) -> None:
        """Power every droplet off and remember that it was on: the next start powers it on again."""
        self._stopping = True
        self.backend.stop()
        running = [id for id, power in self.backend.power_states().items() if power == "active"]
        with ThreadPoolExecutor(max_workers=PARALLEL_OPERATIONS) as pool:
            list(pool.map(self._turn_off, running))

    def reset(self) -> None:
        """Make the account what it was on its first day, without faults. Identifiers are not used twice, so
        that stale ones cannot hit a new resource."""
        self.faults.remove()
        self.ghosts.clear()
        with self.state.transaction():
            for kind in PLAIN:
                for record in self.state.all(kind):
                    self.state.remove(record)
            self.spaces.reset()
            droplets = self.state.all(Droplet)
            for droplet in droplets:
                droplet.deleting = droplet.locked = True
                self.state.put(droplet)
        with ThreadPoolExecutor(max_workers=PARALLEL_OPERATIONS) as pool:
            list(pool.map(self._destroy, [droplet.id for droplet in droplets]))
        self.balancers.clear()
        with self.state.transaction():
            if self.state.all(Droplet):
                raise BackendError("a droplet could not be deleted; server.log tells why. Run reset again.")
            for volume in self.state.all(Volume):
                self.backend.delete_volume(volume.id)
                self.state.remove(volume)
            for snapshot in self.state.all(Snapshot):
                self.delete_snapshot(snapshot)
            for vpc in self.state.all(Vpc):
                self.backend.delete_vpc(vpc.id)
                self.state.remove(vpc)
            for record in [*self.state.all(Tag), *self.state.all(Action), *self.state.all(Project)]:
                self.state.remove(record)
            for certificate in self.state.all(Certificate):
                self.state.remove(certificate)
            self._ensure_default_project()

    # -- what the routes use

    def submit(self, droplet: Droplet, type: str, **arguments: Any) -> Action:
        """Lock the droplet and begin an action. Call it inside a transaction; the work starts after it."""
        droplet.locked = True
        self.state.put(droplet)
        action = self.state.put(
            Action(
                id=self.state.next("action", FIRST_ACTION_ID),
                type=type,
                resource_id=droplet.id,
                region=droplet.region,
                arguments=arguments,
            )
        )
        self._begin(self._run, action.id)
        return action

    def submit_attachment(
        self, type: str, resource_type: str, subject: str, region: str, droplet: Droplet | None, **arguments: Any
    ) -> Action:
        """Begin an action of a volume or a reserved IP, inside a transaction. A droplet that takes part is locked
        meanwhile."""
        number = int(IPv4Address(subject)) if resource_type == "floating_ip" else None
        if droplet:
            droplet.locked = True
            self.state.put(droplet)
            arguments["droplet_id"] = droplet.id
        action = Action(self.state.next("action", FIRST_ACTION_ID), type, number, region, resource_type, subject)
        action.arguments = arguments
        self._begin(self._run, self.state.put(action).id)
        return action

    def wake(self) -> None:
        """Bring firewalls and load balancers in line, because something has changed."""
        self.enforcer.wake()
        self.balancers.wake()

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.resource_type == "droplet":
            self.backend.delete_droplet_snapshot(int(snapshot.id))
        else:
            self.backend.delete_volume_snapshot(snapshot.id)
        self.state.remove(snapshot)

    def describe(self, droplet: Droplet) -> DropletSpec:
        """Return all that a backend needs to know of a droplet."""
        volumes = [volume_spec(row) for row in self.state.all(Volume) if droplet.id in row.droplet_ids]
        addresses = [row.id for row in self.state.all(ReservedIp) if row.droplet_id == droplet.id]
        return spec_of(droplet, volumes, addresses[0] if addresses else "")

    def public_addresses(self) -> list[str]:
        """Return the public addresses that are given out."""
        others = [*self.state.all(Droplet), *self.state.all(LoadBalancer)]
        return [*(row.public_ip for row in others), *(row.id for row in self.state.all(ReservedIp))]

    def private_addresses(self, vpc_id: str) -> list[str]:
        others = [*self.state.all(Droplet), *self.state.all(LoadBalancer)]
        return [row.private_ip for row in others if row.vpc_id == vpc_id]

    def delete(self, droplet: Droplet) -> None:
        if droplet.deleting:
            return
        droplet.deleting = droplet.locked = True
        self.state.put(droplet)
        self._begin(self._destroy, droplet.id)

    def ensure_tags(self, names: list[str]) -> list[str]:
        """Make the tags that do not exist; return the spelling of each that does."""
        tags = [self.state.get(Tag, name.lower()) or self.state.put(Tag(name.lower(), name)) for name in names]
        return list(dict.fromkeys(tag.name for tag in tags))

    def untag(self, row: Droplet | Volume | Snapshot, name: str) -> None:
        row.tags = [tag for tag in row.tags if tag != name]
        self.state.put(row)

    # -- operations

    def _run(self, action_id: int) -> None:
        with self.state.transaction():  # waits for the transaction of the request that submitted it
            action = self.state.get(Action, action_id)
        if action is None:
            return  # the request was rolled back
        if action.resource_type != "droplet":
            self._run_attachment(action)
            return
        droplet = self.state.get(Droplet, action.resource_id)
        if droplet is None:
            return
        self._stuck(droplet, action.type)
        with self._turns[action.resource_id], self._slots:
            with self.state.transaction():
                droplet = self.state.get(Droplet, action.resource_id)
                if droplet is None or droplet.deleting or self._stopping:
                    return
                protection = self.enforcer.protection(droplet)
                spec = self.describe(droplet)
            job = Job(self.backend, droplet, spec, protection.rules, action.arguments)
            changes, error = self._attempt(action, droplet.name, lambda: OPERATIONS[action.type](job))
            if self._stopping:
                return
            if error:
                changes = self._after_failure(droplet)
            elif changes.get("status") == "active":
                self.enforcer.booted(droplet.id, protection)
            self._finish(action, changes, error)
        self.wake()

    def _run_attachment(self, action: Action) -> None:
        droplet_id = action.arguments.get("droplet_id")
        with self._turns[droplet_id or 0], self._slots:
            if self._stopping:
                return
            work = ATTACHMENTS[action.type]
            _, error = self._attempt(action, action.subject, lambda: work(self.state, self.backend, action))
            if self._stopping:
                return
            with self.state.transaction():
                self._end(action, error)
                droplet = self.state.get(Droplet, droplet_id) if droplet_id else None
                if droplet and not droplet.deleting:
                    droplet.locked = False
                    self.state.put(droplet)
                reserved = self.state.get(ReservedIp, action.subject)
                if reserved:
                    reserved.locked = False
                    self.state.put(reserved)
        log.info("action %s (%s) of %s %s", action.id, action.type, action.subject, action.status)
        if droplet:
            self._tell(droplet)
        self.wake()

    def _attempt(self, action: Action, name: str, work: Callable[[], dict[str, Any] | None]) -> tuple[dict, str]:
        """Do an action's work on what has this name. Return what it changed, and why it failed: empty when it did
        not."""
        try:
            if self.faults.on_droplet("errored", name, action.type):
                raise BackendError("a fault of the sandbox")
            return work() or {}, ""
        except BackendError as failure:
            log.error("action %s (%s) of %s failed: %s", action.id, action.type, name, failure)
            return {}, str(failure)
        except Exception as failure:
            log.exception("action %s (%s) of %s failed", action.id, action.type, name)
            return {}, f"{type(failure).__name__}: {failure}"

    def _end(self, action: Action, error: str) -> None:
        """Note that an action has ended, and why it failed. Call it inside a transaction."""
        action.status, action.error, action.completed_at = "errored" if error else "completed", error, now()
        self.state.put(action)

    def _tell(self, droplet: Droplet) -> None:
        """Tell the backend that what a droplet's metadata say has changed. Names and tags are told by the enforcer."""
        try:
            self.backend.metadata_changed(droplet.id)
        except BackendError as failure:
            log.error("droplet %s: its metadata are old: %s", droplet.id, failure)

    def _after_failure(self, droplet: Droplet) -> dict[str, Any]:
        if droplet.status == "new":
            return {"deleting": True}
        return {"status": self._power_of(droplet.id)}

    def _finish(self, action: Action, changes: dict[str, Any], error: str) -> None:
        with self.state.transaction():
            droplet = self.state.get(Droplet, action.resource_id)
            self._end(action, error)
            size = changes.pop("snapshot_size", None)
            if size is not None:
                self.state.put(self._snapshot_of(droplet, action, size))
            for field, value in changes.items():
                setattr(droplet, field, value)
            droplet.locked = droplet.deleting
            self.state.put(droplet)
        log.info("action %s (%s) of droplet %s %s", action.id, action.type, droplet.id, action.status)
        if droplet.deleting:
            self._begin(self._destroy, droplet.id)

    def _snapshot_of(self, droplet: Droplet, action: Action, size: float) -> Snapshot:
        return Snapshot(
            id=str(action.arguments["snapshot"]),
            name=action.arguments["name"],
            resource_type="droplet",
            resource_id=str(droplet.id),
            region=droplet.region,
            min_disk_size=droplet.disk_gb,
            size_gb=size,
            image=droplet.image,
        )

    def _destroy(self, droplet_id: int) -> None:
        with self.state.transaction():  # the request that asked for it has committed
            droplet = self.state.get(Droplet, droplet_id)
        if droplet:
            self._stuck(droplet, "destroy")
        with self._turns[droplet_id], self._slots:
            droplet = self.state.get(Droplet, droplet_id)
            if droplet is None or not droplet.deleting or self._stopping:
                return
            try:
                self.backend.destroy(droplet_id)
            except Exception:
                log.exception("droplet %s could not be destroyed; the next start tries again", droplet_id)
                return
            with self.state.transaction():
                self._forget(droplet)
        self.enforcer.forget(droplet_id)
        self.wake()
        log.info("droplet %s destroyed", droplet_id)

    def _stuck(self, droplet: Droplet, action: str) -> None:
        fault = self.faults.on_droplet("stuck", droplet.name, action)
        if fault:
            self.faults.wait(fault, lambda: self._stopping or self._is_over(droplet.id, action))

    def _is_over(self, droplet_id: int, action: str) -> bool:
        droplet = self.state.get(Droplet, droplet_id)
        return droplet is None or (droplet.deleting and action != "destroy")

    def _forget(self, droplet: Droplet) -> None:
        self.state.remove(droplet)
        lag = self.faults.on_droplet("member_lag", droplet.name)
        if lag:
            self.ghosts[droplet.urn] = Ghost(droplet, time.monotonic() + (lag.seconds or 0))
        for firewall in self.state.all(Firewall):
            if droplet.id in firewall.droplet_ids:
                firewall.droplet_ids.remove(droplet.id)
                self.state.put(firewall)
        for volume in self.state.all(Volume):
            if droplet.id in volume.droplet_ids:
                volume.droplet_ids = []
                self.state.put(volume)
        for reserved in self.state.all(ReservedIp):
            if reserved.droplet_id == droplet.id:
                reserved.droplet_id = None
                self.state.put(reserved)
        for balancer in self.state.all(LoadBalancer):
            if droplet.id in balancer.droplet_ids:
                balancer.droplet_ids.remove(droplet.id)
                self.state.put(balancer)
        for action in self.state.all(Action):
            if action.resource_id == droplet.id and action.status == "in-progress":
                self._end(action, "the droplet was deleted")
        assignment = self.state.get(Assignment, droplet.urn)
        if assignment:
            self.state.remove(assignment)

    def _turn_off(self, droplet_id: int) -> None:
        try:
            self.backend.shutdown(droplet_id)
        except BackendError as error:
            log.warning("droplet %s did not shut down, its power is cut: %s", droplet_id, error)
            self.backend.power_off(droplet_id)

    # -- reality

    def _guest_power(self, droplet_id: int, status: str) -> None:
        """Note that a guest powered itself off, or came back."""
        with self.state.transaction():
            droplet = self.state.get(Droplet, droplet_id)
            if droplet is None or droplet.locked or self._stopping:
                return  # an operation knows better
            droplet.status = status
            self.state.put(droplet)
        log.info("droplet %s is %s: the guest did it", droplet_id, status)
        if status == "off":
            self.enforcer.forget(droplet_id)
        self.wake()

    def _describe(self, droplet_id: int) -> DropletSpec | None:
        droplet = self.state.get(Droplet, droplet_id)
        return self.describe(droplet) if droplet and not droplet.deleting else None

    def _power_of(self, droplet_id: int) -> str:
        return self.backend.power_states().get(droplet_id, "off")

    def _reconcile(self) -> None:
        """Take up what a stop or a kill cut off, and power on what should be on (after `down`, or a reboot of the
        machine)."""
        power = self.backend.power_states()
        with self.state.transaction():
            busy = set()
            for action in self.state.all(Action):
                if action.status == "in-progress":
                    busy.add(action.resource_id)
                    self._begin(self._run, action.id)
            for droplet in self.state.all(Droplet):
                actual = power.get(droplet.id, "off")
                if droplet.deleting:
                    self._begin(self._destroy, droplet.id)
                    continue
                if droplet.id in busy or actual == droplet.status:
                    continue
                was, droplet.status = droplet.status, actual
                self.state.put(droplet)
                if was == "active":
                    self.submit(droplet, "power_on")

    def _ensure_default_project(self) -> None:
        with self.state.transaction():
            if not self.state.all(Project):
                project = Project(
                    id=str(uuid.uuid4()),
                    name="sandbox",
                    description="Everything that is in no other project.",
                    purpose="Just trying out DigitalOcean",
                    environment="Development",
                    is_default=True,
                )
                self.state.put(project)
