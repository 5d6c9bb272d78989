# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.certificate import (
    DAY,
    Certificate,
    check_pair,
    fingerprint,
    parse,
    placeholder,
    read,
    serves,
    why,
)
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Failure

SAID = """notBefore=Nov 29 14:00:00 2026 GMT
notAfter=Feb 27 14:00:00 2027 GMT
subject=CN = shop.example
issuer=CN = Pebble
X509v3 Subject Alternative Name:
    DNS:shop.example, DNS:www.shop.example
"""
NOW = 1_000_000_000.0


def issued(days: float, *, life: float = 90, names: str = "shop.example", **more) -> Certificate:
    return Certificate(frozenset(names.split()), NOW - (life - days) * DAY, NOW + days * DAY, **more)


def test_openssls_words_are_read():
    found = parse(SAID)
    assert found.names == {"shop.example", "www.shop.example"}
    assert found.end - found.begin == 90 * DAY
    assert not found.is_placeholder
    assert parse("nonsense") is None


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "it has none yet"),
        (issued(3650, is_placeholder=True), "it has none yet"),
        (issued(80, names="www.shop.example"), "the names change from www.shop.example to shop.example"),
        (issued(80), ""),
        (issued(29), "it ends in 29.0 days"),
        (issued(-1), "it has ended"),
        (issued(3, life=6), ""),
        (issued(1.9, life=6), "it ends in 1.9 days"),
    ],
)
def test_a_new_one_is_needed_in_the_last_third_of_its_life(certificate, reason):
    assert why(certificate, ["shop.example"], NOW) == reason


def test_only_one_of_an_authority_that_has_all_names_does_for_browsers():
    assert serves(issued(1), ["shop.example"], NOW)
    assert not serves(issued(1), ["shop.example", "www.shop.example"], NOW)
    assert not serves(issued(1, is_placeholder=True), ["shop.example"], NOW)
    assert not serves(issued(-1), ["shop.example"], NOW)
    assert not serves(None, ["shop.example"], NOW)


def test_a_placeholder_is_read_as_one():
    pem = placeholder(["shop.example", "*.shop.example"])
    found = read(pem)
    assert found.is_placeholder
    assert found.names == {"shop.example", "*.shop.example"}
    assert found.begin <= time.time() < found.end
    assert len(found.leaf) == len(fingerprint(b"")) == 64
    assert read(placeholder(["_"])).names == {"localhost"}
    assert read("nonsense") is None


def test_a_pair_must_fit_and_be_for_the_names():
    one, other = placeholder(["shop.example"]), placeholder(["shop.example"])
    check_pair(one, ["shop.example"])
    with pytest.raises(Failure, match=r"is for shop\.example"):
        check_pair(one, ["www.shop.example"])
    key = one[: one.index("-----BEGIN CERTIFICATE")]
    with pytest.raises(Failure, match="does not fit the key"):
        check_pair(key + other[other.index("-----BEGIN CERTIFICATE") :], ["shop.example"])
