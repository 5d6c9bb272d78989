# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import remove as removing
from ansible_collections.izzzi.infra.plugins.module_utils._compose.neighbours import Neighbour
from ansible_collections.izzzi.infra.plugins.module_utils._compose.upstream import http_file

LIVE = Manifest("r1", "r1", "f", GOOD, colour="blue", live_at=1)


def with_files(t):
    for path in ("data/compose.yml", "data/owner-password", "backups/1.dump", "blue/compose.yml", "edge-token"):
        (t.app.directory / path).parent.mkdir(exist_ok=True)
        (t.app.directory / path).write_text("x")
    return t


def test_there_is_nothing_of_an_app_that_never_was(transaction):
    t = transaction()
    result = removing.answer(t, removing.find(t))
    assert result == {"changed": False, "removed": [], "kept": [], "command": ""}


def test_releases_go_and_what_the_data_needs_stays(transaction):
    t = with_files(transaction(LIVE))
    directory = t.app.directory
    found = removing.find(t)
    result = removing.answer(t, found)
    assert str(directory / "releases") in result["removed"]
    assert result["kept"] == [f"{directory}/backups/1.dump", f"{directory}/data/owner-password"]
    assert result["command"] == f"sudo rm -r {directory}"
    removing.remove(t, found, lambda: None)
    removing.leave(directory)
    left = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    assert left == ["backups/1.dump", "data/owner-password"]
    assert not removing.answer(t, removing.find(t))["changed"], "a second removal changes nothing"


def test_nothing_is_left_of_an_app_without_data(transaction):
    t = transaction(LIVE)
    removing.remove(t, removing.find(t), lambda: None)
    removing.leave(t.app.directory)
    assert not t.app.directory.exists()


def test_its_site_stays_valid_and_knows_of_no_release(transaction, tmp_path):
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "http.conf").write_text(http_file("shop", "t", {"api": [20000]}, {"api": [20100]}))
    t = transaction(LIVE, edge_directory=str(tmp_path / "edge"))
    edge = removing.find(t).edge
    assert edge["server.conf"] is None
    assert "server 127.0.0.1:9 down;" in edge["http.conf"]
    assert 'map "" $shop_api_sticky {' in edge["http.conf"]
    assert "2000" not in edge["http.conf"]
    (tmp_path / "edge" / "http.conf").write_text(edge["http.conf"])
    assert removing.find(t).edge == {}, "a second removal leaves it alone"


def test_the_site_of_another_app_is_left_alone(transaction, tmp_path):
    (tmp_path / "http.conf").write_text(http_file("other", "t", {"api": [20000]}))
    assert removing.find(transaction(LIVE, edge_directory=str(tmp_path))).edge == {}


def test_a_project_of_the_same_name_from_elsewhere_is_not_removed(transaction, tmp_path, monkeypatch):
    (tmp_path / "no-programs").mkdir()
    (tmp_path / "no-programs" / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "no-programs" / "docker").chmod(0o755)
    t = transaction(LIVE)
    mine = Neighbour("shop-db-1", "shop", str(t.app.directory / "data"), True, volumes=("shop_db", "0" * 64))
    monkeypatch.setattr(removing, "neighbours", lambda: [mine])
    assert removing.find(t).containers == [mine]
    monkeypatch.setattr(removing, "neighbours", lambda: [mine, replace(mine, directory="/srv/shop")])
    with pytest.raises(ReleaseError, match=r"The Compose project shop is of /srv/shop .* nothing was removed"):
        removing.find(t)
