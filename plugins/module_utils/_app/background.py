# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does something again and again beside the work of a block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(act: Callable[[], bool], every: float, patience: float | None = None) -> Iterator[None]:
    """Call `act` every so many seconds in a thread while the block runs, until it returns False. The end of the block
    waits for a call that goes on, for `patience` seconds or as long as it takes."""
    ended = threading.Event()

    def again() -> None:
        while not ended.wait(every) and act():
            pass

    thread = threading.Thread(target=again, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(patience)
