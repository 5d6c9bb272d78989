# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one message of the events that wait. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._app.events import FAILED, OK, WARNING, shortened

LENGTH = 1800  # characters: Discord takes 2000
SHOWN = 15  # of a burst
WORST = (FAILED, WARNING, OK)

Event = Mapping[str, Any]


def compose(events: Sequence[Event], place: str, host: str, hide: Callable[[str], str]) -> tuple[str, str, str]:
    """Return title, body and result, of one event or of a burst. `hide` takes secrets out."""
    result = min((event.get("result", OK) for event in events), key=lambda one: WORST.index(one) if one in WORST else 2)
    if len(events) == 1:
        title, body = events[0]["title"], events[0].get("detail", "")
    else:
        title = f"{len(events)} messages"
        rows = [f"- {event['title']}" for event in events[:SHOWN]]
        more = len(events) - len(rows)
        body = "\n".join([*rows, *([f"- and {more} more"] if more else [])])
    text = hide(f"{body}\n{host}".strip())
    return hide(f"{place}: {title}"), shortened(text, LENGTH), result
