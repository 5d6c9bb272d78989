# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does once, before Ansible forks, what each process that it forks for a task and host would do anew. What each part
saves is in docs/decisions/0035-speed-of-runs.md."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from ansible.plugins.loader import filter_loader

from .compiled import Codes, keep_code


def preload() -> None:
    """Load all filters of the collection, and let processes share what they compile."""
    filter_loader.get("izzzi.infra.to_argv")  # asking for one is enough: Ansible reads the whole folder
    _share()


@cache
def _share() -> None:
    """Prepare each fork of this process. An inventory is read anew within a run; once is enough for this."""
    _before_each_fork(_find_collections)
    with suppress(OSError):  # no room for a temporary file: each process compiles for itself
        codes = Codes()
        keep_code(codes)
        _before_each_fork(codes.learn)


def _before_each_fork(prepare: Callable[[], None]) -> None:
    """Register what is to be done before each fork. Python drops what is raised there, and with it a Ctrl-C: that one
    comes once more, a moment after the fork."""
    cut_off: list[KeyboardInterrupt] = []

    def guarded() -> None:
        try:
            prepare()
        except KeyboardInterrupt as error:
            cut_off.append(error)

    def again() -> None:
        if cut_off:
            cut_off.clear()
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    os.register_at_fork(before=guarded, after_in_parent=again, after_in_child=cut_off.clear)


def _find_collections() -> None:
    """Let Ansible find its collections, where mitogen is at work: it asks for them in each task that has a module of a
    collection."""
    if "ansible_mitogen.planner" in sys.modules:
        _list_collections()


@cache
def _list_collections() -> None:
    from ansible.collections.list import list_collection_dirs

    list(list_collection_dirs())
