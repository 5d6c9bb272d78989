# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces as boto3 sees it: a client for a key, and words for what is refused."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError

from .daemon import Daemon


def connect(daemon: Daemon, access_key: str = "", secret_key: str = "", style: str = "path", **more: Any):
    """Without a key with the account's own."""
    own_id, own_secret = (daemon.home / "spaces_key").read_text().split()
    return boto3.client(
        "s3",
        **{"endpoint_url": daemon.spaces_url, **more},
        region_name="fra1",
        aws_access_key_id=access_key or own_id,
        aws_secret_access_key=secret_key or own_secret,
        config=Config(signature_version="s3v4", retries={"max_attempts": 0}, s3={"addressing_style": style}),
    )


def limited(daemon: Daemon, **grants: str):
    """A client with a new key: bucket to permission."""
    body = {"name": "limited", "grants": [{"bucket": name, "permission": grant} for name, grant in grants.items()]}
    key = daemon.call("POST", "/v2/spaces/keys", body).body["key"]
    return connect(daemon, key["access_key"], key["secret_key"])


def make(spaces, name: str = "assets", **more: Any) -> None:
    spaces.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "fra1"}, **more)


def refused(call, **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def anonymous(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code
