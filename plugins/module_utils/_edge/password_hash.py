# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA-512 crypt, the hash `$6$` that nginx and logins know. Python has it no more, and not every machine has passlib.

The steps are those of https://www.akkadia.org/drepper/SHA-crypt.txt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

ROUNDS = 5000
HASH = re.compile(
    r"\$((apr1|1)\$[^$]{1,8}\$[./\w]{22}|5\$(rounds=\d+\$)?[^$]{1,16}\$[./\w]{43}|6\$(rounds=\d+\$)?[^$]{1,16}\$[./\w]{86})\Z",
    re.ASCII,
)
ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def salt_of(*names: str) -> str:
    """The same for the same names, so that a second run changes nothing. It says nothing of the password."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return "".join(ALPHABET[byte % 64] for byte in digest[:16])


def sha512_crypt(password: str, salt: str) -> str:
    key, grain = password.encode(), salt.encode()
    digest = _first_digest(key, grain)
    p = _repeat(_sha(key * len(key)), len(key))
    s = _repeat(_sha(grain * (16 + digest[0])), len(grain))
    for number in range(ROUNDS):
        text = p if number % 2 else digest
        text += s if number % 3 else b""
        text += p if number % 7 else b""
        digest = _sha(text + (digest if number % 2 else p))
    return f"$6${salt}${_encode(digest)}"


def _sha(text: bytes) -> bytes:
    return hashlib.sha512(text).digest()


def _repeat(text: bytes, length: int) -> bytes:
    return (text * (length // len(text) + 1))[:length]


def _first_digest(key: bytes, salt: bytes) -> bytes:
    other = _sha(key + salt + key)
    text = key + salt + _repeat(other, len(key))
    count = len(key)
    while count:
        text += other if count & 1 else key
        count >>= 1
    return _sha(text)


def _encode(digest: bytes) -> str:
    """Base 64 of crypt's own alphabet, of bytes in crypt's own order."""
    result, triple = "", (0, 21, 42)
    for _number in range(21):
        result += _digits((digest[triple[0]] << 16) | (digest[triple[1]] << 8) | digest[triple[2]], 4)
        triple = (triple[1] + 1, triple[2] + 1, triple[0] + 1)
    return result + _digits(digest[63], 2)


def _digits(value: int, count: int) -> str:
    return "".join(ALPHABET[(value >> 6 * place) & 63] for place in range(count))


def users_file(passwords: Mapping[str, str], names: Iterable[str], *place: str) -> str:
    """Write lines of name:hash, as nginx reads them. `place` makes the salts differ between sites and hosts.

    A value that is a hash already, as `openssl passwd` makes them, stays as it is.
    """
    return "".join(f"{name}:{_hashed(passwords[name], salt_of(*place, name))}\n" for name in names)


def _hashed(password: str, salt: str) -> str:
    return password if HASH.match(password) else sha512_crypt(password, salt)
