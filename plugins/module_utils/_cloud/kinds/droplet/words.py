# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says about changes that hurt. Pure."""

from __future__ import annotations

from ...account import Row
from .compare import address_v6, addresses

RESIZE = (
    "powers off: it is shut down (60 s at most), resized and powered on, which takes some minutes, one droplet after "
    "the other. Its disk and its addresses stay."
)


def lost(row: Row) -> tuple[str, ...]:
    """Return what goes with a droplet that is replaced, and what is to be done then."""
    there = ", ".join(filter(None, [*addresses(row).values(), address_v6(row)]))
    return (
        f"lost: its disk with all data on it{f', and its addresses {there}' if there else ''}. Block volumes stay.",
        "then: it is an empty host until site.yml has set it up; -e restore=latest brings back the last backup.",
    )
