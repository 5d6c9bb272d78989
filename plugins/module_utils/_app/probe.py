# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a release's services, at their own ports and through the edge, whether they are the release and well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .checks import Answer, Expectation
from .http import Request
from .progress import LOGGER
from .release import ReleaseError
from .until import until

# Who asks for the candidate at the edge, and who has answered: docs/decisions/0003-edge-contract.md.
CANDIDATE_HEADER = "X-Izzzi-Candidate"
SEEN_HEADER = "X-Izzzi-Upstream"
REQUEST_TIMEOUT = 5.0
LOOK_EVERY = 1.0  # seconds: asking Docker costs the containers that start more than asking themselves


@dataclass(frozen=True)
class Probe:
    """One question to one service, and what the answer must be."""

    service: str
    request: Request
    expectation: Expectation
    # At the edge: one of these ports must have answered.
    ports: tuple[int, ...] = ()

    def unmet(self, answer: Answer) -> str:
        if unmet := self.expectation.unmet(answer):
            return f"{unmet}; got {answer.describe()}"
        if self.ports and not any(answer.headers.get(SEEN_HEADER.lower(), "").endswith(f":{p}") for p in self.ports):
            seen = answer.headers.get(SEEN_HEADER.lower()) or "somebody else"
            return f"{seen} answered and not the new release (ports {', '.join(map(str, self.ports))})"
        return ""


@dataclass(frozen=True)
class EdgeAddress:
    """How the host reaches the site as a visitor does."""

    url: str
    host: str = ""
    token: str = ""

    def request(self, path: str) -> Request:
        parts = urlsplit(self.url)
        headers = {CANDIDATE_HEADER: self.token}
        if self.host:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            return Request(
                f"{parts.scheme}://{self.host}{path}",
                headers=headers,
                connect_to=(parts.hostname or "127.0.0.1", port),
                validate_certs=False,  # on the loopback; a first certificate is self-signed
            )
        return Request(self.url.rstrip("/") + path, headers=headers, validate_certs=False)


def expectation(check: Mapping[str, Any], release: str) -> Expectation:
    json = dict(check.get("json") or {})
    if check.get("release"):
        json[check["release"]] = release
    return Expectation(tuple(check.get("status") or [200]), json, check.get("contains") or "")


def own_probes(services: Mapping[str, dict], ports: Mapping[str, Sequence[int]], release: str) -> Iterator[Probe]:
    """Return the probes at the services' own ports, for every replica."""
    for service, mine in ports.items():
        for port in mine:
            for check in services[service].get("checks") or []:
                request = Request(f"http://127.0.0.1:{port}{check['path']}", headers=dict(check.get("headers") or {}))
                yield Probe(service, request, expectation(check, release))


def edge_probes(
    services: Mapping[str, dict], ports: Mapping[str, Sequence[int]], release: str, edge: EdgeAddress
) -> Iterator[Probe]:
    """Through the site, as visitors ask; `edge: false` marks checks that are not public."""
    for service, mine in ports.items():
        for check in services[service].get("checks") or []:
            if check.get("edge", True):
                request = edge.request(check["path"])
                yield Probe(service, request, expectation(check, release), tuple(mine))


@dataclass
class Watch:
    """Repeats probes against an injected clock."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    interval: float = 0.1

    def until_met(self, probes: Sequence[Probe], *, timeout: float, in_a_row: int, alive: Callable[[], None]) -> None:
        """Wait until every probe is met `in_a_row` times. `alive` raises when waiting makes no sense any more."""
        looked = self.clock()

        def problem() -> tuple[Probe, str] | None:
            nonlocal looked
            found = self._first_problem(probes)
            if found and self.clock() - looked >= LOOK_EVERY:
                alive()
                looked = self.clock()
            return found

        clock, sleep = self.clock, self.sleep
        if left := until(problem, timeout=timeout, interval=self.interval, clock=clock, sleep=sleep, in_a_row=in_a_row):
            raise self._failure(*left, f" within {timeout:.0f} s")

    def stays_met(self, probes: Sequence[Probe], *, seconds: float, interval: float, alive: Callable[[], None]) -> None:
        """Watch that every probe stays met for the time. One stumble is forgiven, two in a row are not."""
        deadline = self.clock() + seconds
        stumbled = False
        while (left := deadline - self.clock()) > 0:
            LOGGER.info("watch: %.0f of %.0f s", seconds - left, seconds)
            alive()
            problem = self._first_problem(probes)
            if problem and stumbled:
                raise self._failure(*problem, " any more, after it did at first")
            stumbled = bool(problem)
            self.sleep(interval)

    def _first_problem(self, probes: Sequence[Probe]) -> tuple[Probe, str] | None:
        for probe in probes:
            if unmet := probe.unmet(probe.request.send(REQUEST_TIMEOUT)):
                return probe, unmet
        return None

    def _failure(self, probe: Probe, unmet: str, when: str) -> ReleaseError:
        return ReleaseError(
            f"{probe.service}: {probe.request.url} does not answer as asked{when}: {unmet}", probe.service
        )
