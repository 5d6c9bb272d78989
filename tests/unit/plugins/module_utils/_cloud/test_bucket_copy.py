# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.bucket_copy import Object, compare, listing

PAGE = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{items}{token}</ListBucketResult>"""
ITEM = "<Contents><Key>{0}</Key><LastModified>2026-11-28T10:00:00Z</LastModified>"
ITEM += "<ETag>&quot;e&quot;</ETag><Size>5</Size></Contents>"


def item(key: str, size: int = 5, etag: str = "e") -> Object:
    return Object(key, size, etag)


def by_key(*items: Object) -> dict[str, Object]:
    return {one.key: one for one in items}


def test_a_listing_is_read_to_its_last_page():
    asked = []

    def request(method, path, query, headers):
        asked.append(dict(query))
        first = "continuation-token" not in query
        token = "<NextContinuationToken>next</NextContinuationToken>" if first else ""
        return PAGE.format(items=ITEM.format("a" if first else "b"), token=token).encode()

    assert listing(request, "shop-backups", "shop/") == by_key(item("a"), item("b"))
    assert [query.get("continuation-token") for query in asked] == [None, "next"]
    assert all(query["prefix"] == "shop/" for query in asked)


@pytest.mark.parametrize(
    ("now", "then", "new", "different"),
    [
        ([item("a"), item("b")], [item("a")], ["b"], []),
        ([item("a")], [item("a"), item("gone")], [], []),
        ([item("a", size=6)], [item("a")], [], ["a"]),
        ([item("a", etag="f")], [item("a")], [], ["a"]),
        ([item("a", etag="f-2")], [item("a")], [], []),  # uploaded in parts: another way to count, the same content
        ([item("shop/restic/locks/a")], [], [], []),
    ],
)
def test_what_is_new_and_what_was_overwritten(now, then, new, different):
    found, changed = compare(by_key(*now), by_key(*then), ["/locks/"])
    assert ([one.key for one in found], changed) == (new, different)
