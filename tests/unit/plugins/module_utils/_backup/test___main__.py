from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.__main__ import main, parser


def test_a_failure_is_a_message_and_a_status(tmp_path, capsys):
    assert main(["state", "shop", f"--settings={tmp_path}"]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_restore_goes_beside_the_live_database_unless_it_is_said():
    options = parser().parse_args(["restore", "shop"])
    assert (options.to, options.into, options.confirm) == ("latest", "scratch", "")


@pytest.mark.parametrize("words", [["restore", "shop", "--into=live"], ["restore", "shop", "--table=a.b"]])
def test_the_live_database_is_changed_only_for_who_names_the_app(words, tmp_path, capsys):
    (tmp_path / "shop.json").write_text('{"app": "shop", "repository": "/r"}')
    (tmp_path / "shop.env").write_text("")
    assert main([*words, f"--settings={tmp_path}"]) == 1
    assert "--confirm=shop" in capsys.readouterr().err
