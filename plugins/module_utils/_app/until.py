# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until all is well. Pure: clock and sleep are injected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(
    look: Callable[[], Found],
    *,
    timeout: float,
    interval: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    in_a_row: int = 1,
    rest: float = 0,
) -> Found:
    """Look until nothing is wrong `in_a_row` times; return what is still wrong when the time is over.

    `look` returns what is wrong, such as a message; what is empty is well. It is called once at least. All times are in
    seconds: `interval` between a look that found something and the next, `rest` after one that did not.
    """
    deadline, well = clock() + timeout, 0
    while True:
        found = look()
        well = 0 if found else well + 1
        if well >= in_a_row:
            return found
        pause = interval if found else rest
        if clock() + pause >= deadline and (found or rest):
            return found
        if pause:
            sleep(pause)
