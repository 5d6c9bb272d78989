"""Spaces, as boto3 sees it: keys, grants, ACLs, and what survives a restart."""

from __future__ import annotations

import urllib.error
import urllib.request

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from .daemon import Daemon, running


def connect(daemon: Daemon, access_key: str = "", secret_key: str = "", **more):
    own_id, own_secret = (daemon.home / "spaces_key").read_text().split()
    return boto3.client(
        "s3",
        endpoint_url=daemon.spaces_url,
        region_name="fra1",
        aws_access_key_id=access_key or own_id,
        aws_secret_access_key=secret_key or own_secret,
        config=Config(signature_version="s3v4", retries={"max_attempts": 0}),
        **more,
    )


def make(spaces, name="assets", **more):
    spaces.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "fra1"}, **more)


@pytest.fixture
def spaces(daemon):
    client = connect(daemon)
    make(client)
    return client


def refused(call, **arguments) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def anonymous(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


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
