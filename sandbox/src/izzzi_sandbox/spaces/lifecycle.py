# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bucket's lifecycle rules do as time passes. Pure, but for `carry_out`, which changes moto's bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Rule:
    prefix: str
    expire_days: int | None = None  # newest versions
    noncurrent_days: int | None = None  # others, counted from the day on which a newer one came
    abort_days: int | None = None  # unfinished uploads
    expired_marker: bool = False  # a delete marker that hides nothing any more


@dataclass(frozen=True)
class Version:
    """One version of an object, or a delete marker."""

    id: str
    modified: datetime
    is_marker: bool = False


@dataclass(frozen=True)
class Verdict:
    gone: frozenset[str] = frozenset()  # versions
    hidden: bool = False  # by a new delete marker


def rules_of(bucket: Any) -> list[Rule]:
    """Return the enabled rules. Those by tag are left out: Spaces has none."""
    return [_rule(row) for row in bucket.rules if row.status == "Enabled" and not _by_tag(row)]


def _by_tag(row: Any) -> bool:
    return bool(row.filter and (row.filter.tag_key or row.filter.and_filter))


def _rule(row: Any) -> Rule:
    return Rule(
        prefix=row.prefix or (row.filter and row.filter.prefix) or "",
        expire_days=_days(row.expiration_days),
        noncurrent_days=_days(row.nve_noncurrent_days),
        abort_days=_days(row.aimu_days),
        expired_marker=row.expired_object_delete_marker == "true",
    )


def _days(text: str | None) -> int | None:
    return int(text) if text else None


def verdict(versions: Sequence[Version], rules: Iterable[Rule], now: datetime, *, versioned: bool) -> Verdict:
    """Decide about one object's versions, the oldest first. S3 waits for the next midnight (UTC) as well; this does
    not."""
    gone: set[str] = set()
    hidden = False
    newest = versions[-1]
    for rule in rules:
        for version, successor in pairwise(versions):
            if _is_over(successor.modified, rule.noncurrent_days, now):
                gone.add(version.id)
        if newest.is_marker:
            lonely = len(versions) == 1
            if lonely and (rule.expired_marker or _is_over(newest.modified, rule.expire_days, now)):
                gone.add(newest.id)
        elif _is_over(newest.modified, rule.expire_days, now):
            hidden = hidden or versioned
            gone |= set() if versioned else {newest.id}
    return Verdict(frozenset(gone), hidden)


def _is_over(since: datetime, days: int | None, now: datetime) -> bool:
    return days is not None and now - since >= timedelta(days=days)


def carry_out(bucket: Any, now: datetime) -> list[str]:
    """Return the keys of the objects that changed."""
    rules = rules_of(bucket)
    _abort_uploads(bucket, rules, now)
    changed = []
    for key in [key for key in list(bucket.keys) if bucket.keys.getlist(key)]:
        rows = bucket.keys.getlist(key)
        versions = [Version(str(row.version_id), row.last_modified, not hasattr(row, "contentsize")) for row in rows]
        fitting = [rule for rule in rules if key.startswith(rule.prefix)]
        found = verdict(versions, fitting, now, versioned=bool(bucket.versioning_status))
        if found.hidden:
            from moto.s3.models import FakeDeleteMarker

            bucket.keys[key] = FakeDeleteMarker(rows[-1])
            rows = bucket.keys.getlist(key)
        if found.gone:
            bucket.keys.setlist(key, [row for row in rows if str(row.version_id) not in found.gone])
            if not bucket.keys.getlist(key):
                dict.pop(bucket.keys, key)
        if found.gone or found.hidden:
            changed.append(key)
    return changed


def _abort_uploads(bucket: Any, rules: Iterable[Rule], now: datetime) -> None:
    for id, upload in list(bucket.multiparts.items()):
        since = getattr(upload, "initiated", now)
        if any(upload.key_name.startswith(rule.prefix) and _is_over(since, rule.abort_days, now) for rule in rules):
            del bucket.multiparts[id]


def date_uploads(bucket: Any, now: datetime) -> None:
    """Note when uploads began, which moto does not."""
    for upload in bucket.multiparts.values():
        upload.initiated = getattr(upload, "initiated", now)


def make_older(bucket: Any, days: float) -> None:
    """Let all that is in a bucket be older, as if these days had passed."""
    for key in list(bucket.keys):
        for version in bucket.keys.getlist(key, []):
            version.last_modified -= timedelta(days=days)
    for upload in bucket.multiparts.values():
        upload.initiated -= timedelta(days=days)
