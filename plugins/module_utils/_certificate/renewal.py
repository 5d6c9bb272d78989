# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renews what is due, wherever the certificates are: on one host, or in a Swarm."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from .authority import LIMITED
from .certificate import Certificate, check_pair, serves, why
from .settings import ACME, Failure, Settings, Site

WELL, BAD, GOOD_FOR_NOW = 0, 1, 75  # exit statuses
RATE_LIMIT_PAUSE = 3600.0


class Place(Protocol):
    """Where certificates are, and who may ask for them."""

    settings: Settings

    def current(self, name: str) -> Certificate | None:
        """Return what is served for a site."""

    def held_until(self, name: str) -> float:
        """Return until when the authority is not to be asked about a site, in seconds since 1970."""

    def hold(self, name: str, until: float) -> None: ...

    def check_names(self, site: Site) -> None:
        """Raise Failure when the authority would not get an answer: that is cheaper to find before it is asked."""

    def obtain(self, site: Site) -> str:
        """Ask the authority; return key and chain. Raise Failure when it gives none."""

    def install(self, name: str, pem: str) -> None: ...


@dataclass(frozen=True)
class Asked:
    """What the program is asked: only to look; to ask although the authority has said to wait; for new ones although
    the present ones are good. In a Swarm: to make what nginx starts with, with this image; to take all away."""

    check: bool = False
    force: bool = False
    renew: bool = False
    prepare: bool = False
    image: str = ""
    withdraw: bool = False


@dataclass
class Renewal:
    place: Place
    asked: Asked
    clock: Callable[[], float] = time.time
    say: Callable[[str], None] = lambda text: print(text, flush=True)
    complain: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)

    def all(self) -> int:
        """Look after every site; return the exit status."""
        sites = self.place.settings.sites
        return worst([self.one(name, site) for name, site in sites.items() if site.source == ACME])

    def one(self, name: str, site: Site) -> int:
        settings, certificate = self.place.settings, self.place.current(name)
        reason = why(certificate, site.names, self.clock()) or ("it was asked for" if self.asked.renew else "")
        if not reason:
            return WELL
        if self.asked.check:
            self.say(f"would ask {settings.directory} for a certificate of {name}: {reason}")
            return WELL
        try:
            self._renew(name, site)
        except Failure as failure:
            is_good = serves(certificate, site.names, self.clock())
            state = (
                "The present certificate goes on." if is_good else "nginx serves a certificate that browsers refuse."
            )
            self.complain(f"{name}: no new certificate ({reason}). {failure} {state}")
            return GOOD_FOR_NOW if is_good else BAD
        self.say(f"issued {name}: {reason}")
        return WELL

    def _renew(self, name: str, site: Site) -> None:
        place, directory = self.place, self.place.settings.directory
        pause = place.held_until(name) - self.clock()
        if pause > 0 and not self.asked.force:
            raise Failure(
                f"{directory} has limited the rate; it is not asked again for {pause / 60:.0f} minutes. "
                "To ask now: izzzi-certificate --force"
            )
        place.check_names(site)
        try:
            pem = place.obtain(site)
        except Failure as failure:
            if LIMITED in str(failure):
                place.hold(name, self.clock() + RATE_LIMIT_PAUSE)
            raise
        check_pair(pem, site.names)
        place.install(name, pem)


def worst(results: Iterable[int]) -> int:
    """Return the exit status of the whole program. Pure."""
    found = set(results)
    return BAD if BAD in found else max(found, default=WELL)


def addresses_of(name: str) -> set[str]:
    """Return the addresses of a name, empty where it has none."""
    try:
        return {str(answer[4][0]) for answer in socket.getaddrinfo(name, 80, proto=socket.IPPROTO_TCP)}
    except OSError:
        return set()
