# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose.failure_report import reason_of, witness

from .engine import new

DATA = {"db": {"image": "postgres:17"}}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "/opt/x"), "/opt/x: No space left on device"),
        (LeaseError("lost"), "lost"),
        (ValueError("no ports"), "no ports"),
        (TypeError("odd"), "TypeError: odd"),
    ],
)
def test_a_reason_is_what_the_error_says_and_a_fault_of_ours_has_its_kind(error, words):
    assert reason_of(error) == words


def test_a_data_service_that_runs_again_is_told_with_the_code_that_it_has_forgotten(transaction, engine):
    engine.has({**new("shop", "db", "postgres:17"), "RestartCount": 4, "Ended": 1})
    t = transaction(app={"data_services": DATA})
    seen = witness(t, "db", "db: its container ended and was restarted 4 times.")
    assert seen["reason"] == "db: its container exited with 1 and was restarted 4 times."
