# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds secrets that are none: placeholders of guides, defaults, short keys. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .mask import is_secret_name

_PLACEHOLDER = re.compile(
    r"change[-_ ]?(?:me|this|it)|your[-_ ].*|.*[-_ ](?:here|ici)$|votre[-_ ].*|placeholder.*|example|dummy|todo|fixme"
    r"|replace[-_ ]?me.*"
    r"|x{4,}|\*{3,}|\.{3,}|<.*>|\$\{?[A-Za-z_]\w*\}?|sk_(?:test|live)_(?:x+|\.+|your.*)"
    r"|(?:secret|password|token)[-_ ]?(?:here|key)?",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"change[-_]?me|your[-_].+[-_]here|votre[-_].+|replace[-_]?me", re.IGNORECASE)
_COMMON = frozenset(
    [
        "admin",
        "administrator",
        "changeme",
        "default",
        "demo",
        "dev",
        "izzzi",
        "letmein",
        "minioadmin",
        "mypassword",
        "pass",
        "passw0rd",
        "password",
        "postgres",
        "qwerty",
        "redis",
        "root",
        "secret",
        "test",
        "toor",
        "user",
        "welcome",
        "123456",
        "12345678",
        "123456789",
        "1234567890",
    ]
)
_URL_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@")
SHORTEST = 16
SHORTEST_KEY = 32
LEAST_BITS = 48.0
_KEY_NAME = re.compile(r"jwt|signing|encryption|session|cookie|hmac", re.IGNORECASE)


def weakness(name: str, value: Any, minimum: int = 0) -> str:
    """Return why a value is not a secret, empty if it may be one. Never repeat the value."""
    if not isinstance(value, str):
        return f"is a {type(value).__name__}, not text"
    if not value:
        return "is empty"
    if _PLACEHOLDER.fullmatch(value.strip()) or _INSIDE.search(value):
        return "is a placeholder"
    if "://" in value:
        return _url_weakness(value)
    if value.lower() in _COMMON:
        return "is a default that everybody tries first"
    if len(set(value)) == 1 or value.lower() in name.lower().split("_"):
        return "can be guessed"
    needed = minimum or (SHORTEST_KEY if _KEY_NAME.search(name) else SHORTEST)
    if len(value) < needed:
        return f"has {len(value)} characters, at least {needed} are needed"
    if entropy(value) < LEAST_BITS:
        return "repeats itself"
    return ""


def _url_weakness(value: str) -> str:
    """Check URLs such as `postgresql://izzzi:izzzi@host/`."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return "is not a URL"
    password = parts.password
    if password is None:
        return ""
    if password.lower() in _COMMON or password == parts.username:
        return "has a default password in it"
    if _PLACEHOLDER.fullmatch(password) or _INSIDE.search(password):
        return "has a placeholder for its password"
    return f"has a password of {len(password)} characters in it" if len(password) < SHORTEST else ""


def entropy(value: str) -> float:
    """Return bits by the frequency of its characters: an upper bound of its strength."""
    counts = Counter(value)
    return -sum(n * math.log2(n / len(value)) for n in counts.values())


def find_weak(values: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, str]:
    """Return the names whose values are weak, with the reason: secret-sounding names and all declared ones."""
    declared = declared or {}
    result = {}
    for name, value in values.items():
        if name in declared or is_secret_name(name) or (isinstance(value, str) and _URL_WITH_PASSWORD.search(value)):
            options = declared.get(name) or {}
            minimum = int(options.get("minimum", 0))
            if reason := weakness(name, value, minimum):
                result[name] = reason
    return result
