# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker says of containers that it has just listed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .program import CommandError, run

_GONE = re.compile(r"No such container: (\w+)")


def inspected(ids: Iterable[str]) -> str:
    """Return the JSON of `docker container inspect`. On a busy host one that is being removed is listed for seconds
    when it can be inspected no more: it is left out."""
    left = list(ids)
    while left:
        try:
            return run(["docker", "container", "inspect", *left])
        except CommandError as error:
            gone = set(_GONE.findall(str(error))) & set(left)
            if not gone:
                raise
            left = [id for id in left if id not in gone]
    return "[]"
