# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of one task in a run's story. Pure."""

from __future__ import annotations


def change(host: str, task: str, item: str, *, several: bool) -> str:
    """Return the line of one change. Its host is named where a phase may have several."""
    what = f"{task}: {item}" if item else task
    return f"  ~ {what}{f'  [{host}]' if several else ''}"


def away(host: str, task: str, why: str) -> str:
    """Return the line of a host that a task could do without."""
    reason = next((line.strip() for line in reversed(why.splitlines()) if line.strip()), "it cannot be reached")
    return f"  ! {task}: {host} does not answer ({reason})"


def plain(name: str) -> str:
    """Return a task's name without its role and without the file of the role that it stands in."""
    name = name.partition(" : ")[2] or name
    head, separator, rest = name.partition(" | ")
    return rest if separator and " " not in head else name


def text(message) -> str:
    """Return a message as people read it: a list by lines."""
    return "\n".join(map(str, message)) if isinstance(message, list) else str(message)
