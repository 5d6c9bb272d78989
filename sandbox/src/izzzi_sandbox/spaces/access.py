# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key, or nobody, may do with buckets. Pure functions. What DigitalOcean says of it: docs/sandbox.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

READ = frozenset({"GET", "HEAD"})
CANNED_ACLS = frozenset({"private", "public-read"})
# Parts of S3 that Spaces does not have.
NOT_IMPLEMENTED = frozenset(
    {
        "accelerate",
        "analytics",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "publicAccessBlock",
        "replication",
        "retention",
        "website",
    }
)
_DATA = frozenset(
    {"", "list-type", "prefix", "delimiter", "marker", "max-keys", "encoding-type", "continuation-token", "start-after"}
)
# What a limited key may read of its bucket: its content and unfinished uploads, where it is, and whether it keeps
# versions. ACL, policy, lifecycle and CORS are the account's.
_LIMITED = _DATA | {
    "fetch-owner",
    "key-marker",
    "location",
    "max-uploads",
    "upload-id-marker",
    "uploads",
    "version-id-marker",
    "versioning",
    "versions",
}
LEVELS = ("read", "readwrite", "fullaccess")


@dataclass(frozen=True)
class Operation:
    method: str
    bucket: str  # "" for the list of buckets
    key: str  # "" for the bucket itself
    parameters: frozenset[str]
    source: str = ""  # the bucket that a copy reads from

    @property
    def reads(self) -> bool:
        return self.method in READ


def permitted(operation: Operation, grants: Iterable[Mapping[str, str]]) -> bool:
    """A limited key works in the buckets of its grants only, and on what is in them. Deleting versions of objects is
    work on objects: DigitalOcean's documentation calls the permission Read/Write/Delete and excepts nothing."""
    grants = list(grants)
    if not is_limited(grants):
        return True
    if not operation.bucket or (operation.source and not _level(operation.source, grants)):
        return False
    level = _level(operation.bucket, grants)
    if operation.key:
        return bool(level) if operation.reads else level == "readwrite"
    if operation.reads:
        return bool(level) and operation.parameters <= _LIMITED
    return level == "readwrite" and operation.method == "POST" and "delete" in operation.parameters


def is_limited(grants: Iterable[Mapping[str, str]]) -> bool:
    return not any(grant["permission"] == "fullaccess" for grant in grants)


def _level(bucket: str, grants: Iterable[Mapping[str, str]]) -> str:
    found = [grant["permission"] for grant in grants if grant["bucket"] == bucket]
    return max((level for level in found if level in LEVELS), key=LEVELS.index, default="")


def is_plain_read(operation: Operation) -> bool:
    """The only thing that nobody in particular may do: get an object, or list a bucket, if its ACL allows it."""
    return (
        operation.reads
        and (bool(operation.key) or operation.parameters <= _DATA)
        and "acl" not in (operation.parameters)
    )


def missing_feature(operation: Operation) -> str | None:
    wanted = operation.parameters & NOT_IMPLEMENTED
    if not operation.key and "tagging" in operation.parameters:
        return "tagging"
    return min(wanted, default=None)
