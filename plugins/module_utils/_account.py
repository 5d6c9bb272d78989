# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account holds, read in one parallel pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from ._client import Client

T = TypeVar("T")
Row = dict[str, Any]
THREADS = 8


def together(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Runs calls side by side; the first error counts, once all have ended."""
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.result() for future in futures]


@dataclass(frozen=True)
class Account:
    vpcs: list[Row]
    tags: list[Row]
    firewalls: list[Row]
    droplets: list[Row]
    keys: dict[str, Row | None]  # by fingerprint, only those asked for


@dataclass(frozen=True)
class Catalogue:
    """What can be bought. Read only when something will be created."""

    regions: list[Row]
    sizes: list[Row]
    images: list[Row]


def read_account(client: Client, fingerprints: list[str]) -> Account:
    vpcs, tags, firewalls, droplets, *keys = together(
        [
            lambda: client.list("/vpcs", "vpcs"),
            lambda: client.list("/tags", "tags"),
            lambda: client.list("/firewalls", "firewalls"),
            lambda: client.list("/droplets", "droplets"),
            # One by one: the list of keys may be asked for only ten times a minute.
            *(lambda f=f: client.find(f"/account/keys/{f}") for f in fingerprints),
        ]
    )
    found = [reply["ssh_key"] if reply else None for reply in keys]
    return Account(vpcs, tags, firewalls, droplets, dict(zip(fingerprints, found, strict=True)))


def read_catalogue(client: Client) -> Catalogue:
    return Catalogue(
        *together(
            [
                lambda: client.list("/regions", "regions"),
                lambda: client.list("/sizes", "sizes"),
                lambda: client.list("/images", "images"),
            ]
        )
    )
