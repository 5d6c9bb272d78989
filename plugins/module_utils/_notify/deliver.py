# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands a message to whoever an address names, by apprise. What it says of a failure may hold the address, which is a
secret: only the kind of failure is told."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from .._app.events import FAILED, WARNING

TYPES = {FAILED: "failure", WARNING: "warning"}
_STATUS = re.compile(r"error=([3-5]\d\d)")
_AWAY = re.compile(r"connection error|occurred sending|timed? ?out|refused|resol", re.IGNORECASE)
REFUSALS = {"401": "refuses the key (401)", "403": "refuses the key (403)", "404": "does not know the address (404)"}


class Said(logging.Handler):
    """Keeps what a library logs, and lets none of it out."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def overheard(name: str = "apprise") -> Iterator[Said]:
    """Hear what a logger says, in place of all others."""
    logger, said = logging.getLogger(name), Said()
    before, logger.propagate = logger.propagate, False
    logger.addHandler(said)
    try:
        yield said
    finally:
        logger.removeHandler(said)
        logger.propagate = before


def is_taken(url: str, lines: list[str]) -> bool:
    """Tell whether Slack's webhook has taken a message that apprise 1.2 of Debian 12 takes for lost: it compares the
    answer's bytes with a text. Slack answers a webhook with 200 when it has the message, and never else. Pure."""
    return url.lower().startswith("slack://") and "xoxb-" not in url and any("error=200" in line for line in lines)


def why(lines: list[str]) -> str:
    """Return in our words why a message was not taken. Pure."""
    text = "\n".join(lines)
    if found := _STATUS.search(text):
        return REFUSALS.get(found[1], f"answers {found[1]}")
    return "does not answer" if _AWAY.search(text) else "did not take it"


def send(url: str, title: str, body: str, result: str) -> str:
    """Send one message. Return why it was not taken, empty when it was."""
    import apprise

    with overheard() as said:
        try:
            target = apprise.Apprise()
            if not target.add(url):
                return "is not an address that apprise knows"
            taken = target.notify(body=body, title=title, notify_type=TYPES.get(result, "info"), body_format="text")
        except Exception as error:  # whatever a plugin raises: its words may hold the address
            return f"cannot be used ({type(error).__name__})"
        return "" if taken or is_taken(url, said.lines) else why(said.lines)
