# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a release in their order, as one transaction: all of them are taken, or nothing is left of any."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from .._app.failure import Failure, render
from .._app.lock import LeaseError
from .._app.progress import LOGGER
from .._app.release import ReleaseError
from .begin import begin, files, unpack
from .commit import commit
from .cut_over import prove, start, switch
from .data import data
from .drain import drain_old
from .failure_report import reason_of, witness
from .hand_over import hand_over
from .images import build
from .migrate import backup, migrate, review
from .repair import repair
from .transaction import Transaction
from .undo import undo

# A step returns what is to be told of it; None when there was nothing to do.
Steps = Mapping[str, Callable[[Transaction], "dict[str, Any] | None"]]
CUT_OVER: Steps = {
    "start": start,
    "prove": prove,
    "switch": switch,
    "hand_over": hand_over,
    "drain": drain_old,
    "commit": commit,
}
ROLLBACK: Steps = {"files": files, "data": data, **CUT_OVER}
DEPLOY: Steps = {
    "unpack": unpack,
    "files": files,
    "review": review,
    "build": build,
    "data": data,
    "backup": backup,
    "migrate": migrate,
    **CUT_OVER,
}
KEEP: Steps = {"data": data, "repair": repair}
TITLES = {
    "lock": "Take the lock",
    "plan": "Compare what is declared with the host",
    "begin": "Open the transaction",
    "unpack": "Unpack the source",
    "files": "Write the release's files",
    "review": "Review the new migrations",
    "build": "Build or pull the images",
    "data": "Start the data services and wait until they are healthy",
    "backup": "Back the data up before new migrations",
    "migrate": "Run the release command from the new image",
    "start": "Start the new colour",
    "prove": "Prove it behind the edge, where no visitor sees it",
    "switch": "Switch the edge and prove who answers",
    "hand_over": "Stop the old one of what must not run twice, then start the new one",
    "drain": "Drain and stop the old colour",
    "commit": "Commit",
    "repair": "Mend what differs from the live release",
    "restart": "Restart the containers, one after another",
    "stop": "Close the app and stop it",
    "bring_back": "Start the stopped containers, and prove the release",
    "pause": "Show visitors the page, and stop the app",
    "exchange": "Start the database on its new volume",
    "resume": "Start the app again, and prove it",
}


class Undone(ReleaseError):
    """A release that failed and of which nothing is left. The message tells all that a person must know; `log` is the
    file of a build, `steps` the seconds of the steps that went well."""

    def __init__(self, message: str, service: str, log: str, steps: Mapping[str, float]):
        super().__init__(message, service)
        self.log, self.steps = log, dict(steps)


def titled(step: str) -> str:
    """Name a step for people."""
    return f"{step} | {TITLES[step]}"


def release(t: Transaction, name: str, kind: str, still_ours: Callable[[], Any]) -> dict[str, Any]:
    """Makes what is declared a release, or takes one that the host keeps (`rollback`), and moves the visitors to it."""
    steps = {"begin": lambda t: begin(t, name, kind), **(DEPLOY if kind == "deploy" else ROLLBACK)}
    said, seconds = carry_out(t, name, steps, still_ours)
    live_after, drained = said["switch"]["seconds"], said["drain"]
    told = f"Release {name} was live after {live_after} s. The old one was drained in {drained['seconds']} s;"
    told_of_backup = said.get("backup", {}).get("told", "")
    timed = [f"{taken:.1f} s {titled(step)}" for step, taken in seconds.items()]
    return {
        "changed": True,
        "diff": said["files"]["diff"],
        "reasons": said["data"]["reasons"],
        "output": said.get("migrate", {}).get("output", ""),
        "steps": seconds,
        "events": [*timed, *filter(None, [told_of_backup]), f"{told} {drained['cut']} connections were cut."],
        "seconds": live_after,
        "drained": drained["seconds"],
        "cut": drained["cut"],
    }


def keep(t: Transaction, still_ours: Callable[[], Any]) -> dict[str, Any]:
    """Brings the data services and the live release to what is declared, without a new release."""
    said, steps = carry_out(t, t.live.id, KEEP, still_ours)
    reasons = [reason for one in said.values() for reason in one["reasons"]]
    changed = any(one["changed"] for one in said.values())
    return {"changed": changed, "reasons": reasons, "steps": steps, "events": reasons}


def carry_out(
    t: Transaction, name: str, steps: Steps, still_ours: Callable[[], Any], opening: str = ""
) -> tuple[dict[str, Any], dict[str, float]]:
    """Takes the steps one after another; returns what each had to tell, and its seconds. `still_ours` raises LeaseError
    when somebody else has the lock, who then has undone this run; any other failure is undone here, and raised, with
    `opening` as its first words where it is not about a new release."""
    said: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for step, act in steps.items():
        try:
            still_ours()
            if t.journal:
                t.note(step=step)
            since = time.monotonic()
            LOGGER.info("%s", TITLES[step])
            told = act(t)
        except LeaseError:
            raise
        except Exception as error:
            with suppress(OSError):  # a lock that cannot be renewed on a full disk is still ours
                still_ours()
            raise _undone(t, name, step, error, seconds, opening) from error
        if told is not None:
            said[step], seconds[step] = told, round(time.monotonic() - since, 1)
    return said, seconds


def _undone(
    t: Transaction, name: str, step: str, error: Exception, seconds: Mapping[str, float], opening: str
) -> Undone:
    """Undoes the steps, and says what failed, why, and who serves."""
    service = getattr(error, "service", "")
    seen = witness(t, service, reason_of(error))
    undone = undo(t, seen["reason"])
    if undone["restored"]:
        seen["facts"].append(f"Data services run by their old definition again: {', '.join(undone['restored'])}.")
    who = {"release": name, "step": titled(step), "serving": t.serving, "service": service}
    text = render(Failure(**who, **seen, trouble=undone["trouble"], opening=opening))
    return Undone(text, service, getattr(error, "log", ""), seconds)
