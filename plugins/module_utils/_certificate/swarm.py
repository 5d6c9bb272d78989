# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a Swarm: secrets, which one manager at a time gets and a service carries to every node."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import base64
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._app.lock import LeaseError
from .._app.served_certificate import served
from .._app.until import until
from .._swarm.engine import Conflict, Engine, EngineError
from .._swarm.labels import CERTIFICATE, EDGE, KIND, PART, SAID, SITE
from .._swarm.service import mark_of
from .._swarm.stack.api import Swarm
from .._swarm.stack.converge import Convergence
from .._swarm.stack.lock import hold
from .._swarm.stack.model import Options, StackError, content_name
from .._swarm.stack.store import object_name, relabel
from . import account
from .authority import ask
from .carrier import carrier, service
from .certificate import Certificate, certified, fingerprint, outdated, placeholder, read
from .reach import examined
from .renewal import BAD, GOOD_FOR_NOW, WELL, Asked, Renewal, worst
from .settings import ACME, HTTP, Failure, Settings, Site

STATE, LOCK = "certificates", "certificates-lock"  # kinds of configs
HOLDS = "izzzi.holds"  # until when the authority is not to be asked, by site
TTL, WAIT = 60.0, 600.0  # seconds: a dead manager's lock, and for somebody else's to end
SPREAD = 60.0  # seconds in which every node serves what it got
MEMORY = "/run"  # keys come onto no disk of a manager


