# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says which secrets cannot get a new value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def rotation_problem(chosen: Mapping[str, str], fixed: Iterable[str], declared: Iterable[str]) -> str:
    """Say why the secrets that are `chosen`, values by name, cannot all be rotated; empty when they can.

    `fixed` are values that data services keep from their first start, `declared` the names of all secrets. The sentence
    has names only."""
    kept = [name for name, value in chosen.items() if value and value in set(fixed)]
    if not kept:
        return ""
    others = [name for name in declared if name not in kept]
    return (
        f"In a Swarm {', '.join(kept)} cannot be rotated: PostgreSQL and Redis keep the password of their first start, "
        f"and the app would be locked out. Nothing was changed. Name the others: -e secrets=... (of "
        f"{', '.join(others) or 'none here'})."
    )
