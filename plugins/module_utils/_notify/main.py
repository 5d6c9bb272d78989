# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of the role notify on a host: `send` what waits, `watch` the host, `test` each address."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence

from .._app import events
from .._app.atomic import read_json, write_json
from .._secrets.mask import masker
from . import deliver, readings
from .outbox import Outbox, shown
from .settings import STATE, NotifyError, Settings, hidden, read
from .watch import compare

LOOK = 5.0  # seconds after which a new event is seen, while others wait for an address that is away


def hide(settings: Settings) -> Callable[[str], str]:
    return masker([*hidden(), *settings.urls])


def send(settings: Settings) -> None:
    """Send until nothing waits. systemd starts this when there is something, and not before."""
    outbox = Outbox(
        settings, deliver.send, hide(settings), host=platform.node(), say=lambda text: print(text, flush=True)
    )
    while (pause := outbox.step()) is not None:
        time.sleep(max(1.0, min(pause, LOOK)))


def watch(settings: Settings) -> None:
    """Look at the host, and leave events of what has begun or is over since the last time."""
    path = STATE / "watched.json"
    told, after = compare(read_json(path) or {}, readings.all_of(settings))
    secret = hidden()
    for event in told:
        detail, result = event["detail"], event["result"]
        events.record(event["kind"], "", event["title"], detail=detail, result=result, hidden=secret)
    write_json(path, after)


def test(settings: Settings) -> list[str]:
    """Send a message to each address. Return a sentence for each that did not take it."""
    title, body = f"{settings.place}: a test", f"Messages arrive.\n{platform.node()}"
    answers = [
        (shown(number, url), deliver.send(url, title, body, events.OK)) for number, url in enumerate(settings.urls)
    ]
    return [f"{what} {why}." for what, why in answers if why]


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(prog="izzzi-notify", description="Messages of this host.")
    parser.add_argument("action", choices=("send", "watch", "test"))
    action = parser.parse_args(arguments).action
    try:
        settings = read()
        if action == "test":
            failed = test(settings)
            print(json.dumps({"sent": len(settings.urls) - len(failed), "failed": failed}))
            return 0
        {"send": send, "watch": watch}[action](settings)
    except (NotifyError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
