from __future__ import annotations

import sys
import time

from ansible_collections.izzzi.infra.plugins.action.stream import stream


def test_lines_are_shown_while_the_program_runs():
    shown: list[tuple[str, float]] = []
    program = "import time; print('one', flush=True); time.sleep(0.5); print('two')"
    status, last = stream([sys.executable, "-c", program], lambda text: shown.append((text, time.monotonic())))
    (first, early), (second, late) = shown
    assert (status, first, second, last) == (0, "one", "two", "one\ntwo")
    assert late - early > 0.3


def test_a_program_that_fails_leaves_its_last_words():
    program = "import sys; [print(n, file=sys.stderr) for n in range(9)]; sys.exit(3)"
    status, last = stream([sys.executable, "-c", program], lambda text: None)
    assert (status, last.split()) == (3, ["4", "5", "6", "7", "8"])
