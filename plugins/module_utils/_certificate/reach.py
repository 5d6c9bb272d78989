# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the names of a site lead to a Swarm: every address is asked as the authority would ask it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping

from .._app.checks import Answer
from .._app.http import Request
from .._app.until import until
from .account import PROBE
from .renewal import addresses_of

TIMEOUT = 4.0
PATIENCE = 15.0  # seconds in which nodes learn what to answer
PATH = f"/.well-known/acme-challenge/{PROBE}"

Found = Mapping[str, Mapping[str, Answer]]  # by name and address


def ask(name: str, address: str) -> Answer:
    """Ask an address for a challenge of a name."""
    return Request(f"http://{name}{PATH}", connect_to=(address, 80)).send(TIMEOUT)


def misled(found: Found, mark: str, known: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Say which names do not lead to this Swarm, and which addresses are silent beside others that answer. Pure.

    `known` are addresses that lead here although nodes themselves may get no answer, such as a load balancer's."""
    wrong, silent = [], []
    for name, answers in found.items():
        mute = [address for address, answer in answers.items() if answer.error and address not in known]
        other = [address for address, answer in answers.items() if not answer.error and not is_ours(answer, mark)]
        if not answers:
            wrong.append(f"{name} has no address record")
        elif other:
            wrong.append(f"{name} points to {', '.join(sorted(other))}, where something else answers")
        elif mute and len(mute) == len(answers):
            said = "; ".join(sorted({answers[address].error for address in mute}))
            wrong.append(f"{name} points to {', '.join(sorted(mute))}, which does not answer ({said})")
        elif mute:
            silent.append(f"{name} points to {', '.join(sorted(mute))}, too, which does not answer")
    return wrong, silent


def is_ours(answer: Answer, mark: str) -> bool:
    return answer.status == 200 and answer.body.strip() == f"{PROBE}.{mark}"


def examined(
    names: Iterable[str],
    mark: str,
    known: Collection[str] = (),
    addresses: Callable[[str], set[str]] = addresses_of,
    send: Callable[[str, str], Answer] = ask,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[str], list[str]]:
    """Ask until all names lead here, or the time is over; return what `misled` says."""
    wanted = list(names)
    last: list[tuple[list[str], list[str]]] = []

    def look() -> list[str]:
        found = {name: {address: send(name, address) for address in sorted(addresses(name))} for name in wanted}
        last[:] = [misled(found, mark, known)]
        return last[0][0]

    until(look, timeout=PATIENCE, interval=1, clock=clock, sleep=sleep)
    return last[0]
