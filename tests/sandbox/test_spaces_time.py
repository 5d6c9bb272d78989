# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions and lifecycle rules in Spaces: what a thief with a server's key can destroy, and what time takes away."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from izzzi_sandbox.spaces.lifecycle import Rule, Verdict, Version, verdict

from .daemon import Daemon
from .s3 import connect, limited, make, refused

NOW = datetime(2026, 1, 31)


def at(id: str, days_ago: float, marker: bool = False) -> Version:
    return Version(id, NOW - timedelta(days=days_ago), marker)


@pytest.mark.parametrize(
    ("versions", "rule", "versioned", "expected"),
    [
        ([at("a", 90)], Rule("", noncurrent_days=30), True, Verdict()),
        ([at("a", 90), at("b", 30)], Rule("", noncurrent_days=30), True, Verdict(frozenset("a"))),
        ([at("a", 90), at("b", 29)], Rule("", noncurrent_days=30), True, Verdict()),
        ([at("a", 90), at("b", 60), at("c", 1)], Rule("", noncurrent_days=30), True, Verdict(frozenset("a"))),
        ([at("a", 90), at("d", 31, True)], Rule("", noncurrent_days=30), True, Verdict(frozenset("a"))),
        ([at("a", 31)], Rule("", expire_days=30), True, Verdict(hidden=True)),
        ([at("null", 31)], Rule("", expire_days=30), False, Verdict(frozenset({"null"}))),
        ([at("a", 29)], Rule("", expire_days=30), True, Verdict()),
        ([at("d", 31, True)], Rule("", expire_days=30), True, Verdict(frozenset("d"))),
        ([at("d", 1, True)], Rule("", expired_marker=True), True, Verdict(frozenset("d"))),
        ([at("a", 2), at("d", 1, True)], Rule("", expired_marker=True), True, Verdict()),
    ],
)
def test_what_a_rule_takes_away(versions, rule, versioned, expected):
    assert verdict(versions, [rule], NOW, versioned=versioned) == expected


@pytest.fixture
def spaces(daemon):
    client = connect(daemon)
    make(client, "backups")
    client.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    return client


def configure(spaces, *rules: dict) -> None:
    full = [{"ID": str(n), "Filter": {"Prefix": ""}, "Status": "Enabled", **rule} for n, rule in enumerate(rules)]
    spaces.put_bucket_lifecycle_configuration(Bucket="backups", LifecycleConfiguration={"Rules": full})


def pass_time(daemon: Daemon, days: float) -> dict[str, list[str]]:
    return daemon.call("POST", "/_sandbox/spaces/time", {"days": days}).body["changed"]


def listed(spaces) -> tuple[list[str], list[str]]:
    found = spaces.list_object_versions(Bucket="backups")
    return tuple([row["Key"] for row in found.get(name, [])] for name in ("Versions", "DeleteMarkers"))


def test_noncurrent_versions_go_when_their_time_is_over(daemon, spaces):
    configure(spaces, {"NoncurrentVersionExpiration": {"NoncurrentDays": 30}})
    for body in (b"1", b"2"):
        spaces.put_object(Bucket="backups", Key="overwritten", Body=body)
    spaces.put_object(Bucket="backups", Key="deleted", Body=b"1")
    spaces.put_object(Bucket="backups", Key="kept", Body=b"1")
    assert pass_time(daemon, 20) == {}
    spaces.delete_object(Bucket="backups", Key="deleted")
    assert pass_time(daemon, 29) == {"backups": ["overwritten"]}
    assert listed(spaces) == (["deleted", "kept", "overwritten"], ["deleted"])
    assert pass_time(daemon, 1.1) == {"backups": ["deleted"]}
    assert listed(spaces) == (["kept", "overwritten"], ["deleted"])
    assert spaces.get_object(Bucket="backups", Key="overwritten")["Body"].read() == b"2"


def test_expiry_hides_in_a_bucket_with_versions(daemon, spaces):
    configure(spaces, {"Filter": {"Prefix": "old/"}, "Expiration": {"Days": 7}})
    for key in ("old/a", "b"):
        spaces.put_object(Bucket="backups", Key=key, Body=b"1")
    assert pass_time(daemon, 8) == {"backups": ["old/a"]}
    assert listed(spaces) == (["b", "old/a"], ["old/a"])


def test_unfinished_uploads_are_aborted(daemon, spaces):
    configure(spaces, {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}})
    spaces.create_multipart_upload(Bucket="backups", Key="a")
    pass_time(daemon, 1)
    assert len(spaces.list_multipart_uploads(Bucket="backups")["Uploads"]) == 1
    pass_time(daemon, 1.1)
    assert "Uploads" not in spaces.list_multipart_uploads(Bucket="backups")


def test_a_disabled_rule_does_nothing(daemon, spaces):
    configure(spaces, {"Status": "Disabled", "Expiration": {"Days": 1}})
    spaces.put_object(Bucket="backups", Key="a", Body=b"1")
    assert pass_time(daemon, 100) == {}


def test_a_thief_with_the_servers_key(daemon, spaces):
    """Settings and other buckets are out of reach. Versions are not: nothing in the documentation says so."""
    make(spaces, "vault")
    spaces.put_object(Bucket="vault", Key="a", Body=b"1")
    spaces.put_object(Bucket="backups", Key="a", Body=b"1")
    thief = limited(daemon, backups="readwrite")
    bucket = {"Bucket": "backups"}
    for call, arguments in (
        (thief.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Suspended"}}),
        (thief.put_bucket_lifecycle_configuration, {"LifecycleConfiguration": {"Rules": []}}),
        (thief.delete_bucket_lifecycle, {}),
        (thief.put_bucket_policy, {"Policy": "{}"}),
        (thief.put_bucket_acl, {"ACL": "public-read"}),
        (thief.delete_bucket, {}),
    ):
        assert refused(call, **bucket, **arguments) == "AccessDenied"
    assert refused(thief.delete_object, Bucket="vault", Key="a") == "AccessDenied"
    assert refused(thief.list_object_versions, Bucket="vault") == "AccessDenied"
    thief.put_object(**bucket, Key="a", Body=b"noise")
    thief.delete_object(**bucket, Key="a")
    assert listed(spaces) == (["a", "a"], ["a"]), "so far all of it can be brought back"
    found = thief.list_object_versions(**bucket)
    for row in [*found["Versions"], *found["DeleteMarkers"]]:
        thief.delete_object(**bucket, Key=row["Key"], VersionId=row["VersionId"])
    assert listed(spaces) == ([], []), "with one more command it is gone"
    assert spaces.get_object(Bucket="vault", Key="a")["Body"].read() == b"1"
