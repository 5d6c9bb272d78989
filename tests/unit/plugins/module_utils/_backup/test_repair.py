# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import repair
from ansible_collections.izzzi.infra.plugins.module_utils._backup.archive import Archive
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError, Config
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import BASE, Repository

ONE, TWO = "1" * 64, "2" * 64


@pytest.mark.parametrize(
    ("said", "packs"),
    [
        (f"Pack ID does not match, want {ONE}, got {TWO}\nFatal: repository contains errors", [ONE]),
        (f"pack {ONE} contains 1 errors: [blob {TWO}: ciphertext verification failed]", [ONE]),
        (f"Pack ID does not match, want {ONE}\npack {ONE} contains 2 errors", [ONE]),
        (f"error for tree {ONE}: not found", []),
        ("", []),
    ],
)
def test_packs_are_read_from_what_restic_says(said, packs):
    assert repair.damaged(said) == packs


def test_a_snapshot_counts_once():
    said = " ... in snapshot 9a60c0ef (2026-11-29 01:43:10)\n ... in file /a\n ... in snapshot 9a60c0ef (2026-11-29)"
    assert repair.hit(said) == ["9a60c0ef"]


def change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.mark.skipif(not (shutil.which("restic") and shutil.which("rclone")), reason="restic or rclone is missing here")
class TestRestic:
    @pytest.fixture
    def context(self, tmp_path, monkeypatch):
        secrets, place = {"RESTIC_PASSWORD": "right"}, str(tmp_path / "repository")
        repository = Repository(place, secrets, "shop", tmp_path / "cache", 60)
        noted: list = []
        context = SimpleNamespace(
            config=Config("shop", place, directory=tmp_path / "state"),
            repository=repository,
            archive=Archive(place, secrets, 60),
            state=SimpleNamespace(read=dict),
            base_state=lambda service: SimpleNamespace(note=lambda **values: noted.append((service, values))),
            clock=lambda: 100.0,
            noted=noted,
        )
        (tmp_path / "staging").mkdir()
        (tmp_path / "staging/a").write_bytes(os.urandom(2**20))
        monkeypatch.setattr(repair, "take", lambda _context, force: self.store(context, tmp_path, force=force))
        monkeypatch.setattr(repair, "drill", lambda _context: {"rows": 7})
        monkeypatch.setattr(repair.wal, "due", lambda _context: {})
        repository.open("")
        self.store(context, tmp_path)
        return context

    def store(self, context, folder: Path, tags=("nightly",), force=False) -> dict:
        return {"id": context.repository.backup(["staging"], list(tags), folder, force)["snapshot_id"][:8]}

    def damage(self, folder: Path) -> str:
        found = max((folder / "repository/data").rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
        change_a_byte(found)
        return found.name

    def test_nothing_is_done_when_nothing_is_damaged(self, context):
        assert repair.foresee(context) == {"packs": [], "affected": [], "forgotten": []}
        assert repair.repair(context)["packs"] == []

    def test_what_is_still_on_the_host_makes_all_backups_whole_again(self, context, tmp_path):
        (first,) = context.repository.snapshots()
        pack = self.damage(tmp_path)
        assert repair.foresee(context) == {"packs": [pack], "affected": [first.id], "forgotten": []}
        done = repair.repair(context)
        assert (done["packs"], done["forgotten"], done["rows"]) == ([pack], [], 7)
        assert (tmp_path / "repository/damaged" / pack).exists()
        context.repository.check(100)
        assert len(context.repository.snapshots()) == 2

    def test_a_backup_whose_content_is_nowhere_any_more_is_forgotten(self, context, tmp_path):
        (first,) = context.repository.snapshots()
        tags = [BASE, "service=postgres", "chain=1", "segment=0", "until=1", "size=1", "bytes=1"]
        base = self.store(context, tmp_path, tags)["id"]
        self.damage(tmp_path)
        (tmp_path / "staging/a").write_bytes(os.urandom(2**20))
        assert repair.repair(context)["forgotten"] == sorted([first.id, base])
        assert context.noted == [("postgres", {"chain": None})]
        context.repository.check(100)

    def test_what_it_cannot_mend_is_told(self, context, tmp_path):
        (snapshot,) = (tmp_path / "repository/snapshots").iterdir()
        change_a_byte(snapshot)
        with pytest.raises(BackupError, match="damaged"):
            repair.repair(context)

    def test_a_backup_whose_names_are_lost_is_forgotten_and_the_rest_can_be_pruned(self, context, tmp_path):
        (first,) = context.repository.snapshots()
        trees = min(
            (tmp_path / "repository/data").rglob("*"), key=lambda path: path.stat().st_size + path.is_dir() * 9e9
        )
        change_a_byte(trees)
        assert repair.repair(context)["forgotten"] == [first.id]
        assert [snapshot.id for snapshot in context.repository.snapshots()] != [first.id]
        context.repository.forget({"daily": 1}, "nightly")
        context.repository.check(100)
