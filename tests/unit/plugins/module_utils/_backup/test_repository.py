# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import shutil

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import (
    Repository,
    Snapshot,
    choose,
    explain,
    forget_options,
    read_snapshots,
    seconds,
    summary,
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Is there a repository at the following location?", "there is none yet"),
        ("Fatal: wrong password or no key found", "vault_backup_password"),
        ("ignoring error for /x: ciphertext verification failed", "is damaged"),
        ("unable to create lock in backend: repository is already locked by PID 7", "another restic"),
        ("Stat: Access Denied.", "refuses the key"),
        ("The specified bucket does not exist", "bucket is gone"),
        ("Save returned error: no space left on device", "disk that it lies on is full"),
        ("dial tcp: connection refused", "does not answer"),
        ("connection refused\nIs there a repository at the following location?", "does not answer"),
        ("unable to open config file: Stat: Access Denied.\nIs there a repository at the following", "refuses the key"),
        ("unable to open config file: Stat: 503\nIs there a repository at the following location?", "does not answer"),
        ("The specified bucket does not exist\nIs there a repository at the following location?", "bucket is gone"),
        ("unable to open config file: Stat: The Access Key Id you provided does not exist", "refuses the key"),
        ("unable to open config file: x509: unknown authority\nIs there a repository at the", "does not answer"),
        ("took longer than 90 s.\nStat(<config/>) returned error: there is no such access key", "refuses the key"),
        ("restic cat config ... took longer than 90 s.", "does not answer"),
        ("something else", "something else"),
    ],
)
def test_words_of_restic_are_explained(said, told):
    assert told in explain(said, "s3:https://x/b")


def test_words_in_json_are_shown_without_it():
    said = '{"message_type":"exit_error","code":12,"message":"Fatal: wrong\\npassword"}'
    assert explain(said, "/r").splitlines()[-1] == "Fatal: wrong password"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-28T04:31:00Z", 1795840260.0),
        ("2026-11-28T04:31:00.123456789Z", 1795840260.123456),
        ("2026-11-28T05:31:00.5+01:00", 1795840260.5),
    ],
)
def test_times_are_read_as_go_writes_them(text, expected):
    assert seconds(text) == pytest.approx(expected)


def test_snapshots_stand_in_the_order_of_time():
    rows = [{"short_id": name, "time": f"2026-11-{day}T00:00:00Z", "paths": []} for name, day in (("b", 20), ("a", 10))]
    assert [snapshot.id for snapshot in read_snapshots(json.dumps(rows))] == ["a", "b"]
    assert read_snapshots("null") == []


SNAPSHOTS = [Snapshot("aaaa1111", 10), Snapshot("bbbb2222", 20)]


def test_a_backup_is_chosen_by_id_or_as_the_latest():
    assert choose(SNAPSHOTS, "latest").id == "bbbb2222"
    assert choose(SNAPSHOTS, "aaaa1").id == "aaaa1111"


@pytest.mark.parametrize(
    ("snapshots", "wanted", "told"), [([], "latest", "no backup yet"), (SNAPSHOTS, "x", "bbbb2222")]
)
def test_what_is_no_backup_is_refused_with_what_there_is(snapshots, wanted, told):
    with pytest.raises(BackupError, match=told):
        choose(snapshots, wanted)


def test_two_backups_stay_whatever_the_calendar_says():
    assert forget_options({"daily": 7, "weekly": 0}) == ["--keep-last=2", "--keep-daily=7"]


def test_a_backup_without_an_end_is_none():
    assert (
        summary('{"message_type": "status"}\n{"message_type": "summary", "snapshot_id": "a"}\n')["snapshot_id"] == "a"
    )
    with pytest.raises(BackupError, match="no snapshot"):
        summary('{"message_type": "status"}\n')


def test_what_is_read_to_prove_comes_from_no_cache(tmp_path):
    assert "--no-cache" in Repository("/r", {}, "shop", tmp_path, 60).reading("aaaa", "/x")


@pytest.mark.skipif(not shutil.which("restic"), reason="restic is not installed here")
class TestRestic:
    def open(self, tmp_path, password="right", url="repository") -> Repository:
        return Repository(str(tmp_path / url), {"RESTIC_PASSWORD": password}, "shop", tmp_path / "cache", 60)

    def test_a_repository_is_made_once_and_keeps_what_it_was_given(self, tmp_path):
        (tmp_path / "staging").mkdir()
        (tmp_path / "staging/a").write_text("text")
        repository = self.open(tmp_path)
        first = repository.open("")
        assert repository.open(first) == first
        made = repository.backup(["staging"], ["nightly"], tmp_path)
        (snapshot,) = repository.snapshots("nightly")
        assert snapshot.id == made["snapshot_id"][:8]
        assert repository.read(snapshot.id, "/staging/a") == "text"
        repository.check(100)
        repository.forget({"daily": 1}, "nightly")
        assert len(repository.snapshots()) == 1

    def test_another_key_and_another_repository_are_told(self, tmp_path):
        known = self.open(tmp_path).open("")
        with pytest.raises(BackupError, match="does not open the repository"):
            self.open(tmp_path, "wrong").open(known)
        with pytest.raises(BackupError, match="is gone"):
            self.open(tmp_path, url="elsewhere").open(known)
        with pytest.raises(BackupError, match="not the one"):
            self.open(tmp_path).open("0" * 64)
