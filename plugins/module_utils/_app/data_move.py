# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names the road for data that a deploy must not move by itself, and reads versions from images' names. Pure."""

from __future__ import annotations

import re


def upgrade_hint(old: str, new: str) -> str:
    """Return what brings PostgreSQL from one image to a newer one, empty for anything else."""
    (before, was), (name, wanted) = (repository(old), major(old)), (repository(new), major(new))
    if before != name or name.rpartition("/")[2] != "postgres" or not 0 < was < wanted:
        return ""
    return f" What takes PostgreSQL from {was} to {wanted}: playbooks/upgrade_database.yml, with --check first."


def volume_hint(held: str, declared: str, key: str) -> str:
    """Return what lets a declaration name the volume to which an upgrade has moved the data, empty for others."""
    stem = re.sub(r"_\d+$", "", declared)
    if not re.fullmatch(rf"{re.escape(stem)}_\d+", held):
        return ""
    return (
        f" An upgrade has moved it there: give the inventory app_data_volumes: {{{key}: {held}}}, which "
        "playbooks/upgrade_database.yml writes into its data_volumes.yml."
    )


def major(image: str) -> int:
    """Return the major version that an image's tag begins with, 0 for another tag."""
    tag = _last(image).partition(":")[2]
    found = re.match(r"v?(\d+)", tag)
    return int(found[1]) if found else 0


def repository(image: str) -> str:
    """Return an image's name with its registry, without tag and digest."""
    path, slash, _name = image.partition("@")[0].rpartition("/")
    return path + slash + program(image)


def program(image: str) -> str:
    """Return an image's name without its registry, tag and digest."""
    return _last(image).partition(":")[0]


def _last(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2]