class SwarmPlace:
    """A place of certificates, as any manager sees it."""

    def __init__(
        self,
        settings: Settings,
        swarm: Swarm,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.settings = settings
        self.swarm = swarm
        self._clock = clock
        self._sleep = sleep
        self._renew: Callable[[], Any] = lambda: None
        self._heard = clock()

    @contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Be the only manager that asks. Raise LeaseError when another one does not end."""
        with hold(self.swarm, platform.node(), purpose, TTL, WAIT, LOCK) as renew:
            self._renew, self._heard = renew, self._clock()
            yield

    def still_ours(self) -> None:
        """Raise LeaseError when another manager may ask by now: the lock is lost, or the Swarm was silent for long."""
        try:
            self._renew()
            self._heard = self._clock()
        except (OSError, EngineError) as error:
            if self._clock() - self._heard > TTL / 2:
                raise LeaseError(f"The Swarm does not answer, so that another manager may ask: {error}") from error

    # What the Swarm knows.
    def secrets(self) -> dict[str, dict]:
        """Return the newest secret of each site."""
        return self.swarm.certificates()

    def current(self, name: str) -> Certificate | None:
        item = self.secrets().get(name)
        return certificate_of(item) if item else None

    def install(self, name: str, pem: str) -> None:
        """Keep a certificate. `carry` brings it to the nodes."""
        found = read(pem)
        if found is None:
            raise Failure("There is no certificate in what the authority has sent.")
        said = json.dumps({**asdict(found), "names": sorted(found.names)})
        self.still_ours()
        full = content_name(self.swarm.project, f"{CERTIFICATE}_{name}", pem.encode())
        self.swarm.make("secrets", full, pem.encode(), {KIND: CERTIFICATE, SITE: name, SAID: said})

    def held_until(self, name: str) -> float:
        return _holds(self._state()).get(name, 0.0)

    def hold(self, name: str, until: float) -> None:
        item = self._state()
        relabel(self.swarm, item, {HOLDS: json.dumps({**_holds(item), name: until})})

    def _state(self) -> dict:
        """Return the config with the account's key and what the authority has said of waiting; make it when missing."""
        name = object_name(self.swarm.project, STATE)
        found = self.swarm.objects("configs").get(name)
        if found is None:
            with suppress(Conflict):  # another manager was quicker: its key counts
                self.swarm.make("configs", name, account.new_key().encode(), {KIND: STATE, HOLDS: "{}"})
            found = self.swarm.objects("configs")[name]
        return found

    def _key(self) -> str:
        return base64.b64decode(self._state()["Spec"]["Data"]).decode()

    # The authority.
    def check_names(self, site: Site) -> None:
        if site.challenge != HTTP:
            return
        mark, known = account.thumbprint(self._key()), self.settings.addresses
        wrong, silent = examined(site.names, mark, known, clock=self._clock, sleep=self._sleep)
        if wrong:
            raise Failure(
                f"DNS: {'; '.join(wrong)}. This Swarm answers there with {account.PROBE}.…, on port 80 of every node."
                " Mend the records, or list the address of a load balancer or reserved IP that managers cannot ask in"
                " nginx_acme_addresses. The authority was not asked."
            )
        for text in silent:
            print(f"DNS: {text}.", flush=True)

    def obtain(self, site: Site) -> str:
        with tempfile.TemporaryDirectory(prefix="izzzi-certificate-", dir=MEMORY) as directory:
            home = Path(directory)
            key = account.key_path(home, self.settings.directory, self.settings.email)
            key.parent.mkdir(parents=True)
            key.write_text(self._key(), encoding="utf-8")
            (home / "webroot").mkdir()  # where lego leaves what every node answers by itself
            self.still_ours()
            return ask(self.settings, site, home, home / "webroot", self.still_ours)

    # The nodes.
    def prepare(self, image: str, check: bool) -> list[str]:
        """Give every site a certificate that nginx can start with, and carry them; return what was done."""
        done = []
        for name, site in self.settings.sites.items():
            if needs_placeholder(site, self.current(name), time.time()):
                done.append(f"a placeholder for {name}")
                if not check:
                    self.install(name, placeholder(site.names))
        if check:
            return done
        return [*done, *(["what carries certificates to the nodes"] if self.carry(image) else [])]

    def carry(self, image: str = "") -> bool:
        """Bring the newest certificates to all nodes; return whether that was new to them. Raise StackError when tasks
        do not get there."""
        live = self.swarm.service(service(self.swarm.project))
        image = image or (live["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] if live else "")
        if not image:
            raise Failure("Nothing carries certificates to the nodes yet. Run playbooks/deploy.yml.")
        names = {site: item["Spec"]["Name"] for site, item in self.secrets().items() if site in self.settings.sites}
        challenge = account.answers(account.thumbprint(self._key()))
        wanted = carrier(self.swarm.project, image, self.settings.constraints, names, challenge)
        if live and mark_of(live["Spec"]) == mark_of(wanted):
            self._forget(set(names.values()))
            return False
        self.still_ours()
        convergence = Convergence(self.swarm, Options(monitor=0), self._clock, self._sleep)
        before = frozenset(task.id for task in self.swarm.tasks(wanted["Name"])) if live else frozenset()
        stale = ((live or {}).get("UpdateStatus") or {}).get("StartedAt", "")
        (self.swarm.update if live else self.swarm.create)(wanted)
        convergence.wait(convergence.watch(wanted, before, stale, first=not live), wanted)
        self._forget(set(names.values()))
        return True

    def _forget(self, used: set[str]) -> None:
        for name, item in self.swarm.objects("secrets").items():
            if _kind(item) == CERTIFICATE and name not in used:
                try:
                    self.swarm.engine.delete(f"/secrets/{item['ID']}")
                except EngineError as error:
                    if "in use" not in str(error):  # a task of before still stops: the next run removes it
                        raise

    def behind(self) -> list[str]:
        """Return a sentence for each node that does not serve what it was given, when it had the time to."""
        edge = next((one for one in self.swarm.specs().values() if one["Labels"].get(PART) == EDGE), None)
        if edge is None:
            return []
        found = self.secrets()
        wanted = {name: certificate_of(found[name]).leaf for name in self.settings.sites if name in found}

        def look() -> list[str]:
            return [
                f"{node.name} does not serve the certificate of {name} yet."
                for node in self.swarm.eligible(edge)
                for name, leaf in wanted.items()
                if not is_served(self.settings.sites[name], node.address, leaf)
            ]

        return until(look, timeout=SPREAD, interval=1, clock=self._clock, sleep=self._sleep)

    def withdraw(self) -> None:
        """Take away what no site wants any more."""
        self.swarm.remove(service(self.swarm.project))
        self._forget(set())


def is_served(site: Site, address: str, leaf: str) -> bool:
    """Ask a node for the certificate of a site."""
    name = certified(site.names)[0].replace("*", "www")
    return fingerprint(served(name, site.port, address)) == leaf


def _kind(item: Mapping[str, Any]) -> str:
    return item["Spec"]["Labels"].get(KIND, "")


def _holds(item: Mapping[str, Any]) -> dict[str, float]:
    return json.loads(item["Spec"]["Labels"].get(HOLDS) or "{}")


def certificate_of(item: Mapping[str, Any]) -> Certificate:
    """Read of a secret what its certificate says: its content nobody can read. Pure."""
    said = json.loads(item["Spec"]["Labels"][SAID])
    return Certificate(**{**said, "names": frozenset(said["names"])})


def needs_placeholder(site: Site, certificate: Certificate | None, now: float) -> bool:
    """Tell whether a site gets one that is signed by itself. Pure."""
    if certificate is None:
        return True
    if site.source == ACME:
        return certificate.is_placeholder and certificate.names != frozenset(certified(site.names))
    return not certificate.is_placeholder or bool(outdated(certificate, certified(site.names), now))


def run(settings: Settings, asked: Asked) -> int:
    """Look after the certificates of a Swarm; return the exit status."""
    place = SwarmPlace(settings, Swarm(Engine(), settings.project))
    try:
        if asked.check:
            return _foreseen(place, asked)
        with place.locked("certificates"):
            return _done(place, asked)
    except (Failure, StackError, EngineError, LeaseError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        return BAD


def _foreseen(place: SwarmPlace, asked: Asked) -> int:
    if not asked.prepare:
        return Renewal(place, asked).all()
    for what in place.prepare("", check=True):
        print(f"would make {what}", flush=True)
    return WELL


def _done(place: SwarmPlace, asked: Asked) -> int:
    if asked.withdraw:
        place.withdraw()
        return WELL
    if asked.prepare:
        for what in place.prepare(asked.image, check=False):
            print(f"made {what}", flush=True)
        return WELL
    status = Renewal(place, asked).all()
    place.prepare("", check=False)  # one that is signed by itself comes to its end, too
    for sentence in (late := place.behind()):
        print(sentence, file=sys.stderr, flush=True)
    return worst([status, GOOD_FOR_NOW if late else WELL])
