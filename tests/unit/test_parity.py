# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/parity.md says what each runner has, and why it lacks the rest."""

from __future__ import annotations

from tests import parity


def test_whatever_a_runner_lacks_has_a_reason_and_nothing_else_has():
    assert parity.problems() == []


def test_the_document_is_what_the_code_has():
    assert parity.DOCUMENT.read_text(encoding="utf-8") == parity.document(), "run: make parity"


def test_it_sees_what_there_is():
    verbs, inputs = parity.verbs(), parity.inputs()
    assert verbs["deploy"] == verbs["site"] == verbs["run"] == {"compose": True, "swarm": True}
    assert verbs["drain"] == {"compose": False, "swarm": True}
    assert inputs["app_services"] == inputs["app_site"] == inputs["app_database"] == {"compose": True, "swarm": True}
    assert inputs["app_soak"] == {"compose": True, "swarm": False}
