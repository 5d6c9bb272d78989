# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tarfile

from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, OPEN, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin, files, unpack
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import read_all

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1)


def test_a_transaction_opens_with_a_journal_and_an_open_release(transaction):
    t = transaction(LIVE)
    begin(t, "r1", "deploy")
    later = transaction()
    assert (later.journal["release"], later.journal["colour"], later.journal["step"]) == ("r1", "green", "begin")
    assert read_all(t.app.directory)["r1"].state == OPEN


def test_a_release_that_comes_back_stays_good(transaction):
    t = transaction(LIVE)
    begin(t, "r0", "rollback")
    assert t.manifest.state == GOOD


def test_a_source_is_unpacked_anew_and_its_archive_goes(transaction, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    archive = tmp_path / "source.tar.gz"
    (tmp_path / "file").write_text("new")
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tmp_path / "file", "file")
    t = transaction(archive=str(archive))
    begin(t, "r1", "deploy")
    source = t.app.release_directory("r1") / "source"
    source.mkdir()
    (source / "half").touch()
    assert unpack(t) == {}
    assert [(path.name, path.read_text()) for path in source.iterdir()] == [("file", "new")]
    assert not archive.exists()
    assert unpack(transaction(app={"services": {"api": {"image": "x:1"}}})) is None


def test_files_are_written_beside_the_live_ones_and_shown_without_secrets(transaction):
    t = transaction(LIVE, {"secrets": {"TOKEN": "hunter22"}})
    begin(t, "r1", "deploy")
    diff = str(files(t)["diff"])
    assert "TOKEN=..." in diff
    assert "hunter22" not in diff
    assert "hunter22" in (t.app.directory / "green/.env").read_text()
