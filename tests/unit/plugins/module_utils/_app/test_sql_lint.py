# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql_lint import lint


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DROP TABLE users;", "drops a table"),
        ("ALTER TABLE users DROP COLUMN name;", "drops a column"),
        ("alter table users drop name;", "drops a column"),
        ('ALTER TABLE "User" RENAME COLUMN "a" TO "b";', "renames"),
        ("ALTER TABLE users RENAME TO people;", "renames"),
        ('ALTER TABLE "User" ALTER COLUMN "age" SET DATA TYPE TEXT;', "changes a column's type"),
        ("ALTER TABLE users ALTER age TYPE bigint;", "changes a column's type"),
        ("ALTER TABLE users ALTER COLUMN age SET NOT NULL;", "forbids NULL in a column that exists"),
        ('ALTER TABLE "User" ADD COLUMN "mail" TEXT NOT NULL;', "adds a column NOT NULL without a default"),
        ("TRUNCATE users;", "empties a table"),
        ("DELETE FROM users;", "deletes all rows"),
    ],
)
def test_what_is_destructive_is_found(sql, what):
    assert [finding.what for finding in lint(sql)] == [what]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);",
        "ALTER TABLE users ADD COLUMN mail text;",
        "ALTER TABLE users ADD COLUMN active boolean NOT NULL DEFAULT true;",
        "ALTER TABLE users ADD CONSTRAINT mail_key UNIQUE (mail);",
        "ALTER TABLE users ALTER COLUMN age DROP NOT NULL, ALTER COLUMN age DROP DEFAULT;",
        "CREATE INDEX users_mail ON users (mail);",
        "DELETE FROM users WHERE id = 1;",
        "-- DROP TABLE users;\nSELECT 1;",
        "/* DROP TABLE users; */ INSERT INTO notes VALUES ('DROP TABLE users; -- it''s fine');",
        "CREATE FUNCTION f() RETURNS void AS $$ BEGIN DELETE FROM cache; END $$ LANGUAGE plpgsql;",
        "-- izzzi: compatible\nDROP TABLE leftovers;",
        "",
    ],
)
def test_what_is_compatible_is_not(sql):
    assert lint(sql) == []


def test_a_finding_names_its_line():
    (finding,) = lint("-- Prisma\nSELECT 1;\n\nDROP TABLE users;")
    assert str(finding) == "line 4 drops a table: DROP TABLE users"
