# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of OpenPGP public keys (RFC 4880), for hosts and controllers without gpg."""

from __future__ import annotations

import base64
import hashlib
import re

ARMOUR = re.compile(r"-----BEGIN PGP PUBLIC KEY BLOCK-----(.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL)
PUBLIC_KEY = 6


def fingerprints(armoured: str) -> list[str]:
    """The fingerprints of the primary keys. ValueError when the text holds no public key."""
    found = [name for block in ARMOUR.findall(armoured) for name in _primary_keys(_decode(block))]
    if not found:
        raise ValueError("it holds no OpenPGP public key")
    return found


def _decode(block: str) -> bytes:
    """The data of a block: headers stand before an empty line, a checksum begins with =."""
    lines = block.replace("\r", "").split("\n\n", 1)[-1].splitlines()
    return base64.b64decode("".join(line for line in lines if not line.startswith("=")))


def _primary_keys(data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        kind, body, at = _packet(data, at)
        if kind == PUBLIC_KEY:
            if body[:1] != b"\x04":
                raise ValueError("its key is not of version 4")
            found.append(hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper())
    return found


def _packet(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Kind and body of the packet at an offset, and where the next one begins."""
    head = data[at]
    try:
        if head & 0x40:
            kind, (size, begin) = head & 0x3F, _new_length(data, at + 1)
        else:
            kind, width = head >> 2 & 0x0F, 1 << (head & 3)
            size, begin = int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width
    except IndexError:
        raise ValueError("it is cut short") from None
    if not head & 0x80 or begin + size > len(data):
        raise ValueError("it is cut short")
    return kind, data[begin : begin + size], begin + size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 192:
        return first, at + 1
    if first < 224:
        return (first - 192 << 8) + data[at + 1] + 192, at + 2
    return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5
