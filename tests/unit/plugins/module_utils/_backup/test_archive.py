# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import archive

SECRETS = {"RESTIC_PASSWORD": "key", "AWS_SECRET_ACCESS_KEY": "s", "SSL_CERT_FILE": "/ca", "AWS_DEFAULT_REGION": "fra1"}


@pytest.mark.parametrize(
    ("repository", "place"),
    [
        ("s3:https://fra1.example.org/bucket/shop/restic", "s3:https://fra1.example.org/bucket/shop/wal"),
        ("s3:https://fra1.example.org/bucket", "s3:https://fra1.example.org/bucket/wal"),
        ("/mnt/backups/shop/", "/mnt/backups/shop/wal"),
    ],
)
def test_it_lies_beside_the_repository(repository, place):
    assert archive.place(repository) == place


def test_rclone_knows_a_bucket_by_its_environment_alone():
    found = archive.environment("s3:https://fra1.example.org/bucket/shop/restic", SECRETS, "obscured")
    assert found["RCLONE_CONFIG_IZZZI_REMOTE"] == "storage:bucket/shop/wal"
    assert found["RCLONE_CONFIG_STORAGE_ENDPOINT"] == "https://fra1.example.org"
    assert found["RCLONE_CONFIG_STORAGE_REGION"] == "fra1"
    assert found["RCLONE_CA_CERT"] == "/ca"


def test_rclone_knows_a_directory():
    found = archive.environment("/mnt/backups", SECRETS, "obscured")
    assert found["RCLONE_CONFIG_IZZZI_REMOTE"] == "/mnt/backups/wal"
    assert not [name for name in found if "STORAGE" in name]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("failed to authenticate decrypted block - bad password?", "damaged, or was written with another"),
        ("AccessDenied: status code: 403", "refuses the key"),
        ("dial tcp: connection refused", "does not answer"),
        ("write: no space left on device", "is full"),
        ("odd", "odd"),
    ],
)
def test_words_of_rclone_are_explained(said, told):
    assert told in archive.explain(said, "/r/wal")


def test_a_disk_that_is_not_mounted_is_no_empty_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "run", lambda *_words, **_more: "obscured")
    with pytest.raises(archive.BackupError, match="Is its disk mounted"):
        archive.Archive(str(tmp_path), SECRETS, 5).names()
