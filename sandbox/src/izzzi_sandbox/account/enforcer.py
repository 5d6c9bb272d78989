# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the packets of every running droplet in line with the firewalls, and knows what is not in line yet."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from ..droplets.backend import BackendError, DropletBackend, Ruleset
from . import firewall_rules as rules_of
from .records import Droplet, Firewall, LoadBalancer
from .state import State
from .watcher import Watcher

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Protection:
    """What guards a droplet: the rules, and the firewalls that they come from."""

    rules: Ruleset
    firewalls: frozenset[str]


class Enforcer(Watcher):
    name = "enforcer"

    def __init__(self, state: State, backend: DropletBackend) -> None:
        super().__init__()
        self._state = state
        self._backend = backend
        self._lock = threading.Lock()
        self._applied: dict[int, Protection] = {}
        self._known: tuple[int, dict[int, Protection]] = (-1, {})  # of a version of the state
        self._told: dict[int, tuple[str, tuple[str, ...]]] = {}

    def protection(self, droplet: Droplet) -> Protection:
        return self._protections()[droplet.id]

    def _protections(self) -> dict[int, Protection]:
        """Return that of every droplet, by its id. Those with the same firewalls share one, which is computed once."""
        version = self._state.version
        if self._known[0] == version:
            return self._known[1]
        firewalls, droplets = self._state.all(Firewall), self._state.all(Droplet)
        balancers = self._state.all(LoadBalancer)
        sets: dict[frozenset[str], Protection] = {}
        found: dict[int, Protection] = {}
        for droplet in droplets:
            names = frozenset(firewall.id for firewall in firewalls if firewall.applies_to(droplet))
            if names not in sets:
                sets[names] = Protection(rules_of.effective(droplet, firewalls, droplets, balancers), names)
            found[droplet.id] = sets[names]
        self._known = (version, found)
        return found

    def booted(self, droplet_id: int, protection: Protection) -> None:
        """A droplet came up with these rules in force."""
        with self._lock:
            self._applied[droplet_id] = protection
            self._failed.discard(droplet_id)

    def forget(self, droplet_id: int) -> None:
        with self._lock:
            self._applied.pop(droplet_id, None)
            self._failed.discard(droplet_id)

    def show(self, firewall: Firewall) -> dict[str, Any]:
        """The two fields of a firewall that tell how far its enforcement is."""
        with self._lock:
            applied, failed = dict(self._applied), set(self._failed)
        pending, protections = [], self._protections()
        for droplet in self._state.all(Droplet):
            if droplet.status != "active":
                continue  # the rules are loaded before it boots
            before, wanted = applied.get(droplet.id), firewall.applies_to(droplet)
            was = before is not None and firewall.id in before.firewalls
            if (was and not wanted) or (wanted and before != protections.get(droplet.id)):
                status = "failed" if droplet.id in failed else "waiting"
                pending.append({"droplet_id": droplet.id, "removing": not wanted, "status": status})
        statuses = {change["status"] for change in pending}
        return {
            "status": "failed" if "failed" in statuses else "waiting" if statuses else "succeeded",
            "pending_changes": pending,
        }

    def look(self) -> None:
        """Bring every running droplet in line, once."""
        protections = self._protections()
        for droplet in self._state.all(Droplet):
            wanted = protections.get(droplet.id)
            if wanted and droplet.status == "active" and not droplet.locked and not self._stopped:
                self._converge(droplet, wanted)

    def _converge(self, droplet: Droplet, wanted: Protection) -> None:
        before = self._applied.get(droplet.id)
        if wanted == before:
            return
        try:
            if before is None or wanted.rules != before.rules:
                self._backend.apply_firewall(droplet.id, wanted.rules)
                log.info("droplet %s: firewall rules applied", droplet.id)
        except BackendError as error:
            log.error("droplet %s: firewall rules not applied, next try follows: %s", droplet.id, error)
            with self._lock:
                self._failed.add(droplet.id)
        except Exception:  # the loop must live: without it every later change would be ignored
            log.exception("droplet %s: firewall rules not applied, next try follows", droplet.id)
            with self._lock:
                self._failed.add(droplet.id)
        else:
            self.booted(droplet.id, wanted)

    def _before_wait(self) -> None:
        """Let the metadata service show every droplet its name and tags of this moment."""
        shown = {d.id: (d.name, tuple(d.tags)) for d in self._state.all(Droplet) if d.status == "active"}
        for id in [id for id, facts in shown.items() if self._told.get(id) != facts]:
            try:
                self._backend.metadata_changed(id)
            except BackendError as error:
                log.error("droplet %s: its metadata are old: %s", id, error)
            except Exception:  # as above: the loop must live
                log.exception("droplet %s: its metadata are old", id)
        self._told = shown
