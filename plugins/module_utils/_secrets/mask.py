# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hides secrets in texts and structures before they are shown. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "********"
# Shorter values are not hidden by value: they would hide half of every text, and nothing is safe in them anyway.
SHORTEST_VALUE = 4
SHORTEST_PIECE = 8

# A name is secret when one of its words is: api_key, POSTGRES_PASSWORD and jwtSecret are, monkey and keyboard are not.
_WORD = r"passw(?:or)?d|passphrase|pwd|pass|secret|token|api_?key|key|credential|authorization|cookie"
SECRET_NAME = re.compile(
    rf"(?:^|[^A-Za-z0-9])(?i:{_WORD})s?(?:$|[^a-z0-9])"  # snake_case, kebab-case, UPPER_CASE, dotted
    rf"|[a-z0-9](?=[A-Z])(?i:{_WORD})s?(?:$|[^a-z0-9])"  # camelCase
)
# name: value, name=value and "name": "value". The value ends with its quote, or at a blank or a separator.
_ASSIGNMENT = re.compile(
    r"""(?P<head>(?<![\w.-])(?P<name>[A-Za-z_][\w.-]*)\\?["']?\s{0,3}[:=]\s{0,3})
        (?P<value>(?:(?:bearer|basic)\s+)?(?:"(?:[^"\\]|\\.)*"|\\"(?:(?!\\").)*\\"|'[^']*'|[^\s"',;&}\])\\]+))""",
    re.VERBOSE | re.IGNORECASE,
)
# scheme://user:password@host: the password; http(s)://token@host: a lone user is a token there.
_URL_PASSWORD = re.compile(
    r"(?P<head>(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/:@\"'?#]*:)[^\s/\"'?#]+(?=@)", re.IGNORECASE
)
_URL_TOKEN = re.compile(r"(?P<head>\bhttps?://)[^\s/:@\"'?#]+(?=@)", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    return bool(SECRET_NAME.search(name))


def mask(value: Any, secrets: Iterable[str] = (), replacement: str = MASK) -> Any:
    """Copy a text or structure without secrets: neither the given values, nor those under secret names."""
    return masker(secrets, replacement)(value)


def masker(secrets: Iterable[str], replacement: str = MASK) -> Callable[[Any], Any]:
    """Return `mask` for many texts, with the same secrets."""
    known = _pattern(secrets)
    return lambda value: _mask(value, known, replacement)


def _mask(value: Any, known: re.Pattern[str] | None, replacement: str) -> Any:
    if isinstance(value, str):
        return _mask_text(value, known, replacement)
    if isinstance(value, Mapping):
        return {
            _mask(key, known, replacement): _hide(item, replacement)
            if isinstance(key, str) and is_secret_name(key)
            else _mask(item, known, replacement)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_mask(item, known, replacement) for item in value]
    return value


def _hide(value: Any, replacement: str) -> Any:
    """Mask everything under a secret name. Empty, true and false stay visible: they tell nothing but that."""
    if isinstance(value, Mapping):
        return {key: _hide(item, replacement) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_hide(item, replacement) for item in value]
    return value if value is None or value == "" or isinstance(value, bool) else replacement


def _mask_text(text: str, known: re.Pattern[str] | None, replacement: str) -> str:
    text = known.sub(lambda _match: replacement, text) if known else str(text)
    text = _URL_PASSWORD.sub(lambda match: match["head"] + replacement, text)
    text = _URL_TOKEN.sub(lambda match: match["head"] + replacement, text)
    return _ASSIGNMENT.sub(lambda match: _mask_assignment(match, replacement), text)


def _mask_assignment(match: re.Match[str], replacement: str) -> str:
    if not is_secret_name(match["name"]):
        return match[0]
    value = match["value"]
    quote_mark = re.match(r"""\\?["']|""", value)[0]
    return match["head"] + quote_mark + replacement + quote_mark


def _pattern(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Match all forms of all secrets, the longest first, so that a part never hides the rest of a longer one."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_VALUE for form in _forms(str(secret))}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _forms(secret: str) -> Iterator[str]:
    """Return the value and its forms inside JSON, a URL, base64 and, line by line, a log."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    encoded = secret.encode("utf-8", "surrogatepass")
    for percent in (quote(encoded, safe=""), quote(encoded), quote_plus(encoded)):
        yield percent
        yield re.sub("%..", lambda match: match[0].lower(), percent)
    yield from _base64_forms(encoded)
    yield from (line for line in secret.splitlines() if len(line) >= SHORTEST_PIECE)


def _base64_forms(data: bytes) -> Iterator[str]:
    """Return the base64 of the value at any position in a longer text, without the characters that its neighbours
    decide."""
    for offset in range(3):
        bits = 8 * offset
        first, last = -(-bits // 6), (bits + 8 * len(data)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            piece = encode(b"\0" * offset + data).decode("ascii")[first:last]
            if len(piece) >= SHORTEST_PIECE or (offset == 0 and len(piece) > SHORTEST_VALUE):
                yield piece
