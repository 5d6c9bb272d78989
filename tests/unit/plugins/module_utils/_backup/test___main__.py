from __future__ import annotations

import json
import os
import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.__main__ import main, parser


def test_a_failure_is_a_message_and_a_status(tmp_path, capsys):
    assert main(["state", "shop", f"--settings={tmp_path}"]) == 1
    assert "cannot be read" in capsys.readouterr().err


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
