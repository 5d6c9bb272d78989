# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

from ansible_collections.izzzi.infra.plugins.module_utils._compose.postgres import (
    create_login,
    drop_logins,
    login_name,
    verifier,
)


def test_every_password_has_a_login_of_its_own():
    assert login_name("izzzi", "a" * 20) != login_name("izzzi", "b" * 20)
    assert login_name("izzzi", "a" * 20) == login_name("izzzi", "a" * 20)


def test_the_verifier_is_that_of_rfc_7677():
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_statements_quote_names_and_never_hold_the_password():
    sql = create_login("izzzi", 'a"b', "hunter22hunter22")
    assert 'CREATE ROLE "a""b" LOGIN' in sql
    assert "hunter22" not in sql
    assert 'DROP ROLE "izzzi_1";' in drop_logins(["izzzi_1"], "izzzi")
