# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import host

GIVEN = {
    "app": "shop",
    "password": "a password that is long",
    "endpoint": "https://fra1.digitaloceanspaces.com/",
    "bucket": "shop-production-backups",
    "prefix": "shop",
    "access_key": "key",
    "secret_key": "secret of the key",
    "databases": [{"service": "postgres", "name": "shop", "user": "shop"}],
    "keep": {"daily": 7},
}


def test_the_code_runs_from_its_files_alone(tmp_path):
    for name, text in host.code().items():
        path = tmp_path / "infra" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-B", "-m", "infra._backup.main", "state", "shop", f"--settings={tmp_path}"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not know how shop is backed up" in done.stderr
    (settings, *_rest) = [file for file in host.files(GIVEN) if file["path"].endswith("shop.json")]
    (tmp_path / "shop.json").write_text(
        json.dumps({**json.loads(settings["content"]), "directory": str(tmp_path / "state")})
    )
    (tmp_path / "shop.env").write_text(host.secrets(GIVEN)[0]["content"])
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["troubles"][0] == "There is no backup yet."


@pytest.mark.parametrize(
    ("given", "repository"),
    [
        ({}, "s3:https://fra1.digitaloceanspaces.com/shop-production-backups/shop/restic"),
        ({"prefix": ""}, "s3:https://fra1.digitaloceanspaces.com/shop-production-backups/restic"),
        ({"repository": "/mnt/disk"}, "/mnt/disk"),
        ({"bucket": ""}, ""),
    ],
)
def test_the_repository_is_named_as_restic_does(given, repository):
    assert host.repository({**GIVEN, **given}) == repository


def test_no_secret_is_in_a_file_that_others_may_read():
    public = json.dumps(host.files(GIVEN))
    assert GIVEN["password"] not in public
    assert GIVEN["secret_key"] not in public
    assert 'AWS_SECRET_ACCESS_KEY="secret of the key"' in host.secrets(GIVEN)[0]["content"].replace("'", '"')


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, []),
        ({"repository": "/mnt/disk", "access_key": ""}, []),
        ({"bucket": ""}, ["must say where backups go"]),
        ({"repository": "disk"}, ["'disk' is neither"]),
        ({"endpoint": "http://s3.example.org"}, ["not encrypted"]),
        ({"secret_key": ""}, ["a key for the bucket alone"]),
        ({"password": "short"}, ["fewer than 16"]),
        ({"databases": []}, ["nothing to back up"]),
        ({"databases": GIVEN["databases"] * 2}, ["shop is there twice"]),
        ({"keep": {"daily": 0}}, ["keeps nothing"]),
        ({"repository": "sftp:host:/r", "wal": True}, ["backup_wal: false"]),
        ({"repository": "sftp:host:/r", "wal": False}, []),
        ({"wal_spool": 1}, ["backup_wal_spool is 1; at least 64"]),
    ],
)
def test_what_is_missing_or_not_valid_is_told(given, told):
    found = host.problems({**GIVEN, **given})
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))
