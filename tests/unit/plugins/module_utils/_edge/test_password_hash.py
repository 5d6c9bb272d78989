# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.password_hash import salt_of, sha512_crypt, users_file


@pytest.mark.parametrize(
    ("password", "salt"),
    [
        ("hunter22", "abcdefgh"),
        ("x", "saltsaltsaltsalt"),
        ("p" * 64, "./"),
        ("é" * 70, "a"),
        ("with blank: $6$", "Zz09"),
    ],
)
def test_hashes_are_those_of_openssl(password, salt):
    openssl = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, password], capture_output=True, text=True, check=True
    )
    assert sha512_crypt(password, salt) == openssl.stdout.strip()


def test_a_salt_depends_on_names_and_not_on_the_password():
    assert len(salt_of("host", "shop", "ops")) == 16
    assert len({salt_of("host", "shop", "ops"), salt_of("host", "shop", "dev"), salt_of("hosts", "hop", "ops")}) == 3
    first, second = (users_file({"ops": password}, ["ops"], "host", "shop") for password in ("hunter22", "hunter33"))
    assert first.rpartition("$")[0] == second.rpartition("$")[0]
    assert first != second


def test_a_file_has_those_who_may_enter_and_stays_the_same():
    passwords = {"ops": "hunter22", "dev": "hunter33"}
    text = users_file(passwords, ["ops"], "host", "shop")
    assert text == users_file(passwords, ["ops"], "host", "shop")
    assert text.startswith("ops:$6$")
    assert text.count("\n") == 1
    assert "hunter22" not in text


@pytest.mark.parametrize("kind", ["-6", "-5", "-apr1"])
def test_a_hash_stays_as_it_is(kind):
    made = subprocess.run(["openssl", "passwd", kind, "hunter22"], capture_output=True, text=True, check=True)
    hashed = made.stdout.strip()
    assert users_file({"ops": hashed}, ["ops"], "shop") == f"ops:{hashed}\n"
    assert users_file({"ops": hashed[:-9]}, ["ops"], "shop").startswith("ops:$6$")
    assert hashed[:-9] not in users_file({"ops": hashed[:-9]}, ["ops"], "shop")
