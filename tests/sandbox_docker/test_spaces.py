# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces from inside a droplet, under its real names and with a key for one bucket, as backups on a server use it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .cloud import FETCH, Droplet, api

HOST = "lon1.digitaloceanspaces.com"


@dataclass(frozen=True)
class Key:
    id: str
    secret: str
    bucket: str

    def environment(self) -> str:
        return f"AWS_ACCESS_KEY_ID={self.id} AWS_SECRET_ACCESS_KEY={self.secret} RESTIC_PASSWORD=test"


@pytest.fixture(scope="module")
def server(create) -> Droplet:
    """One of its own: the machines of `pair` are unknown to the API, which leaves them off after a restart of it."""
    droplet = create()
    droplet.wait_for_boot()
    droplet.run("apt-get -qq update && apt-get -qq install -y --no-install-recommends restic curl >/dev/null")
    return droplet


@pytest.fixture(scope="module")
def bucket_key(owner) -> Iterator[Key]:
    """A key that may read and write in one new bucket, as a server has it."""
    bucket = f"sandbox-test-{uuid.uuid4().hex[:8]}"
    owner.create_bucket(Bucket=bucket)
    owner.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    grants = [{"bucket": bucket, "permission": "readwrite"}]
    made = api("POST", "/spaces/keys", {"name": "sandbox-test", "grants": grants})["key"]
    yield Key(made["access_key"], made["secret_key"], bucket)
    api("DELETE", f"/spaces/keys/{made['access_key']}")
    found = owner.list_object_versions(Bucket=bucket)
    for row in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        owner.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
    owner.delete_bucket(Bucket=bucket)


def restic(server: Droplet, key: Key, arguments: str, lookup: str = "path") -> str:
    url = f"s3:https://{HOST}/{key.bucket}/{lookup}"
    style = "dns" if lookup == "host" else "path"
    return server.run(f"{key.environment()} restic -q -r {url} -o s3.bucket-lookup={style} {arguments}")


def test_curl_trusts_both_names_without_being_told(server, owner, bucket_key):
    owner.put_object(Bucket=bucket_key.bucket, Key="public", Body=b"hello", ACL="public-read")
    for url in (f"https://{HOST}/{bucket_key.bucket}/public", f"https://{bucket_key.bucket}.{HOST}/public"):
        assert server.run(f"curl -sS --fail {url}") == "hello"
    assert server.run(f"{FETCH} https://{HOST}/{bucket_key.bucket}/public") == "hello"
    assert server.run(f"curl -s -o /dev/null -w '%{{http_code}}' https://{HOST}/") == "403"


@pytest.mark.parametrize("lookup", ["path", "host"])
def test_restic_backs_up_and_restores_with_a_limited_key(server, bucket_key, lookup):
    server.run("mkdir -p /srv/data && head -c 9000000 /dev/urandom > /srv/data/file")
    restic(server, bucket_key, "init", lookup)
    restic(server, bucket_key, "backup /srv/data", lookup)
    restic(server, bucket_key, "check --read-data", lookup)
    restic(server, bucket_key, f"restore latest --target /srv/{lookup}", lookup)
    server.run(f"cmp /srv/data/file /srv/{lookup}/srv/data/file")
    restic(server, bucket_key, "backup /srv/data", lookup)
    restic(server, bucket_key, "forget --keep-last 1 --prune", lookup)
    assert len(json.loads(restic(server, bucket_key, "snapshots --json", lookup))) == 1


def test_a_server_without_a_key_gets_nothing(server, bucket_key):
    done = server.ssh(f"restic -r s3:https://{HOST}/{bucket_key.bucket}/path snapshots", check=False)
    assert done.returncode != 0
