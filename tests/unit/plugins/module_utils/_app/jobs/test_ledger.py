# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import (
    HAND,
    TIMER,
    Run,
    dump,
    id_of,
    last_lines,
    load,
    variables,
)

RUN = Run("digest", "20261127t060000z", 1795759200.0, "api", ("node", "x"), 60.0, version=7)


def test_an_entry_comes_back_as_it_was_but_for_its_version():
    assert load(dump(RUN), 8) == Run(**{**RUN.__dict__, "version": 8})


def test_an_entry_of_a_later_version_of_this_code_is_read():
    assert load(dump(RUN).replace("{", '{"colour": "red", ', 1), 7) == RUN


@pytest.mark.parametrize("text", ["", "{}", '{"job": 1}', "[]"])
def test_a_damaged_entry_is_told(text):
    with pytest.raises(ValueError, match=r"not an entry|Expecting value"):
        load(text)


def test_a_timers_run_is_called_after_its_moment_and_no_other_run_is():
    assert id_of(RUN.due, TIMER) == RUN.id
    by_hand = {id_of(RUN.due, HAND) for _ in range(20)}
    assert len(by_hand) > 15
    assert all(name.startswith(RUN.id + "-") for name in by_hand)


def test_a_run_knows_which_it_is():
    assert variables(RUN)["IZZZI_JOB_DUE"] == "2026-11-27T06:00:00Z"


def test_of_a_long_output_the_end_is_kept_in_whole_lines():
    text = "".join(f"line {number}\n" for number in range(100))
    kept = last_lines(text, 50)
    assert kept.startswith("[...]\nline ")
    assert kept.endswith("line 99\n")
    assert last_lines("short") == "short"
