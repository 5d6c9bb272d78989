# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import (
    BackupError,
    Database,
    from_mapping,
    read,
)

GIVEN = {"app": "shop", "repository": "/mnt/x", "databases": [{"service": "postgres", "name": "shop", "user": "shop"}]}


def test_settings_are_read_with_their_secrets(tmp_path):
    (tmp_path / "shop.json").write_text(json.dumps(GIVEN))
    (tmp_path / "shop.env").write_text("RESTIC_PASSWORD='a b'\n")
    config, secrets = read("shop", tmp_path)
    assert config.databases == (Database("postgres", "shop", "shop"),)
    assert str(config.directory) == "/var/lib/izzzi/backup/shop"
    assert secrets == {"RESTIC_PASSWORD": "a b"}


@pytest.mark.parametrize("wrong", [{"colour": "blue"}, {"databases": [{"service": "postgres"}]}])
def test_unknown_and_missing_settings_are_refused(wrong):
    with pytest.raises(BackupError, match="deploy"):
        from_mapping({**GIVEN, **wrong})


def test_an_app_without_settings_is_named_with_what_writes_them(tmp_path):
    with pytest.raises(BackupError, match=r"no .*shop\.json. playbooks/deploy\.yml writes it"):
        read("shop", tmp_path)
    (tmp_path / "shop.json").write_text("{")
    (tmp_path / "shop.env").write_text("")
    with pytest.raises(BackupError, match=r"shop\.json and shop\.env cannot be read"):
        read("shop", tmp_path)
