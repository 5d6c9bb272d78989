# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._init import place
from ansible_collections.izzzi.infra.plugins.module_utils._init.arguments import Wish
from ansible_collections.izzzi.infra.plugins.module_utils._init.place import (
    PlaceError,
    refuse_what_exists,
    write_at_once,
)

WISH = Wish("production", "shop", "app")


def test_all_files_appear_at_once(tmp_path):
    into = tmp_path / "a/b/production"
    write_at_once(into, {"x.yml": "1", "group_vars/all/y.yml": "2"})
    assert (into / "group_vars/all/y.yml").read_text() == "2"
    assert os.listdir(into.parent) == ["production"]
    assert into.stat().st_mode & 0o777 == 0o755


def test_whatever_fails_leaves_nothing(tmp_path):
    into = tmp_path / "new/production"
    with pytest.raises(PlaceError, match="Nothing was written"):
        write_at_once(into, {"a": "1", "a/b": "2"})
    assert list(tmp_path.iterdir()) == []


def test_who_was_quicker_keeps_what_is_there(tmp_path, monkeypatch):
    into = tmp_path / "production"
    into.mkdir()
    (into / "theirs").touch()
    with pytest.raises(PlaceError, match="cannot be written"):
        write_at_once(into, {"a": "1"})
    assert [path.name for path in tmp_path.rglob("*")] == ["production", "theirs"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_whatever_exists_is_refused(kind, tmp_path):
    into = tmp_path / "production"
    {"file": into.touch, "folder": into.mkdir, "link": lambda: into.symlink_to("nowhere")}[kind]()
    with pytest.raises(PlaceError, match="exists, and nothing that exists is written over"):
        refuse_what_exists(into, WISH)


def test_the_source_is_named_from_the_inventory_when_it_is_near(tmp_path):
    into = tmp_path / "inventories/production"
    assert place.source_path(tmp_path / "app", into) == "{{ inventory_dir }}/../../app"
    assert place.source_path(tmp_path, into) == "{{ inventory_dir }}/../.."
    far = into / "a/b/c/d"
    assert place.source_path(tmp_path / "app", far) == str(tmp_path / "app")
