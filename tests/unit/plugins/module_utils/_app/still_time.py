# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that stands still until somebody sleeps."""

from __future__ import annotations


class Time:
    """A clock that moves only when somebody sleeps or a probe takes its time."""

    def __init__(self):
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
