# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account holds: listings by name, read side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .client import ApiError, Client

T = TypeVar("T")
Row = dict[str, Any]
Account = dict[str, Any]  # by listing: rows, or what else its call gave
Reads = dict[str, Callable[[], Any]]
THREADS = 8


def together(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Run calls side by side. Raise the first error, once all have ended."""
    calls = list(calls)
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.result() for future in futures]


def listed(client: Client, path: str, key: str, *, needed: bool, **query: Any) -> list[Row]:
    """List all rows; return none if the listing is not `needed` and the token may not read it (403) or it is missing
    (404): then this token made nothing of it."""
    try:
        return client.list(path, key, **query)
    except ApiError as error:
        if needed or error.status not in (403, 404):
            raise
        return []


def read(reads: Reads) -> Account:
    return dict(zip(reads, together(reads.values()), strict=True))
