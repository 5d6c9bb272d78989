# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account at the authority that all managers of a Swarm share, and the answer to every challenge of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from .certificate import openssl
from .settings import Failure

PROBE = "izzzi"  # what stands for a token when nodes are asked whether they would answer


def new_key() -> str:
    """Make a key of an account, as lego reads it."""
    if not (key := openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")):
        raise Failure("openssl made no key. Is it installed on this host?")
    return key


def thumbprint(key: str) -> str:
    """Return what an answer to a challenge ends with: it says whose account it is, and is no secret."""
    return thumbprint_of(openssl("pkey", "-pubout", text=key))


def thumbprint_of(public: str) -> str:
    """Return the thumbprint of a public key of P-256, PEM text (RFC 7638). Pure."""
    point = base64.b64decode("".join(re.findall(r"^[A-Za-z0-9+/=]+$", public, re.MULTILINE)))[-64:]
    if len(point) < 64:
        raise Failure("The key of the account at the authority cannot be read.")
    jwk = {"crv": "P-256", "kty": "EC", "x": _encoded(point[:32]), "y": _encoded(point[32:])}
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return _encoded(hashlib.sha256(text.encode()).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_path(home: Path, directory: str, email: str) -> Path:
    """Return where lego looks for the key of an account. Pure."""
    return home / "accounts" / urlsplit(directory).netloc.replace(":", "_") / email / "keys" / f"{email}.key"


def answers(mark: str) -> str:
    """Return nginx's answer to every challenge: the token, and whose account it is. Pure.

    Nothing has to be brought to a node before the authority asks it, whichever node that is."""
    return (
        "location ^~ /.well-known/acme-challenge/ {\n"
        '    location ~ "^/\\.well-known/acme-challenge/([A-Za-z0-9_-]+)$" {\n'
        "        default_type text/plain;\n"
        f'        return 200 "$1.{mark}";\n'
        "    }\n"
        "    return 404;\n"
        "}\n"
    )
