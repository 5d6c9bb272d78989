# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._secrets.mask import MASK, is_secret_name, mask
from hypothesis import assume, given
from hypothesis import strategies as st

SECRET = 'p@ss w/"ö\\+'
# Neighbours that cannot themselves be part of a secret, and secrets that are not part of the mask.
plain = st.text("xyz .", max_size=10)
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*xyz ."), min_size=4, max_size=24)


SECRET_NAMES = """password DB_PASSWORD db-password secret jwtSecret JWT_SECRET api_key apiKey API_KEYS x-auth-token
    tokens Authorization Cookie MAIL_PASS ssh_key credentials app.password passwd passphrase"""
OTHER_NAMES = "monkey keyboard passenger compass tokenizer secretary username host donkeys"


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_secret_names(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_other_names(name):
    assert not is_secret_name(name)


@given(before=plain, secret=secrets, after=plain)
def test_no_form_of_a_secret_is_left(before, secret, after):
    forms = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    ]
    for form in forms:
        assert mask(before + form + after, [secret]) == before + MASK + after


@given(before=st.binary(max_size=7), secret=st.text("abcdef123", min_size=8, max_size=24), after=st.binary(max_size=7))
def test_a_secret_inside_base64_cannot_be_decoded_from_what_is_left(before, secret, after):
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    masked = mask(f"x {encoded}", [secret])
    assert MASK in masked
    longest_rest = max(masked.removeprefix("x ").split(MASK), key=len)
    assert len(longest_rest) <= len(encoded) - len(secret)


@given(secret=secrets, other=secrets)
def test_a_part_of_a_longer_secret_does_not_uncover_the_rest(secret, other):
    assume(other not in secret)
    assert mask(secret + other, [secret, secret + other]) == MASK


def test_short_values_are_not_masked_by_value():
    assert mask("abc abc", ["abc", ""]) == "abc abc"


def test_lines_of_a_long_secret_are_masked_one_by_one():
    key = "-----BEGIN KEY-----\nMIIBVgIBADANBg\n-----END KEY-----"
    assert mask("1: MIIBVgIBADANBg", [key]) == f"1: {MASK}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("DB_PASSWORD=abc next", f"DB_PASSWORD={MASK} next"),
        ("password: abc, user: me", f"password: {MASK}, user: me"),
        ('{"token":"a b\\"c","n":1}', f'{{"token":"{MASK}","n":1}}'),
        ('"{\\"token\\": \\"a b\\"}"', f'"{{\\"token\\": \\"{MASK}\\"}}"'),
        ("secret='a b' x", f"secret='{MASK}' x"),
        ("Authorization: Bearer abc.def-g", f"Authorization: {MASK}"),
        ("?token=abc&page=2", f"?token={MASK}&page=2"),
        ("postgresql://izzzi:pw@db:5432/x", f"postgresql://izzzi:{MASK}@db:5432/x"),
        ("redis://:pw@redis:6379", f"redis://:{MASK}@redis:6379"),
        ("https://abcdef@sentry.io/1", f"https://{MASK}@sentry.io/1"),
        ("git clone ssh://git@host/r", "git clone ssh://git@host/r"),
        ("monkey: banana", "monkey: banana"),
        ("http://host/path@2x.png", "http://host/path@2x.png"),
    ],
)
def test_texts(text, masked):
    assert mask(text) == masked


def test_structures_keep_their_shape():
    value = {
        "user": "me",
        "password": "abc",
        "nested": {"apiKeys": ["a", {"b": 1}], "url": "amqp://a:b@c"},
        "lines": ("x " + SECRET, 4000),
        "token": None,
        "secret_enabled": True,
    }
    assert mask(value, [SECRET]) == {
        "user": "me",
        "password": MASK,
        "nested": {"apiKeys": [MASK, {"b": MASK}], "url": f"amqp://a:{MASK}@c"},
        "lines": [f"x {MASK}", 4000],
        "token": None,
        "secret_enabled": True,
    }


def test_the_input_is_not_changed():
    value = {"password": "abc", "list": [SECRET]}
    mask(value, [SECRET])
    assert value == {"password": "abc", "list": [SECRET]}


@pytest.mark.parametrize("text", ["a" * 300_000, "a.-" * 100_000, "a://b:" * 50_000, "token=" * 50_000, '"' * 300_000])
def test_no_text_takes_long(text):
    start = time.perf_counter()
    mask(text, [SECRET])
    assert time.perf_counter() - start < 2
