# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of a manager's timers: `reboot` the nodes that have to, or `open` those that are back."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence

from ..._app import events
from ..._app.history import SERVER
from ..._app.outcome import Outcome
from ..._app.program import run
from ..engine import Engine, EngineError
from ..moves import NodeError, Nodes
from .member import of_info
from .reboots import SCRIPT, TURN, Busy, Reboots

WAIT = 600.0  # seconds for tasks to move, and for a node's own to start


def say(text: str) -> None:
    print(text, flush=True)


def reboot_host() -> None:
    run(["systemctl", "--no-block", "reboot"])


def balancer(word: str) -> None:
    run([SCRIPT, word])


def outcome(node: str = "") -> Outcome:
    return Outcome({"verb": "reboot", "user": "izzzi-reboots", "host": platform.node()}, SERVER, "node", node)


def note(node: str) -> None:
    outcome(node).ended({"changed": True})


def reboot(reboots: Reboots) -> None:
    with reboots.locked("reboots of nodes", TURN):
        reboots.night()


def open_returned(reboots: Reboots) -> None:
    """Open what is back, and do what another manager has left to this one, unless a night goes on."""
    if not (reboots.returned() or reboots.has_turn()):
        return
    try:
        with reboots.locked("reboots of nodes", 0):
            reboots.open_returned()
            if reboots.has_turn():
                reboots.night()
    except Busy:
        print("A night goes on.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0, or 1 with a message on standard error, of which people are told."""
    parser = argparse.ArgumentParser(prog="izzzi-reboots", description=__doc__)
    parser.add_argument("deed", choices=["reboot", "open"])
    parser.add_argument("--image", required=True, help="what tasks run when there is no edge")
    parser.add_argument("--patience", type=float, default=0, help="seconds that a load balancer needs to notice")
    given = parser.parse_args(arguments)
    engine = Engine()
    try:
        own, owner = of_info(engine.get("/info")).id, f"izzzi-reboots@{platform.node()}"
        doing = (say, note, reboot_host, balancer)
        reboots = Reboots(Nodes(engine, WAIT), own, owner, given.image, *doing, given.patience)
        {"reboot": reboot, "open": open_returned}[given.deed](reboots)
    except (NodeError, EngineError) as error:
        print(error, file=sys.stderr)
        outcome().failed(str(error))
        title = "a reboot that an update needs did not go well"
        events.record("reboot", "", title, detail=str(error), result=events.FAILED)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
