# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import disk


def test_a_place_that_is_not_made_yet_is_on_the_disk_of_the_directory_above_it(tmp_path):
    found = disk.disk_of(tmp_path / "not/yet")
    assert found.device == os.stat(tmp_path).st_dev
    assert abs(found.free - shutil.disk_usage(tmp_path).free) < 2**30  # others write meanwhile


@pytest.mark.parametrize(
    ("given", "mib", "inodes"),
    [
        ({"f_bavail": 512, "f_frsize": 4096, "f_files": 100, "f_favail": 7}, 2, 7),
        ({"f_bavail": 255, "f_frsize": 4096, "f_files": 100, "f_favail": 0}, 0, 0),
        ({"f_bavail": 512, "f_frsize": 4096, "f_files": 0, "f_favail": 0}, 2, None),  # as of btrfs
    ],
)
def test_what_is_free(monkeypatch, tmp_path, given, mib, inodes):
    monkeypatch.setattr(disk.os, "statvfs", lambda place: SimpleNamespace(**given))
    found = disk.disk_of(tmp_path)
    assert (found.free_mib, found.inodes) == (mib, inodes)
