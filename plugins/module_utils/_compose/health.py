# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until containers are healthy, and says which service is to blame when they are not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from .._app.program import CommandError
from .._app.progress import LOGGER
from .._app.release import ReleaseError
from .._app.until import until
from .containers import culprit, ended, trouble, unhealthy, waiting
from .project import Compose

UNHEALTHY_GRACE = 20.0  # Docker may be wrong on a busy host, where each of its checks starts a program


@contextlib.contextmanager
def culprit_named(compose: Compose, wanted: Mapping[str, int]) -> Iterator[None]:
    """Names the service to blame: Compose waits for `depends_on`, and names a container or nothing in the end."""
    try:
        yield
    except CommandError as error:
        if not (found := culprit(compose.containers(), wanted)):
            raise
        service, why = found
        raise ReleaseError(f"{service}: {why}.\n{error}", service) from error


def gate(compose: Compose, wanted: Mapping[str, int], timeout: float, sleep: Callable[[float], None]) -> None:
    """Waits until Docker calls all services healthy; gives up at once when one cannot get so."""
    deadline = time.monotonic() + timeout
    ill_since: dict[str, float] = {}
    while missing := waiting(containers := compose.containers(), wanted):
        LOGGER.info("healthy: %s of %s, waiting for %s", len(wanted) - len(missing), len(wanted), next(iter(missing)))
        for service, why in trouble(c for c in containers if c.service in missing).items():
            raise ReleaseError(f"{service}: {why}.", service)
        now = time.monotonic()
        ill_since = {service: ill_since.get(service, now) for service in unhealthy(containers)}
        for service, since in ill_since.items():
            if now - since > UNHEALTHY_GRACE:
                raise ReleaseError(f"{service}: its health check fails.", service)
        if now > deadline:
            service, why = next(iter(missing.items()))
            raise ReleaseError(f"{service} did not get healthy within {timeout:.0f} s: {why}.", service)
        sleep(0.25)


def require_up(compose: Compose, restarts: Mapping[str, int]) -> None:
    """Raises ReleaseError when one of these containers, with their restarts so far by id, has ended."""
    for service, why in ended(compose.containers(), restarts).items() if restarts else ():
        raise ReleaseError(f"{service}: {why}.", service)


def alive(compose: Compose) -> Callable[[], None]:
    """Return what raises ReleaseError when a container of the project has ended."""

    def look() -> None:
        for service, why in trouble(compose.containers()).items():
            raise ReleaseError(f"{service}: {why}.", service)

    return look


def settled(compose: Compose, wanted: Mapping[str, int], timeout: float, sleep: Callable[[float], None]) -> None:
    """Waits like `gate` for containers that have run before: how often they were restarted then does not count."""
    before = {c.id: c.restarts for c in compose.containers() if c.service in wanted}

    def look() -> dict[str, str]:
        require_up(compose, before)
        return waiting(compose.containers(), wanted)

    for service, why in until(look, timeout=timeout, interval=0.25, clock=time.monotonic, sleep=sleep).items():
        raise ReleaseError(f"{service} did not get healthy within {timeout:.0f} s: {why}.", service)
