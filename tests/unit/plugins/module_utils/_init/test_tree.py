# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._init.tree import read_tree

from tests.unit.apps import SECRET, write


def test_what_is_read_and_what_never_is(tmp_path):
    files = {
        "Dockerfile": "a",
        "apps/web/package.json": "{}",
        "apps/web/src/page.tsx": "text",
        ".env": SECRET,
        ".env.production": SECRET,
        ".env.example": "A=1",
        "node_modules/x/package.json": "{}",
        "a/b/c/d/e/f/g/package.json": "{}",
        "inventories/production/Dockerfile": "b",
    }
    write(tmp_path, files)
    (tmp_path / "requirements.txt").symlink_to(".env")
    tree = read_tree(tmp_path, tmp_path / "inventories")
    assert tree.texts == {"Dockerfile": "a", "apps/web/package.json": "{}", ".env.example": "A=1"}
    assert "apps/web/src/page.tsx" in tree.names
    assert not any(name.startswith(("node_modules", "inventories", "a/b/c/d/e/f")) for name in tree.names)
    assert tree.has("apps/web")
    assert not tree.has("apps/we")


def test_where_git_fetches_from(tmp_path):
    config = '[core]\n\tbare = false\n[remote "origin"]\n\turl = {}\n\tfetch = x\n'
    for url, told in (("git@host:a/b.git", "git@host:a/b.git"), ("https://me:secret@host/a", "")):
        write(tmp_path, {".git/config": config.format(url)})
        assert read_tree(tmp_path).origin == told
