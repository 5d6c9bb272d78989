# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import source
from ansible_collections.izzzi.infra.plugins.module_utils._app.source import (
    Cache,
    Entry,
    Label,
    SourceError,
    checksum,
    is_match,
    pack,
    rules_digest,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.source_files import Rules, select


def make_tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def scan(root: Path, exclude=()) -> list[Entry]:
    return select(root, Rules(exclude)).entries


def names(root: Path, exclude=()) -> list[str]:
    return [entry.name for entry in scan(root, exclude)]


def packed(root: Path) -> bytes:
    sink = io.BytesIO()
    pack(scan(root, []), sink, "comment")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "pattern", "excluded"),
    [
        ("node_modules", "node_modules", True),
        ("apps/web/node_modules", "node_modules", True),
        ("apps/web/node_modules", "node_modules/", True),
        ("my_node_modules", "node_modules", False),
        (".env.local", ".env*", True),
        ("apps/web/.env", ".env*", True),
        ("apps/web/dist", "apps/*/dist", True),
        ("packages/ui/dist", "apps/*/dist", False),
        ("dist", "/dist", True),
        ("apps/web/dist", "/dist", False),
    ],
)
def test_patterns(name, pattern, excluded):
    assert is_match(name, [pattern]) is excluded


def test_the_order_is_that_of_the_bytes_and_directories_count_only_by_what_they_hold(tmp_path):
    make_tree(tmp_path, {"b/x": "", "a": "", "B": "", "ä": ""})
    (tmp_path / "empty").mkdir()
    assert names(tmp_path) == ["B", "a", "b/x", "ä"]


def test_excluded_directories_and_the_archives_are_left_out(tmp_path):
    make_tree(tmp_path, {"a": "", "made/x/y": "", "cache/old.tar.gz": ""})
    assert [e.name for e in select(tmp_path, Rules(["made"], leave_out=tmp_path / "cache")).entries] == ["a"]


def test_same_content_same_bytes_wherever_and_whenever_it_was_written(tmp_path):
    first = make_tree(tmp_path / "first", {"a/b": "1", "c": "2"})
    second = make_tree(tmp_path / "second", {"c": "2", "a/b": "1"})
    os.utime(second / "c", (0, 0))
    (second / "c").chmod(0o600)
    assert packed(first) == packed(second)
    assert checksum(scan(first, [])) == checksum(scan(second, []))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_text("2"),
        lambda root: (root / "a").rename(root / "b"),
        lambda root: (root / "a").chmod(0o755),
        lambda root: (root / "new").symlink_to("a"),
    ],
    ids=["content", "name", "mode", "link"],
)
def test_every_change_of_the_content_changes_the_checksum(tmp_path, change):
    make_tree(tmp_path, {"a": "1"})
    before = checksum(scan(tmp_path, []))
    change(tmp_path)
    assert checksum(scan(tmp_path, [])) != before


def test_modes_owners_and_times_are_normalised_and_links_kept(tmp_path):
    make_tree(tmp_path, {"bin/run": "#!", "bin/data": "x"})
    (tmp_path / "bin/run").chmod(0o700)
    (tmp_path / "bin/data").chmod(0o660)
    (tmp_path / "link").symlink_to("bin/run")
    with tarfile.open(fileobj=io.BytesIO(packed(tmp_path))) as tar:
        members = {m.name: m for m in tar.getmembers()}
        assert tar.extractfile("bin/data").read() == b"x"
    assert {name: oct(m.mode) for name, m in members.items() if not m.issym()} == {
        "bin": "0o755",
        "bin/data": "0o644",
        "bin/run": "0o755",
    }
    assert members["link"].linkname == "bin/run"
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in members.values()} == {(0, 0, "", 0)}


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "loop/../outside", "{root}/a"])
def test_a_link_that_leads_outside_or_is_absolute_is_an_error(tmp_path, target):
    root = make_tree(tmp_path / "root", {"a": "1"})
    (tmp_path / "outside").write_text("secret")
    (root / "loop").symlink_to(".")
    (root / "link").symlink_to(target.format(root=root))
    with pytest.raises(SourceError, match=r"outside of the source\. Replace the link or exclude it"):
        scan(root, [])


def test_a_special_file_is_an_error(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(SourceError, match="neither a file, a directory nor a link"):
            scan(tmp_path, [])


def test_a_missing_and_an_empty_source_are_errors(tmp_path):
    with pytest.raises(SourceError, match=r"is not a directory\. Set path"):
        scan(tmp_path / "missing", [])
    make_tree(tmp_path, {"node_modules/x": ""})
    with pytest.raises(SourceError, match="has no files"):
        scan(tmp_path, ["node_modules"])


def test_an_archive_says_what_it_holds(tmp_path):
    entries = scan(make_tree(tmp_path / "tree", {"a": "1"}), [])
    label = Label(checksum(entries), "ab" * 20, rules_digest(["x"]))
    cache = Cache(tmp_path / "cache")
    archive = cache.store("20260105-" + "ab" * 6, entries, label)
    assert cache.label(archive) == label
    assert cache.find("ab" * 20, rules_digest(["x"])) == archive
    assert cache.find("ab" * 20, rules_digest(["y"])) is None
    assert cache.find("cd" * 20, rules_digest(["x"])) is None


def test_a_file_that_is_no_archive_has_no_label(tmp_path):
    (tmp_path / "tree-0.tar.gz").write_text("broken")
    assert Cache(tmp_path).label(tmp_path / "tree-0.tar.gz") is None
    assert Cache(tmp_path).label(tmp_path / "missing") is None


def test_a_source_that_changes_while_it_is_read_is_an_error_and_leaves_nothing(tmp_path):
    entries = scan(make_tree(tmp_path / "tree", {"a": "1"}), [])
    label = Label(checksum(entries))
    (tmp_path / "tree/a").write_text("2")
    with pytest.raises(SourceError, match="changed while it was read"):
        Cache(tmp_path / "cache").store("tree-1", entries, label)
    assert os.listdir(tmp_path / "cache") == []


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    entries = scan(make_tree(tmp_path / "tree", {"a": "1"}), [])
    monkeypatch.setattr(source, "pack", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(SourceError, match="cache cannot be written: No space left on device"):
        Cache(tmp_path / "cache").store("tree-1", entries, Label(checksum(entries)))
    assert os.listdir(tmp_path / "cache") == []


def test_prune_keeps_the_newest_the_current_one_and_what_is_not_ours(tmp_path):
    archives = [tmp_path / f"tree-{n:012x}.tar.gz" for n in range(5)]
    for age, archive in enumerate(reversed(archives)):
        archive.write_text("")
        os.utime(archive, (1000 - age, 1000 - age))
    (tmp_path / "notes.tar.gz").write_text("")
    Cache(tmp_path).prune(2, current=archives[0])
    assert sorted(os.listdir(tmp_path)) == sorted([archives[0].name, archives[4].name, "notes.tar.gz"])
