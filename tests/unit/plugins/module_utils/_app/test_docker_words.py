# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.docker_words import COMPOSE_ONE_OFF, is_one_off

LIBRARY = Path(__file__).resolve().parents[5] / "plugins/module_utils"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(None, False), ({}, False), ({COMPOSE_ONE_OFF: "False"}, False), ({COMPOSE_ONE_OFF: "True"}, True)],
)
def test_what_compose_run_has_made(labels, expected):
    assert is_one_off({"Config": {"Labels": labels}}) is expected


def test_dockers_labels_are_named_in_one_file():
    named = {path.name for path in LIBRARY.rglob("*.py") if "com.docker." in path.read_text()}
    assert named == {"docker_words.py"}
