# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.ports import (
    BLOCK,
    END,
    FIRST,
    Claim,
    NoPorts,
    PortBook,
    choose,
)

ONE = {"one": Claim("/opt/one", 20000)}


@pytest.mark.parametrize(
    ("declared", "known", "claims", "taken", "first"),
    [
        (0, 0, {}, (), 20000),
        (0, 0, ONE, (), 20200),
        (0, 0, {**ONE, "odd": Claim("/opt/odd", 20350)}, (), 20600),
        # Ports of an app from before there was a book, or of any other program.
        (0, 0, {}, (20100,), 20200),
        (0, 0, {}, (20199, 20200), 20400),
        # What an app has it keeps.
        (0, 20000, {}, (20000,), 20000),
        (0, 20000, {"two": Claim("/opt/two", 21000)}, (), 21000),
        (0, 0, {"two": Claim("/opt/two", 21000), **ONE}, (21000,), 21000),
        # What is declared is declared; whether it fits is another question.
        (20100, 20000, ONE, (), 20100),
    ],
)
def test_an_app_gets_ports_that_no_other_has(declared, known, claims, taken, first):
    assert choose("two", declared, known, claims, taken) == first


def test_a_host_without_free_ports_says_so():
    with pytest.raises(NoPorts, match="give app_compose_first_port"):
        choose("two", 0, 0, {}, range(FIRST, END))


def test_the_book_remembers_and_forgets(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    book = PortBook(tmp_path / "etc" / "apps.json")
    assert book.claims() == {}
    assert book.claim("one", tmp_path / "one", 0, 0, ()) == 20000
    assert book.claim("two", tmp_path / "two", 0, 0, ()) == 20200
    assert book.claim("one", tmp_path / "one", 0, 0, {20000}) == 20000, "its own ports are no reason to move"
    book.forget("one")
    assert book.claims() == {"two": Claim(str(tmp_path / "two"), 20200)}
    (tmp_path / "two").rmdir()
    assert book.claims() == {}, "an app whose directory is gone has no ports"


def test_a_book_that_a_full_disk_has_cut_short_is_an_empty_one(tmp_path):
    path = tmp_path / "apps.json"
    path.write_text('{"one": {"dir')
    assert PortBook(path).claims() == {}


def test_first_releases_at_the_same_time_get_different_ports(tmp_path):
    names = [f"app{number}" for number in range(20)]
    for name in names:
        (tmp_path / name).mkdir()
    book = PortBook(tmp_path / "apps.json")
    with ThreadPoolExecutor(8) as pool:
        ports = list(pool.map(lambda name: book.claim(name, tmp_path / name, 0, 0, ()), names))
    assert sorted(ports) == list(range(FIRST, FIRST + 20 * BLOCK, BLOCK))
