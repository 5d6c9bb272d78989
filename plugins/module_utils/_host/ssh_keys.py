# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys as a line of authorized_keys: what is wrong with them. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

SMALLEST_RSA = 3072  # bits; what ssh-keygen makes and BSI and NIST ask for
_TYPES = re.compile(
    r"(ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$"
)
_ED25519 = 32  # bytes


def problems(keys: Iterable[str], smallest_rsa: int = SMALLEST_RSA) -> list[str]:
    """One sentence for each key that must not be let in; empty when all are fit."""
    found = []
    for number, key in enumerate(keys):
        try:
            check(key, smallest_rsa)
        except ValueError as error:
            found.append(f"key {number + 1} ({_excerpt(key)}): {error}")
    return found


def check(key: str, smallest_rsa: int = SMALLEST_RSA) -> None:
    """Raises ValueError that says why the key is not fit."""
    if not isinstance(key, str) or not key.strip():
        raise ValueError("it is empty. Give the content of a .pub file.")
    if "PRIVATE KEY" in key:
        raise ValueError(
            "it is a PRIVATE key. Give the content of the .pub file, and make a new pair if this one was shared."
        )
    if len(key.strip().splitlines()) > 1:
        raise ValueError("it has several lines. Give each key as an item of its own.")
    words = _words(key)
    index = next((i for i, word in enumerate(words[:2]) if _TYPES.match(word)), None)
    if index is None or len(words) < index + 2:
        raise ValueError("it is not of the form `ssh-ed25519 AAAA... comment`.")
    kind = words[index]
    fields = _fields(words[index + 1])
    if fields[0] != kind.encode():
        raise ValueError(f"its content is not a key of type {kind}. Was it cut or edited?")
    if kind == "ssh-dss":
        raise ValueError("DSA keys are broken, and OpenSSH has removed them. Make one: ssh-keygen -t ed25519")
    if kind == "ssh-rsa":
        bits = int.from_bytes(fields[2] if len(fields) > 2 else b"", "big").bit_length()
        if bits < smallest_rsa:
            raise ValueError(
                f"RSA of {bits} bits is too weak, {smallest_rsa} is the least. Make one: ssh-keygen -t ed25519"
            )
    if kind == "ssh-ed25519" and (len(fields) != 2 or len(fields[1]) != _ED25519):
        raise ValueError("its content is not a whole key. Was it cut?")


def _words(key: str) -> list[str]:
    """Words as sshd reads them: options before the type may have quoted blanks."""
    return re.findall(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+', key)


def _fields(blob: str) -> list[bytes]:
    try:
        data = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("what follows its type is not base64. Was it cut?") from error
    fields = []
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            raise ValueError("its content is not a whole key. Was it cut?")
        fields.append(data[4 : 4 + size])
        data = data[4 + size :]
    return fields or [b""]


def _excerpt(key: object) -> str:
    text = str(key).strip()
    return "..." if "PRIVATE KEY" in text else repr(text if len(text) <= 40 else f"{text[:20]}...{text[-15:]}")
