# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import content_name


def test_names_fit_into_swarms_64_characters():
    name = content_name("a" * 40, "b" * 40, b"x")
    assert len(name) <= 64
    assert name != content_name("a" * 40, "b" * 40, b"y")
