# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.redis import add, digest, failure, keep_only, known

LISTING = f"""user other on sanitize-payload #{digest("foreign")} ~* +@all
user default on sanitize-payload #{digest("owner")} #{digest("old")} ~* &* +@all
"""


def test_only_passwords_of_the_default_user_count():
    assert known(LISTING) == {digest("owner"), digest("old")}
    assert known("") == set()


def test_commands_carry_hashes_and_are_kept_in_the_file():
    assert add("new") == f"ACL SETUSER default #{digest('new')}\nACL SAVE\n"
    assert keep_only(["owner", "new"]).startswith(
        f"ACL SETUSER default resetpass #{digest('owner')} #{digest('new')}\n"
    )


@pytest.mark.parametrize(
    "answer",
    [
        "ERR This Redis instance is not configured to use an ACL file.",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "Could not connect to Redis at 127.0.0.1:6379: Connection refused",
    ],
)
def test_what_redis_refuses_is_told(answer):
    assert failure(f"OK\n{answer}\n") == answer


def test_answers_are_no_failures():
    assert failure(f"OK\n{LISTING}") == ""
