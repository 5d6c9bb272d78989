# SPDX-License-Identifier: GPL-3.0-or-later
"""The second bucket of backups, filled by somebody else, with the keys and the rights that both have on Spaces."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from .conftest import PLAYBOOK, ROOT, Sandbox

SOURCE, TARGET = "shop-staging-backups", "shop-staging-copies"


def client(sandbox: Sandbox, id: str, secret: str):
    url = f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}"
    named = {"aws_access_key_id": id, "aws_secret_access_key": secret, "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=url, **named)


def key_of(sandbox: Sandbox, name: str, **grants: str) -> tuple[str, str]:
    listed = [{"bucket": f"shop-staging-{bucket}", "permission": right} for bucket, right in grants.items()]
    made = sandbox.api("POST", "/v2/spaces/keys", {"name": name, "grants": listed})["key"]
    return made["access_key"], made["secret_key"]


@pytest.fixture
def buckets(sandbox: Sandbox) -> Iterator:
    owner = client(sandbox, *(sandbox.home / "spaces_key").read_text().split())
    for bucket in (SOURCE, TARGET):
        owner.create_bucket(Bucket=bucket)
    yield owner
    sandbox.reset()


@pytest.fixture
def copy(sandbox: Sandbox, buckets, tmp_path):
    id, secret = key_of(sandbox, "copy", backups="read", copies="readwrite")
    arguments = {
        "endpoint_url": f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}",
        "access_key": id,
        "secret_key": secret,
        "source": SOURCE,
        "target": TARGET,
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"izzzi.infra.bucket_copy": arguments}]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\n")

    def run(*more: str) -> str:
        command = [PLAYBOOK, "-i", "localhost,", "-c", "local", "-vv", *more, tmp_path / "play.yml"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert secret not in done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_a_thief_of_the_server_does_not_reach_what_was_copied(sandbox, buckets, copy):
    server = client(sandbox, *key_of(sandbox, "server", backups="readwrite"))
    for name in ("shop/restic/config", "shop/restic/data/aa", "shop/restic/locks/1"):
        server.put_object(Bucket=SOURCE, Key=name, Body=name.encode())
    assert '"copied": 2' in copy("--check")
    assert buckets.list_objects_v2(Bucket=TARGET)["KeyCount"] == 0
    assert "changed=1 " in copy()
    assert "changed=0 " in copy(), "a second run copies nothing"

    with pytest.raises(ClientError, match="AccessDenied"):
        server.delete_object(Bucket=TARGET, Key="shop/restic/config")
    server.delete_object(Bucket=SOURCE, Key="shop/restic/config")
    server.put_object(Bucket=SOURCE, Key="shop/restic/data/aa", Body=b"stolen")
    server.put_object(Bucket=SOURCE, Key="shop/restic/data/bb", Body=b"new")
    said = copy()
    assert "failed=1 " in said
    assert "shop/restic/data/aa" in said
    there = {row["Key"] for row in buckets.list_objects_v2(Bucket=TARGET)["Contents"]}
    assert there == {"shop/restic/config", "shop/restic/data/aa", "shop/restic/data/bb"}
    kept = buckets.get_object(Bucket=TARGET, Key="shop/restic/data/aa")["Body"].read()
    assert kept == b"shop/restic/data/aa", "what was copied is never overwritten"
