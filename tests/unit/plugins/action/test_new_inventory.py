# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.izzzi.infra.plugins.action.new_inventory import ActionModule

from tests.unit.apps import APPS, SECRET, write

FILES = ["README.md", "digitalocean.yml", "group_vars/all/app.yml", "group_vars/all/environment.yml", "hosts.yaml"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    write(tmp_path / "app", APPS["monorepo"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def run(*, check: bool = False, diff: bool = False, **more: str) -> dict:
    arguments = {"environment": "production", "project": "shop", "app": "app", **more}
    task = SimpleNamespace(args=arguments, action="izzzi.infra.new_inventory", async_val=0, check_mode=check, diff=diff)
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    return ActionModule(task, connection, play_context=None, loader=DataLoader(), templar=None).run(task_vars={})


def test_it_writes_below_the_current_folder_and_never_again(tmp_path):
    result = run()
    into = tmp_path / "inventories/production"
    assert (result["changed"], result["path"], result["files"]) == (True, str(into), FILES)
    there = {path.relative_to(into).as_posix(): path.read_text() for path in into.rglob("*") if path.is_file()}
    assert sorted(there) == FILES
    with pytest.raises(AnsibleActionFail, match="exists, and nothing that exists is written over"):
        run()
    with pytest.raises(AnsibleActionFail, match="exists, and nothing"):
        run(check=True)
    assert there == {path.relative_to(into).as_posix(): path.read_text() for path in into.rglob("*") if path.is_file()}


def test_check_mode_says_what_would_be_written_and_a_diff_shows_it(tmp_path):
    result = run(check=True, diff=True, into="elsewhere")
    assert (result["changed"], result["path"], result["files"]) == (True, str(tmp_path / "elsewhere"), FILES)
    assert not (tmp_path / "elsewhere").exists()
    assert [part["after_header"] for part in result["diff"]] == [str(tmp_path / "elsewhere" / name) for name in FILES]
    assert "app_services:" in result["diff"][2]["after"]
    assert SECRET not in str(result)
    assert "diff" not in run(check=True)
