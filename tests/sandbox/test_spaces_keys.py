# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/spaces/keys, and what each key may do in Spaces."""

from __future__ import annotations

import pytest
from izzzi_sandbox.spaces.access import Operation, permitted

from .s3 import connect, limited, make, refused

READ, WRITE = {"bucket": "b", "permission": "read"}, {"bucket": "b", "permission": "readwrite"}
FULL, OTHER = {"bucket": "", "permission": "fullaccess"}, {"bucket": "other", "permission": "readwrite"}
POLICY = '{"Version": "2012-10-17", "Statement": []}'


@pytest.fixture
def spaces(daemon):
    client = connect(daemon)
    make(client)
    return client


@pytest.mark.parametrize(
    ("method", "where", "parameters", "readers", "writers"),
    [
        ("GET", "b/key", "", True, True),
        ("GET", "b/key", "versionId", True, True),
        ("PUT", "b/key", "", False, True),
        ("DELETE", "b/key", "", False, True),
        ("DELETE", "b/key", "versionId", False, True),  # the documentation excepts nothing
        ("POST", "b/key", "uploads", False, True),
        ("DELETE", "b/key", "uploadId", False, True),
        ("GET", "b", "list-type prefix delimiter", True, True),
        ("GET", "b", "versions key-marker", True, True),
        ("GET", "b", "uploads", True, True),
        ("GET", "b", "location", True, True),
        ("GET", "b", "versioning", True, True),
        ("HEAD", "b", "", True, True),
        ("POST", "b", "delete", False, True),
        ("GET", "b", "acl", False, False),
        ("GET", "b", "lifecycle", False, False),
        ("GET", "b", "policy", False, False),
        ("GET", "b", "cors", False, False),
        ("PUT", "b", "versioning", False, False),
        ("PUT", "b", "lifecycle", False, False),
        ("DELETE", "b", "lifecycle", False, False),
        ("PUT", "b", "policy", False, False),
        ("PUT", "b", "acl", False, False),
        ("PUT", "b", "", False, False),
        ("DELETE", "b", "", False, False),
        ("GET", "", "", False, False),
    ],
)
def test_what_a_limited_key_may_do(method, where, parameters, readers, writers):
    bucket, _, key = where.partition("/")
    operation = Operation(method, bucket, key, frozenset(parameters.split()))
    assert permitted(operation, [READ]) is readers
    assert permitted(operation, [WRITE]) is writers
    assert permitted(operation, [READ, WRITE]) is writers
    assert not permitted(operation, [OTHER])
    assert not permitted(operation, [])
    assert permitted(operation, [FULL])


def test_a_copy_reads_its_source():
    copy = Operation("PUT", "b", "key", frozenset(), source="other")
    assert not permitted(copy, [WRITE])
    assert permitted(copy, [WRITE, {"bucket": "other", "permission": "read"}])


def test_grants_limit_a_key(client, daemon, spaces):
    make(spaces, "other")
    spaces.put_object(Bucket="assets", Key="a", Body=b"1")
    grants = [{"bucket": "assets", "permission": "read"}]
    key = client.spaces_key.create(body={"name": "reader", "grants": grants})["key"]
    reader = connect(daemon, key["access_key"], key["secret_key"])
    assert reader.get_object(Bucket="assets", Key="a")["Body"].read() == b"1"
    assert refused(reader.put_object, Bucket="assets", Key="b", Body=b"2") == "AccessDenied"
    assert refused(reader.list_objects_v2, Bucket="other") == "AccessDenied"
    client.spaces_key.patch(key["access_key"], body={"grants": [{"bucket": "assets", "permission": "readwrite"}]})
    reader.put_object(Bucket="assets", Key="b", Body=b"2")
    reader.delete_objects(Bucket="assets", Delete={"Objects": [{"Key": "b"}]})
    assert refused(reader.put_bucket_acl, Bucket="assets", ACL="public-read") == "AccessDenied"
    shown = client.spaces_key.get(key["access_key"])["key"]
    assert "secret_key" not in shown
    assert shown["grants"][0]["permission"] == "readwrite"
    assert [row["name"] for row in client.spaces_key.list()["keys"]] == ["reader"]
    client.spaces_key.delete(key["access_key"])
    assert refused(reader.list_objects_v2, Bucket="assets") == "InvalidAccessKeyId"


@pytest.mark.parametrize(("bucket", "permission"), [("assets", "fullaccess"), ("", "read"), ("assets", "own")])
def test_bad_grants_are_refused(daemon, bucket, permission):
    body = {"name": "bad", "grants": [{"bucket": bucket, "permission": permission}]}
    assert daemon.call("POST", "/v2/spaces/keys", body).status == 422


def test_a_copy_from_a_foreign_bucket_is_refused(daemon, spaces):
    make(spaces, "other")
    spaces.put_object(Bucket="other", Key="a", Body=b"1")
    writer = limited(daemon, assets="readwrite")
    assert refused(writer.copy_object, Bucket="assets", Key="b", CopySource="other/a") == "AccessDenied"
    both = limited(daemon, assets="readwrite", other="read")
    both.copy_object(Bucket="assets", Key="b", CopySource="other/a")


def test_full_access_and_grants_exclude_each_other(daemon):
    reply = daemon.call("POST", "/v2/spaces/keys", {"name": "mixed", "grants": [READ, FULL]})
    assert (reply.status, reply.body["id"]) == (400, "bad_request")
    assert reply.body["message"] == "cannot mix fullaccess permission with scoped permissions."
    for first, second in ((READ, FULL), (FULL, READ)):
        key = daemon.call("POST", "/v2/spaces/keys", {"name": "k", "grants": [first]}).body["key"]
        path = f"/v2/spaces/keys/{key['access_key']}"
        assert daemon.call("PUT", path, {"name": "k", "grants": [second]}).status == 400
        assert daemon.call("PATCH", path, {"name": "renamed"}).body["key"]["name"] == "renamed"


def test_a_key_without_grants_opens_nothing(daemon, spaces):
    nobody = limited(daemon)
    assert refused(nobody.list_objects_v2, Bucket="assets") == "AccessDenied"
    assert refused(nobody.list_buckets) == "AccessDenied"


def test_a_bucket_has_limited_keys_or_a_policy(daemon, spaces):
    make(spaces, "other")
    limited(daemon, assets="read")
    assert refused(spaces.put_bucket_policy, Bucket="assets", Policy=POLICY) == "InvalidRequest"
    spaces.put_bucket_policy(Bucket="other", Policy=POLICY)
    body = {"name": "late", "grants": [{"bucket": "other", "permission": "read"}]}
    assert daemon.call("POST", "/v2/spaces/keys", body).status == 400
