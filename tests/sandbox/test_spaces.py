# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces, as boto3 sees it: keys, grants, ACLs, and what survives a restart."""

from __future__ import annotations

import urllib.request

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from .daemon import running
from .s3 import anonymous, connect, make, refused


@pytest.fixture
def spaces(daemon):
    client = connect(daemon)
    make(client)
    return client


def test_keys_are_checked(daemon, spaces):
    assert refused(connect(daemon, secret_key="wrong").list_buckets) == "SignatureDoesNotMatch"
    assert refused(connect(daemon, access_key="DO00WRONG").list_buckets) == "InvalidAccessKeyId"
    spaces.put_object(Bucket="assets", Key="a b/ü+%.txt", Body=b"content", Metadata={"x": "y  z"})
    assert spaces.get_object(Bucket="assets", Key="a b/ü+%.txt")["Body"].read() == b"content"
    url = spaces.generate_presigned_url("get_object", {"Bucket": "assets", "Key": "a b/ü+%.txt"}, ExpiresIn=60)
    assert anonymous(url) == 200
    assert anonymous(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61")) == 403


def test_the_acl_decides_what_nobody_in_particular_may_read(daemon, spaces):
    spaces.put_object(Bucket="assets", Key="private", Body=b"1")
    spaces.put_object(Bucket="assets", Key="public", Body=b"1", ACL="public-read")
    bucket = f"{daemon.spaces_url}/assets"
    assert [anonymous(f"{bucket}/{key}") for key in ("public", "private", "missing")] == [200, 403, 403]
    assert anonymous(bucket) == 403
    spaces.put_bucket_acl(Bucket="assets", ACL="public-read")
    assert anonymous(bucket) == 200, "a public bucket can be listed"
    assert anonymous(f"{bucket}/private") == 403, "its objects keep their own ACL"
    assert anonymous(f"{bucket}?acl") == 403
    grants = spaces.get_bucket_acl(Bucket="assets")["Grants"]
    assert [grant["Permission"] for grant in grants if grant["Grantee"]["Type"] == "Group"] == ["READ"]
    assert refused(spaces.put_bucket_acl, Bucket="assets", ACL="authenticated-read") == "InvalidArgument"


def test_settings_of_a_bucket(daemon, spaces):
    rules = [{"ID": "old", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 30}}]
    cors = [{"AllowedOrigins": ["https://shop.example"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 60}]
    assert refused(spaces.get_bucket_cors, Bucket="assets") == "NoSuchCORSConfiguration"
    assert refused(spaces.get_bucket_lifecycle_configuration, Bucket="assets") == "NoSuchLifecycleConfiguration"
    spaces.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Enabled"})
    spaces.put_bucket_lifecycle_configuration(Bucket="assets", LifecycleConfiguration={"Rules": rules})
    spaces.put_bucket_cors(Bucket="assets", CORSConfiguration={"CORSRules": cors})
    assert spaces.get_bucket_versioning(Bucket="assets")["Status"] == "Enabled"
    assert spaces.get_bucket_lifecycle_configuration(Bucket="assets")["Rules"][0]["Expiration"] == {"Days": 30}
    assert spaces.get_bucket_cors(Bucket="assets")["CORSRules"][0]["AllowedOrigins"] == ["https://shop.example"]
    assert refused(spaces.get_public_access_block, Bucket="assets") == "NotImplemented"
    spaces.put_object(Bucket="assets", Key="a", Body=b"1")
    assert refused(spaces.delete_bucket, Bucket="assets") == "BucketNotEmpty"


def test_faults_hit_spaces_where_their_path_says_so(daemon, spaces):
    def arm(**fault):
        assert daemon.call("POST", "/_sandbox/faults", {"method": "PUT", **fault}).status == 201

    arm(kind="status", status=503)
    spaces.put_object(Bucket="assets", Key="a", Body=b"1")
    arm(kind="status", status=409, path="spaces:/assets/*", when="after")
    assert refused(spaces.put_object, Bucket="assets", Key="b", Body=b"1") == "OperationAborted"
    for when, key in (("before", "c"), ("after", "d")):
        arm(kind="reset", path="spaces:/assets/*", when=when)
        with pytest.raises(ConnectionClosedError):
            spaces.put_object(Bucket="assets", Key=key, Body=b"1")
    assert [row["Key"] for row in spaces.list_objects_v2(Bucket="assets")["Contents"]] == ["a", "b", "d"]
    rows = daemon.call("GET", "/_sandbox/requests?writes=true").body["requests"]
    assert [(row["path"], row["status"]) for row in rows[-3:]] == [
        ("/assets/b", 409),
        ("/assets/c", 0),
        ("/assets/d", 0),
    ]


def test_a_connection_is_cut_in_the_middle(daemon, spaces):
    def cut(**fault):
        assert (
            daemon.call("POST", "/_sandbox/faults", {"kind": "cut", "path": "spaces:/assets/*", **fault}).status == 201
        )

    content = bytes(range(256)) * 4096
    cut(method="PUT", bytes=500_000)
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        spaces.put_object(Bucket="assets", Key="a", Body=content)
    assert "Contents" not in spaces.list_objects_v2(Bucket="assets")
    spaces.put_object(Bucket="assets", Key="a", Body=content)
    cut(method="GET", bytes=1000)
    body = spaces.get_object(Bucket="assets", Key="a")["Body"]
    with pytest.raises((ResponseStreamingError, IncompleteReadError, ReadTimeoutError)):
        body.read()
    assert spaces.get_object(Bucket="assets", Key="a")["Body"].read() == content


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_stored_object_is_damaged(daemon, spaces, method):
    arm = {"kind": "damage", "method": method, "path": "spaces:/assets/a"}
    assert daemon.call("POST", "/_sandbox/faults", arm).status == 201
    spaces.put_object(Bucket="assets", Key="a", Body=b"0123456789")
    tag = spaces.head_object(Bucket="assets", Key="a")["ETag"]
    url = spaces.generate_presigned_url("get_object", {"Bucket": "assets", "Key": "a"})
    for _ in range(2):
        with urllib.request.urlopen(url, timeout=10) as reply:
            assert (reply.read(), reply.headers["etag"]) == (b"0123446789", tag)


def test_what_only_spaces_can_suffer_needs_its_path(daemon):
    for kind in ("cut", "damage"):
        assert daemon.call("POST", "/_sandbox/faults", {"kind": kind, "path": "/v2/droplets"}).status == 422


def test_buckets_survive_a_crash(tmp_path):
    with running(tmp_path / "home") as daemon:
        spaces = connect(daemon)
        make(spaces, ACL="public-read")
        make(spaces, "gone")
        spaces.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"first", b"second"):
            spaces.put_object(Bucket="assets", Key="a", Body=body)
        spaces.put_object(Bucket="assets", Key="deleted", Body=b"1")
        spaces.delete_objects(Bucket="assets", Delete={"Objects": [{"Key": "deleted"}]})
        upload = spaces.create_multipart_upload(Bucket="assets", Key="parts")["UploadId"]
        target = {"Bucket": "assets", "Key": "parts", "UploadId": upload}
        tag = spaces.upload_part(**target, PartNumber=1, Body=b"part")["ETag"]
        spaces.complete_multipart_upload(**target, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
        spaces.delete_bucket(Bucket="gone")
        before = spaces.list_object_versions(Bucket="assets")
        daemon.kill()
        daemon.start()
        after = spaces.list_object_versions(Bucket="assets")
        assert [bucket["Name"] for bucket in spaces.list_buckets()["Buckets"]] == ["assets"]
        assert (after["Versions"], after["DeleteMarkers"]) == (before["Versions"], before["DeleteMarkers"])
        old = next(row["VersionId"] for row in after["Versions"] if row["Key"] == "a" and not row["IsLatest"])
        assert spaces.get_object(Bucket="assets", Key="a", VersionId=old)["Body"].read() == b"first"
        assert spaces.get_object(Bucket="assets", Key="parts")["Body"].read() == b"part"
        assert anonymous(f"{daemon.spaces_url}/assets") == 200
        daemon.call("POST", "/_sandbox/reset")
        daemon.stop()
        daemon.start()
        assert spaces.list_buckets()["Buckets"] == []
