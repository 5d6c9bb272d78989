# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests that make droplets, and what a plan shows of them. Pure, but for the time."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from ...account import Row
from ...door import open_tags
from ...names import Names
from .. import ssh_key
from .declared import Wanted

MOST_AT_ONCE = 10  # names in one POST
FIELDS = ("size", "image", "tags", "monitoring", "backups", "ipv6")


def open_doors(tags: list[Row], names: Names) -> list[str]:
    """Return the tags of doors for SSH that are open now."""
    return open_tags(tags, names, time.time())


def batches(new: list[Wanted]) -> list[list[Wanted]]:
    """Split droplets into those that one request can make: of one group, and not more than the API takes."""
    found: dict[tuple[str, int], list[Wanted]] = {}
    for index, droplet in enumerate(new):
        same = sum(1 for other in new[:index] if other.group == droplet.group)
        found.setdefault((droplet.group, same // MOST_AT_ONCE), []).append(droplet)
    return list(found.values())


def shown(droplet: Wanted, declared: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a plan shows. User data may hold secrets, so that only a digest is shown."""
    digest = hashlib.sha256(declared["user_data"].encode()).hexdigest()
    return {
        "region": declared["region"],
        **{field: getattr(droplet, field) for field in FIELDS},
        "tags": list(droplet.tags),
        "user_data": f"sha256:{digest[:16]}" if declared["user_data"] else "",
    }


def body(batch: list[Wanted], declared: dict[str, Any], vpc_id: str, doors: list[str]) -> dict[str, Any]:
    """Return the request that makes a batch. An image is a slug or an id. `doors` are tags of open ones, so that the
    run that makes a droplet through a door reaches it."""
    first = batch[0]
    return {
        "region": declared["region"],
        "ssh_keys": ssh_key.fingerprints(declared),
        "user_data": declared["user_data"],
        "names": [droplet.name for droplet in batch],
        **{field: getattr(first, field) for field in FIELDS},
        "image": int(first.image) if first.image.isdigit() else first.image,
        "tags": [*first.tags, *doors],
        "vpc_uuid": vpc_id,
    }
