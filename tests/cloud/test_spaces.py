# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets against the sandbox's Spaces: check, create, nothing, each setting changed, drift by boto3, kept, deleted."""

from __future__ import annotations

import json

import boto3
import pytest

from .conftest import Run, Sandbox, actions

BUCKETS = {
    "terraform-state": {"versioning": True},
    "backups": {
        "lifecycle": [{"id": "old", "prefix": "daily/", "expire_days": 30, "abort_uploads_days": 2}],
        "versioning": True,
    },
    "assets": {"acl": "public-read", "cors": [{"origins": ["https://izzzi.test"], "max_age": 600}]},
}


@pytest.fixture
def keys(sandbox: Sandbox) -> dict[str, str]:
    id, secret = (sandbox.home / "spaces_key").read_text().split()
    return {"spaces_access_key_id": id, "spaces_secret_access_key": secret}


@pytest.fixture
def declared(declared, sandbox: Sandbox, keys) -> dict:
    url = f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}"
    del declared["droplets"], declared["firewalls"]
    return {**declared, "spaces": BUCKETS, "spaces_endpoint_url": url, **keys}


@pytest.fixture
def s3(declared, keys):
    """Another client, to see and to change what is there; and an empty store, before and after."""
    id, secret = keys.values()
    client = boto3.client(
        "s3",
        endpoint_url=declared["spaces_endpoint_url"],
        aws_access_key_id=id,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )
    clear(client)
    yield client
    clear(client)


def clear(client) -> None:
    for bucket in [b["Name"] for b in client.list_buckets()["Buckets"]]:
        listed = client.list_object_versions(Bucket=bucket)
        for row in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
            client.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
        client.delete_bucket(Bucket=bucket)


def names(client) -> list[str]:
    return sorted(b["Name"].removeprefix("shop-staging-") for b in client.list_buckets()["Buckets"])


def test_check_create_nothing(declared, run: Run, s3, keys):
    predicted = run(declared, check=True)
    assert names(s3) == []
    made = run(declared)
    assert "failed" not in made, made
    assert made["plan"] == predicted["plan"]
    assert keys["spaces_secret_access_key"] not in json.dumps(made)
    assert names(s3) == sorted(BUCKETS)
    assert made["outputs"]["spaces_buckets"]["assets"] == f"{declared['spaces_endpoint_url']}/shop-staging-assets"
    backups, assets = "shop-staging-backups", "shop-staging-assets"
    assert s3.get_bucket_versioning(Bucket=backups)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=backups)["Rules"]
    assert (rule["ID"], rule["Expiration"]["Days"]) == ("old", 30)
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 2
    (rule,) = s3.get_bucket_cors(Bucket=assets)["CORSRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["https://izzzi.test"], ["GET"])
    assert "AllUsers" in str(s3.get_bucket_acl(Bucket=assets)["Grants"])
    for check in (True, False):
        again = run(declared, check=check)
        assert (again["changed"], actions(again)) == (False, {})


def test_each_setting_is_changed_and_drift_is_one_line(declared, run: Run, s3):
    run(declared)
    changed = {
        "terraform-state": {"versioning": False},
        "backups": {"lifecycle": [{"id": "old", "prefix": "daily/", "expire_days": 7}], "acl": "public-read"},
        "assets": {"acl": "private", "cors": []},
    }
    done = run({**declared, "spaces": changed})
    fields = {
        step["name"]: [c["field"] for c in step["changes"]] for step in done["plan"] if step["action"] == "update"
    }
    assert fields == {
        "shop-staging-terraform-state": ["versioning"],
        "shop-staging-backups": ["acl", "lifecycle"],
        "shop-staging-assets": ["acl", "cors"],
    }
    assert not run({**declared, "spaces": changed})["changed"]
    assert s3.get_bucket_versioning(Bucket="shop-staging-backups")["Status"] == "Enabled", "not declared: left as it is"

    s3.put_bucket_acl(Bucket="shop-staging-backups", ACL="private")
    assert actions(run({**declared, "spaces": changed})) == {"bucket shop-staging-backups": "update"}
    assert not run({**declared, "spaces": changed})["changed"]


def test_what_holds_data_is_kept_unless_told(declared, run: Run, s3):
    run(declared)
    s3.create_bucket(Bucket="shop-staging-dev-backups")  # of the project shop-staging
    for body in (b"one", b"two"):
        s3.put_object(Bucket="shop-staging-backups", Key="daily/dump & more", Body=body)
    s3.delete_object(Bucket="shop-staging-backups", Key="daily/dump & more")
    fewer = {**declared, "spaces": {"assets": BUCKETS["assets"]}}
    assert actions(run(fewer)) == {}
    assert actions(run({**fewer, "prune": True})) == {"bucket shop-staging-terraform-state": "delete"}
    gone = {**declared, "state": "absent"}
    assert actions(run(gone))["bucket shop-staging-assets"] == "delete"
    assert names(s3) == ["backups", "dev-backups"], "old versions are data, too"
    assert actions(run(gone)) == {}
    assert actions(run({**gone, "delete_data": True})) == {"bucket shop-staging-backups": "delete"}
    assert names(s3) == ["dev-backups"]


def test_wrong_keys_are_told_before_anything_is_made(sandbox: Sandbox, declared, run: Run, s3):
    before = sandbox.account()
    for key in ("spaces_access_key_id", "spaces_secret_access_key"):
        assert key in run({**declared, key: ""})["msg"]
        assert "refuses the Spaces keys" in run({**declared, key: "wrong"})["msg"]
    assert sandbox.account() == before


def test_prune_never_takes_terraforms_state(declared, run: Run, s3):
    """That is what `terraform apply` knows of the account; an undeclared bucket goes with delete_data otherwise."""
    run(declared)
    for bucket in ("terraform-state", "backups"):
        s3.put_object(Bucket=f"shop-staging-{bucket}", Key="terraform.tfstate", Body=b"{}")
    fewer = {**declared, "spaces": {"assets": BUCKETS["assets"]}, "prune": True, "delete_data": True}
    done = run(fewer)
    assert actions(done) == {"bucket shop-staging-backups": "delete"}
    (kept,) = [step for step in done["plan"] if step["name"] == "shop-staging-terraform-state"]
    assert (kept["action"], kept["reason"][:29]) == ("keep", "it holds Terraform's state, w")
    assert names(s3) == ["assets", "terraform-state"]
    gone = {**declared, "state": "absent"}
    assert actions(run(gone))["bucket shop-staging-assets"] == "delete"
    assert names(s3) == ["terraform-state"]
    assert actions(run({**gone, "delete_data": True})) == {"bucket shop-staging-terraform-state": "delete"}
