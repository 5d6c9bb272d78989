# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import logging
import os
import threading

from ansible_collections.izzzi.infra.plugins.module_utils._app import progress

LOGGER = logging.getLogger("izzzi.progress")


def test_states_are_written_once_and_only_while_the_work_lasts(tmp_path, request):
    path = tmp_path / "run" / "progress"
    before = os.umask(0o077)
    request.addfinalizer(lambda: os.umask(before))
    LOGGER.info("before")
    with progress.reported("shop", path=path):
        LOGGER.info("healthy %s of %s", 1, 2)
        LOGGER.info("healthy %s of %s", 1, 2)
        LOGGER.info("healthy %s of %s", 2, 2)
        LOGGER.debug("npm WARN")
        assert path.read_text() == "shop: healthy 1 of 2\nshop: healthy 2 of 2\n"
        assert path.stat().st_mode & 0o777 == 0o644
    assert not path.exists()
    LOGGER.info("after")
    assert not path.exists()


def test_output_is_there_where_details_are_asked_for(tmp_path):
    with progress.reported("shop", detailed=True, path=tmp_path / "progress"):
        LOGGER.debug("npm   WARN\nold")
        assert (tmp_path / "progress").read_text() == "shop: | npm WARN old\n"


def test_nothing_secret_is_written(tmp_path):
    with progress.reported("shop", ["pa55word"], path=tmp_path / "progress"):
        LOGGER.info("it said pa55word")
        assert "pa55word" not in (tmp_path / "progress").read_text()


def test_a_run_that_has_nothing_to_tell_leaves_the_file_of_another_one(tmp_path):
    path = tmp_path / "progress"
    path.write_text("shop: of another run\n")
    with progress.reported("shop", path=path):
        pass
    assert path.exists()


def test_a_program_is_asked_while_it_runs_and_its_silence_is_no_fault(tmp_path):
    states = iter(["step 1", "", "step 2"])
    with progress.watched(lambda: 1 / 0, every=0.01):
        pass
    with progress.reported("shop", path=tmp_path / "progress"), progress.watched(lambda: next(states), every=0.01):
        for _each in range(200):
            if (tmp_path / "progress").exists() and "step 2" in (tmp_path / "progress").read_text():
                return
            threading.Event().wait(0.01)
        raise AssertionError("the second state was not written")


def test_a_link_is_not_followed(tmp_path):
    path, other = tmp_path / "progress", tmp_path / "other"
    other.write_text("mine")
    path.symlink_to(other)
    with progress.reported("shop", path=path):
        LOGGER.info("x")
        assert path.read_text() == "shop: x\n"
        path.unlink()
        path.symlink_to(other)
        LOGGER.info("y")
    assert other.read_text() == "mine"


def test_the_file_is_bounded_and_a_bad_place_disturbs_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "LIMIT", 40)
    with progress.reported("shop", path=tmp_path / "progress"):
        for number in range(20):
            LOGGER.info("state %s", number)
        assert (tmp_path / "progress").stat().st_size <= 40
    (tmp_path / "file").write_text("")
    with progress.reported("shop", path=tmp_path / "file" / "progress"):
        LOGGER.info("nowhere")
