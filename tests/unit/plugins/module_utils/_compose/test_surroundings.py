# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import surroundings
from ansible_collections.izzzi.infra.plugins.module_utils._compose.ports import PortBook

LIVE = Manifest("r1", "r1", "f", GOOD, services={"api": {"port": 4000}}, colour="blue", live_at=1)


@pytest.fixture
def book(tmp_path) -> PortBook:
    return PortBook(tmp_path / "apps.json")


def test_an_app_is_given_ports_and_keeps_them(transaction, book, tmp_path):
    (tmp_path / "one").mkdir()
    book.claim("one", tmp_path / "one", 0, 0, ())
    t = transaction()
    surroundings.claim_ports(t, 0, book)
    assert t.app.first_port == 20200
    again = transaction()
    surroundings.take_ports(again, 0, book)
    assert again.app.first_port == 20200


def test_another_apps_directory_is_left_alone(transaction, book):
    t = transaction()
    book.claim("one", t.app.directory, 0, 0, ())
    with pytest.raises(ReleaseError, match=r"shop is the directory of the app one"):
        surroundings.require_own_directory(t, book)
    book.forget("one")
    surroundings.require_own_directory(t, book)


def test_a_check_notes_nothing(transaction, book):
    t = transaction()
    surroundings.take_ports(t, 0, book)
    assert t.app.first_port == 20000
    assert not book.path.exists()


def test_a_live_release_from_before_the_book_keeps_the_ports_it_had(transaction, book, tmp_path):
    (tmp_path / "one").mkdir()
    book.claim("one", tmp_path / "one", 0, 0, ())
    t = transaction(LIVE)
    surroundings.take_ports(t, 0, book)
    assert t.app.first_port == 20000


def test_a_live_release_keeps_its_ports_when_others_are_declared(transaction, book):
    t = transaction(replace(LIVE, first_port=20000))
    surroundings.take_ports(t, 21000, book)
    assert t.app.ports("green") == {"api": [21100]}
    assert t.of_release(t.live).ports("blue") == {"api": [20000]}


def test_a_killed_run_is_ended_with_the_ports_that_it_began_with(transaction, book):
    t = transaction(LIVE)
    t.journal = {"first_port": 23000}
    surroundings.take_ports(t, 21000, book)
    assert t.app.first_port == 23000


def test_ports_that_reach_into_the_live_releases_are_refused(transaction, monkeypatch):
    monkeypatch.setattr(surroundings, "neighbours", list)
    t = transaction(replace(LIVE, first_port=20100))
    t.app = replace(t.app, first_port=20000)
    (sentence,) = surroundings.look_around(t)
    assert "ports of the live one (20100 to 20100)" in sentence
    t.app = replace(t.app, first_port=20200)
    assert surroundings.look_around(t) == []


@pytest.mark.parametrize(
    ("names", "found"),
    [("shop.test www.shop.test", "shop.test"), ("_", ""), ("*.shop.test a.shop.test", "a.shop.test"), ("*.a.test", "")],
)
def test_the_site_of_an_app_has_a_name(tmp_path, names, found):
    (tmp_path / "other").write_text("    server_name other.test;\n    include /etc/nginx/izzzi/other/server*.conf;\n")
    (tmp_path / "shop").write_text(f"    server_name {names};\n    include /etc/nginx/izzzi/shop/server*.conf;\n")
    assert surroundings.site_name("/etc/nginx/izzzi/shop", tmp_path) == found
    assert surroundings.site_name("", tmp_path) == ""
