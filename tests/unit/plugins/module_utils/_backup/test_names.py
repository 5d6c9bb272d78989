# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._backup import names

AT = 1795840260.0


def test_a_name_tells_what_it_is_and_when_and_fits():
    assert names.beside("shop", names.BEFORE, AT) == "shop_before_20261128t043100"
    assert len(names.beside("é" * 63, names.RESTORING, AT).encode()) <= 63


def test_databases_of_a_kind_are_found_again():
    made = [names.beside("shop", kind, AT) for kind in (names.BEFORE, names.RESTORING)]
    others = ["shop", "shop_before_yesterday", "other_before_20261128t043100"]
    assert names.of_kind([*made, *others], "shop", names.BEFORE) == made[:1]
    long = "a" * 60
    assert names.of_kind([names.beside(long, names.BEFORE, AT)], long, names.BEFORE)
