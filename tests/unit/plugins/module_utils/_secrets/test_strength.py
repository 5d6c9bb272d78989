# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._secrets.strength import find_weak, weakness

STRONG = "q7Rk2mVx9TfLw4Zs8HbNc3Yd6PgJ5a1E"


@pytest.mark.parametrize(
    "value",
    [
        *("CHANGE_ME", "change-me-in-production", "YOUR_API_KEY_HERE", "VOTRE_CLE", "sk_test_xxx", "izzzi", "password"),
        *("<your token>", "${SECRET}", "a" * 40, "short", "", "abababababababab", "placeholder-vault"),
        *("postgresql://izzzi:izzzi@postgres:5432/izzzi", "redis://:password@redis", "postgresql://u:CHANGE_ME@h/d"),
    ],
)
def test_what_is_no_secret_is_found(value):
    assert weakness("API_SECRET", value)


@pytest.mark.parametrize("value", [STRONG, f"postgresql://izzzi:{STRONG}@postgres:5432/izzzi", "https://example.com"])
def test_what_may_be_one_passes(value):
    assert weakness("API_SECRET", value) == ""


def test_signing_keys_must_be_longer_and_values_are_never_repeated():
    found = find_weak({"JWT_SECRET": STRONG[:20], "API_TOKEN": STRONG[:20], "PORT": "4000", "MAIL_HOST": "mail"})
    assert found == {"JWT_SECRET": "has 20 characters, at least 32 are needed"}
    assert find_weak({"PIN": "1234"}, {"PIN": {"minimum": 4}}) == {"PIN": "repeats itself"}
