# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies what is new in a bucket to another one, inside the storage. It never overwrites and never deletes, so that
whoever destroys the first bucket does not reach the second: docs/decisions/0020."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree

Request = Callable[[str, str, Mapping[str, str], Mapping[str, str]], bytes]  # method, path, query, headers
THREADS = 8


@dataclass(frozen=True)
class Object:
    """An object as a listing shows it. `size` is in bytes, `etag` of its content."""

    key: str
    size: int
    etag: str


def parse(body: bytes) -> tuple[list[Object], str]:
    """Return the objects of one page of a listing, and what asks for the next page, empty on the last."""
    root = ElementTree.fromstring(body)
    found = []
    for node in root.iter():
        if node.tag.rpartition("}")[2] == "Contents":
            text = {child.tag.rpartition("}")[2]: child.text or "" for child in node}
            found.append(Object(text["Key"], int(text["Size"]), text["ETag"].strip('"')))
    following = [node.text or "" for node in root.iter() if node.tag.rpartition("}")[2] == "NextContinuationToken"]
    return found, next(iter(following), "")


def listing(request: Request, bucket: str, prefix: str) -> dict[str, Object]:
    """Return all objects of a bucket below a prefix, by key."""
    found: dict[str, Object] = {}
    token = ""
    while True:
        more = {"continuation-token": token} if token else {}
        page, token = parse(request("GET", bucket, {"list-type": "2", "prefix": prefix, **more}, {}))
        found |= {item.key: item for item in page}
        if not token:
            return found


def compare(
    source: Mapping[str, Object], target: Mapping[str, Object], exclude: Iterable[str]
) -> tuple[list[Object], list[str]]:
    """Return the objects to copy, and the keys of those that have another content now than when they were copied. Keys
    with a text of `exclude` in them do not count."""
    left_out = tuple(exclude)
    wanted = {key: item for key, item in source.items() if not any(text in key for text in left_out)}
    new = [item for key, item in sorted(wanted.items()) if key not in target]
    return new, sorted(key for key, item in wanted.items() if key in target and is_other(item, target[key]))


def is_other(source: Object, target: Object) -> bool:
    """Tell whether the content differs. An ETag with a dash is of an upload in parts, and says nothing then."""
    is_comparable = "-" not in source.etag + target.etag
    return source.size != target.size or (is_comparable and source.etag != target.etag)


def copy(request: Request, source: str, target: str, new: Iterable[Object]) -> int:
    """Copy objects, several at once. Return how many."""

    def one(item: Object) -> None:
        request("PUT", f"{target}/{item.key}", {}, {"x-amz-copy-source": quote(f"/{source}/{item.key}")})

    with ThreadPoolExecutor(THREADS) as pool:
        return len(list(pool.map(one, new)))
