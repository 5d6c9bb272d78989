# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.account import (
    answers,
    key_path,
    new_key,
    thumbprint,
    thumbprint_of,
)
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Failure

# A key made by openssl; its thumbprint as the package josepy computes it.
PUBLIC = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQu0EBjOVxRsp4X6AiWJfj4cMJXTB
cgqLVEKvxWuS4m4lG9ZEBwdLQlw5IkW2kpIoUq1aSjeXzFrO7ry5xGXUVQ==
-----END PUBLIC KEY-----
"""


def test_a_thumbprint_is_that_of_rfc_7638():
    import hashlib
    import json
    from base64 import b64decode, urlsafe_b64encode

    point = b64decode("".join(PUBLIC.splitlines()[1:-1]))[-64:]
    x, y = (urlsafe_b64encode(part).decode().rstrip("=") for part in (point[:32], point[32:]))
    text = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    wanted = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    assert thumbprint_of(PUBLIC) == wanted
    assert len(wanted) == 43


def test_a_key_of_ones_own_is_one_that_lego_reads():
    key = new_key()
    assert "BEGIN EC PRIVATE KEY" in key
    assert len(thumbprint(key)) == 43
    assert thumbprint(key) == thumbprint(key) != thumbprint(new_key())


def test_what_is_no_key_is_a_failure():
    with pytest.raises(Failure, match="cannot be read"):
        thumbprint("nonsense")


def test_lego_finds_the_key_of_the_account():
    path = key_path(Path("/run/x"), "https://localhost:14000/dir", "ops@shop.example")
    assert str(path) == "/run/x/accounts/localhost_14000/ops@shop.example/keys/ops@shop.example.key"


def test_nginx_answers_every_challenge_and_nothing_else():
    text = answers("MARK")
    assert 'return 200 "$1.MARK";' in text
    assert "return 404;" in text
