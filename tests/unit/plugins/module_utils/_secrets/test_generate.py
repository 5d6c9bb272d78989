# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._secrets.generate import (
    CHARSETS,
    SecretSpec,
    generate,
    parse_specs,
    placeholder,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def test_an_empty_declaration_takes_the_defaults():
    assert parse_specs({"vault_a": {}, "vault_b": None}) == [
        SecretSpec("vault_a", 32, "alnum", "password"),
        SecretSpec("vault_b", 32, "alnum", "password"),
    ]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"1a": {}}, "'1a' is not a variable name"),
        ({"a-b": {}}, "'a-b' is not a variable name"),
        ({"a": [16]}, "secrets.a: give its options as a dictionary"),
        ({"a": {"length": 15}}, "secrets.a: length is 15, it must be 16 to 1024"),
        ({"a": {"length": 1025}}, "secrets.a: length is 1025"),
        ({"a": {"length": "long"}}, "secrets.a: .*length"),
        ({"a": {"charset": "emoji"}}, "secrets.a: .*charset.*alnum"),
        ({"a": {"kind": "rsa"}}, "secrets.a: .*kind.*password"),
        ({"a": {"lenght": 20}}, "secrets.a: .*lenght"),
    ],
)
def test_a_wrong_declaration_is_named(declared, message):
    with pytest.raises(ValueError, match=message):
        parse_specs(declared)


@settings(max_examples=60, deadline=None)
@given(charset=st.sampled_from(sorted(CHARSETS)), length=st.integers(16, 128))
def test_a_password_has_its_length_and_every_class(charset, length):
    value = generate(SecretSpec("a", length, charset, "password"))
    classes = CHARSETS[charset]
    assert len(value) == length
    assert set(value) <= set("".join(classes))
    assert all(set(value) & set(group) for group in classes)


def test_a_password_that_misses_a_class_is_drawn_again():
    draws = iter("a" * 16 + "aB3" + "a" * 13)
    value = generate(SecretSpec("a", 16, "alnum", "password"), choice=lambda alphabet: next(draws))
    assert value == "aB3" + "a" * 13


def test_a_key_is_base64_of_as_many_random_bytes():
    value = generate(SecretSpec("a", 32, "alnum", "key"), token_bytes=lambda length: bytes(range(length)))
    assert base64.b64decode(value) == bytes(range(32))


def test_two_secrets_differ():
    spec = SecretSpec("a", 16, "hex", "password")
    assert generate(spec) != generate(spec)


def test_no_charset_has_a_character_that_needs_quoting_in_yaml_jinja_or_dotenv():
    assert set("".join(map("".join, CHARSETS.values()))) & set("\"'`\\${}# \t\n") == set()


def test_a_placeholder_is_recognisable_and_long_enough():
    value = placeholder(SecretSpec("vault_a", 40, "alnum", "password"))
    assert value.startswith("placeholder-vault_a")
    assert len(value) == 40
