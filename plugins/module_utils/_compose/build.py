# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds or pulls the images of the next release, and nothing else: a deploy then finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .begin import begin, files, unpack
from .deploy import carry_out
from .images import build as make_images
from .transaction import Transaction


def build(t: Transaction, release: str, still_ours: Callable[[], Any]) -> dict[str, float]:
    """Make the images under the names that the release will have; return the seconds of each step. The release stays
    open, which a deploy of the same source and settings goes on with."""
    opening = {"begin": lambda t: begin(t, release, "deploy"), "unpack": unpack, "files": files}
    _said, seconds = carry_out(t, release, {**opening, "build": make_images}, still_ours)
    t.forget()
    return seconds
