# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

from ansible_collections.izzzi.infra.plugins.module_utils._app.background import repeated


def test_it_is_done_again_until_the_block_ends():
    thrice, calls = threading.Event(), []

    def act() -> bool:
        calls.append(1)
        if len(calls) == 3:
            thrice.set()
        return True

    with repeated(act, 0.01):
        assert thrice.wait(10)
    done = len(calls)
    threading.Event().wait(0.05)
    assert len(calls) == done, "nothing is done after the block"


def test_it_ends_by_itself():
    calls = []
    with repeated(lambda: bool(calls.append(1)), 0.01):
        threading.Event().wait(0.2)
    assert calls == [1]


def test_a_call_that_hangs_holds_the_block_up_for_a_while_only():
    began, free = threading.Event(), threading.Event()

    def act() -> bool:
        began.set()
        return free.wait(10)

    with repeated(act, 0.01, patience=0.05):
        assert began.wait(10)
    assert not free.is_set()
    free.set()
