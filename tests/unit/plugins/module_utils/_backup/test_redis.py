# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import redis
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError

REPORT = "[offset 195] Checksum OK\n[info] 12 keys read\n[info] 3 expires\n[info] 0 already expired\n"


def test_keys_are_read_from_the_report():
    assert redis.keys(REPORT) == {"keys": 12, "expires": 3}
    with pytest.raises(BackupError, match="bad magic"):
        redis.keys("--- RDB ERROR DETECTED ---\nbad magic\n")


def test_the_path_is_read_from_the_answer():
    assert redis.place("dir\n/data\ndbfilename\ndump.rdb\n") == "/data/dump.rdb"


@pytest.mark.parametrize(
    ("head", "tail", "whole"),
    [
        (b"REDIS0011", b"\xff12345678", True),
        (b"REDIS0011", b"\xfe12345678", False),
        (b"-NOAUTH A", b"\xff12345678", False),
        (b"REDIS0011", b"\xff123", False),
    ],
)
def test_a_file_that_was_cut_off_is_not_whole(head, tail, whole):
    assert redis.is_whole(head, tail) is whole


def info(running: int, time: int, status: str = "ok") -> dict[str, str]:
    text = f"# Persistence\r\nrdb_bgsave_in_progress:{running}\r\nrdb_last_save_time:{time}\r\n"
    return redis.facts(text + f"rdb_last_bgsave_status:{status}\r\n")


@pytest.mark.parametrize(("now", "saved"), [(info(1, 5), False), (info(0, 5), False), (info(0, 6), True)])
def test_a_save_has_ended_when_its_time_is_a_new_one(now, saved):
    assert redis.is_saved(info(0, 5), now) is saved


def test_a_save_that_failed_is_an_error():
    with pytest.raises(BackupError, match="could not save"):
        redis.is_saved(info(0, 5), info(0, 5, "err"))


@pytest.mark.parametrize(
    ("answers", "found"), [(["", "\n", "[info] 3 keys read"], "[info] 3 keys read"), ([""] * 9, "")]
)
def test_a_report_that_docker_has_lost_is_asked_for_again(monkeypatch, answers, found):
    asked = iter(answers)
    monkeypatch.setattr(redis, "run", lambda command, timeout: next(asked))
    assert redis.report(["docker", "run"], 5) == found
    assert len(list(asked)) == len(answers) - (3 if found else redis.TRIES)
