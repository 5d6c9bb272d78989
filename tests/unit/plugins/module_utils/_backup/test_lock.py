# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.lock import locked


def test_a_second_run_is_told_who_is_at_work(tmp_path):
    with locked(tmp_path, "backup"), pytest.raises(BackupError, match=r"A backup \(process \d+"):
        locked(tmp_path, "drill").__enter__()
    with locked(tmp_path, "drill"):
        pass


def test_what_goes_on_by_itself_is_waited_for(tmp_path):
    with (
        locked(tmp_path, "base backup"),
        pytest.raises(BackupError, match="A base backup"),
    ):
        locked(tmp_path, "backup", patience=0.1).__enter__()
