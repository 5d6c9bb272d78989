# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import main as program
from ansible_collections.izzzi.infra.plugins.module_utils._backup.main import main, parser


def test_a_failure_is_a_message_and_a_status(tmp_path, capsys):
    assert main(["state", "shop", f"--settings={tmp_path}"]) == 1
    assert "does not know how shop is backed up" in capsys.readouterr().err


def test_a_restore_goes_beside_the_live_database_unless_it_is_said():
    options = parser().parse_args(["restore", "shop"])
    assert (options.to, options.into, options.confirm) == ("latest", "scratch", "")


@pytest.mark.parametrize(("hours", "status"), [(1, 0), (30, 1)])
def test_the_first_backup_is_late_only_after_its_time(hours, status, tmp_path, capsys):
    settings = tmp_path / "shop.json"
    settings.write_text(json.dumps({"app": "shop", "repository": "/r", "directory": str(tmp_path / "state")}))
    (tmp_path / "shop.env").write_text("")
    os.utime(settings, times=(time.time() - hours * 3600,) * 2)
    assert main(["late", "shop", f"--settings={tmp_path}"]) == status


@pytest.mark.parametrize("words", [["restore", "shop", "--into=live"], ["restore", "shop", "--table=a.b"]])
def test_the_live_database_is_changed_only_for_who_names_the_app(words, tmp_path, capsys):
    (tmp_path / "shop.json").write_text('{"app": "shop", "repository": "/r"}')
    (tmp_path / "shop.env").write_text("")
    assert main([*words, f"--settings={tmp_path}"]) == 1
    assert "--confirm=shop" in capsys.readouterr().err


def test_the_archive_has_base_backups_made_by_a_program_that_is_there(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(program.wal, "serve", lambda _found, command, _changed: asked.append(command))
    monkeypatch.setattr(program.signal, "signal", lambda *_arguments: None)
    (tmp_path / "shop.json").write_text(
        json.dumps({"app": "shop", "repository": "/r", "directory": str(tmp_path / "state")})
    )
    (tmp_path / "shop.env").write_text("")
    assert main(["wal", "shop", f"--settings={tmp_path}"]) == 0
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[5] / ".ansible/collections")}
    done = subprocess.run([*asked[0], "postgres"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
