# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: ?page=&per_page=, links.pages and meta.total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request
from starlette.datastructures import URL

T = TypeVar("T")


class Pager:
    def __init__(self, url: URL, page: int, per_page: int) -> None:
        self._url = url
        self._page = page
        self._per_page = per_page

    def reply(self, name: str, rows: Sequence[T], show: Callable[[T], Any]) -> dict[str, Any]:
        """Only the rows of this page are rendered."""
        start = (self._page - 1) * self._per_page
        last = max(1, -(-len(rows) // self._per_page))
        return {
            name: [show(row) for row in rows[start : start + self._per_page]],
            "links": self._links(last),
            "meta": {"total": len(rows)},
        }

    def _links(self, last: int) -> dict[str, Any]:
        pages: dict[str, str] = {}
        if self._page > 1:
            pages |= {"first": self._address(1), "prev": self._address(min(self._page - 1, last))}
        if self._page < last:
            pages |= {"next": self._address(self._page + 1), "last": self._address(last)}
        return {"pages": pages} if pages else {}

    def _address(self, page: int) -> str:
        query = [(key, value) for key, value in parse_qsl(self._url.query, keep_blank_values=True) if key != "page"]
        return str(self._url.replace(query=urlencode([*query, ("page", page)])))


async def _pager(
    request: Request,
    page: Annotated[int, Query(ge=1)] = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Pager:  # async: what is not is called in a thread
    return Pager(request.url, page, per_page)


Paged = Annotated[Pager, Depends(_pager)]
