# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import table
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("notes", ("public", "notes")),
        ("shop.notes", ("shop", "notes")),
        ('"Odd"."its|one"', ("Odd", "its|one")),
        ('"a""b".c', ('a"b', "c")),
    ],
)
def test_a_table_is_read_as_sql_writes_it(text, parts):
    assert table.split(text) == parts


@pytest.mark.parametrize("text", ["", "a.b.c", "a; DROP TABLE b", '"a.b', "Notes"])
def test_what_is_no_table_is_refused(text):
    with pytest.raises(BackupError, match="is not a table"):
        table.split(text)


def test_the_present_table_is_moved_and_not_dropped():
    made = table.put_away("public", "notes", "before_1")
    assert made.splitlines() == [
        'CREATE SCHEMA "before_1";',
        'ALTER TABLE IF EXISTS "public"."notes" SET SCHEMA "before_1";',
    ]


def test_names_are_quoted_in_questions():
    assert """to_regclass('"a''b"."c"')""" in table.users("a'b", "c")
    assert """to_regclass('"a"."c"')""" in table.foreign_keys("a", "c")


def test_only_what_an_earlier_restore_has_kept_is_dropped():
    made = table.drop_kept("before_20261128t043100")
    assert "'^before_[0-9]{8}t[0-9]{6}$' AND nspname <> 'before_20261128t043100'" in made
    assert made.endswith("\\gexec\n")
