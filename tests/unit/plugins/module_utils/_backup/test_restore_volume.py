# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot
from ansible_collections.izzzi.infra.plugins.module_utils._backup.restore_volume import clear, is_free, path_of

SNAPSHOT = Snapshot(
    "aaaa1111", 0, (), ("/var/lib/izzzi/backup/shop/staging", "/data/docker/volumes/shop_uploads/_data")
)


def test_a_volume_is_found_wherever_docker_kept_it():
    assert path_of(SNAPSHOT, "shop_uploads") == "/data/docker/volumes/shop_uploads/_data"


def test_a_volume_that_was_not_backed_up_is_told():
    with pytest.raises(BackupError, match="no volume uploads"):
        path_of(SNAPSHOT, "uploads")


def test_only_a_volume_without_files_is_filled_and_one_of_a_killed_restore(tmp_path):
    assert is_free(tmp_path)
    (tmp_path / "lost+found").mkdir()
    assert is_free(tmp_path)
    (tmp_path / "picture").write_text("half")
    assert not is_free(tmp_path)
    (tmp_path / ".izzzi-restore/folder").mkdir(parents=True)
    assert is_free(tmp_path)
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []
