# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.http import Request, parse_address


@pytest.mark.parametrize(
    ("address", "parsed"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:8080", ("::1", 8080)), ("app:65535", ("app", 65535))],
)
def test_addresses(address, parsed):
    assert parse_address(address) == parsed


@pytest.mark.parametrize("address", ["127.0.0.1", ":80", "host:", "host:0", "host:65536", "host:http", "host:-1"])
def test_wrong_addresses_are_named(address):
    with pytest.raises(ValueError, match=r"connect_to: .* is not host:port"):
        parse_address(address)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("example.com", "is not an http:// or https:// URL"),
        ("ftp://example.com/", "is not an http:// or https:// URL"),
        ("http:///path", "is not an http:// or https:// URL"),
        ("http://me:pass@example.com/", "it has credentials in it"),
        ("http://example.com:99999/", "Port out of range"),
    ],
)
def test_wrong_urls_are_named(url, message):
    with pytest.raises(ValueError, match=message) as caught:
        Request(url)
    assert "pass" not in str(caught.value)
