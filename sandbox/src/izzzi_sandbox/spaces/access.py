"""What a key, or nobody, may do with buckets. Pure functions."""

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
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "publicAccessBlock",
        "replication",
        "website",
    }
)
_DATA = frozenset(
    {"", "list-type", "prefix", "delimiter", "marker", "max-keys", "encoding-type", "continuation-token", "start-after"}
)


@dataclass(frozen=True)
class Operation:
    method: str
    bucket: str  # "" for the list of buckets
    key: str  # "" for the bucket itself
    parameters: frozenset[str]

    @property
    def reads(self) -> bool:
        return self.method in READ

    @property
    def changes_settings(self) -> bool:
        """Makes, removes or configures a bucket."""
        return not self.key and not self.reads and not (self.method == "POST" and "delete" in self.parameters)


def permitted(operation: Operation, grants: Iterable[Mapping[str, str]]) -> bool:
    for grant in grants:
        if grant["permission"] == "fullaccess":
            return True
        if grant["bucket"] != operation.bucket or not operation.bucket:
            continue
        if operation.reads or (grant["permission"] == "readwrite" and not operation.changes_settings):
            return True
    return False


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
