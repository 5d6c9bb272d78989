# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import logging

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._notify import deliver


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Failed to send Slack notification: Unknown, error=404.", "does not know the address (404)"),
        ("Failed to send JSON POST notification: error=500.", "answers 500"),
        ("A Connection error occurred sending JSON notification to hooks.example.", "does not answer"),
        ("A Connection error occurred while submitting email to mail.example.", "does not answer"),
        ("Failed to send Slack notification: error=200.", "did not take it"),
        ("It went wrong with TOKEN99", "did not take it"),
        ("", "did not take it"),
    ],
)
def test_why_a_message_was_not_taken_is_told_without_the_address(said, told):
    assert deliver.why([said]) == told


@pytest.mark.parametrize(
    ("url", "said", "taken"),
    [
        ("slack://A/B/C", "Failed to send Slack notification: Unknown, error=200.", True),
        ("slack://A/B/C", "Failed to send Slack notification: Unknown, error=404.", False),
        ("slack://xoxb-1/#general", "Failed to send Slack notification: Unknown, error=200.", False),
        ("json://host/", "Failed to send JSON POST notification: Unknown, error=200.", False),
    ],
)
def test_what_slack_has_taken_is_not_sent_again(url, said, taken):
    assert deliver.is_taken(url, [said]) is taken


def test_what_a_library_logs_is_heard_and_let_out_nowhere(capsys, caplog):
    with deliver.overheard("some.library") as said:
        logging.getLogger("some.library").warning("with %s", "TOKEN99")
    assert said.lines == ["with TOKEN99"]
    assert "TOKEN99" not in caplog.text + "".join(capsys.readouterr())
    assert logging.getLogger("some.library").propagate
