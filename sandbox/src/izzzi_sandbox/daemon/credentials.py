# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's secrets, made once: API token, Spaces key, and the developer's SSH key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from . import tls
from .settings import Settings
from .tls import write_private


@dataclass(frozen=True)
class SpacesKey:
    id: str
    secret: str


def make_home(settings: Settings) -> None:
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.home.chmod(0o700)


def ensure(settings: Settings) -> None:
    """One process at a time; see process.exclusive."""
    make_home(settings)
    if not settings.token_file.exists():
        write_private(settings.token_file, f"dop_v1_{secrets.token_hex(32)}\n".encode())
    if not settings.spaces_key_file.exists():
        key = f"DO00{secrets.token_hex(8).upper()}\n{secrets.token_urlsafe(32)}\n"
        write_private(settings.spaces_key_file, key.encode())
    if not settings.ssh_key_file.exists():
        _make_ssh_key(settings)
    tls.ensure(settings)


def token(settings: Settings) -> str:
    return settings.token_file.read_text().strip()


def spaces_key(settings: Settings) -> SpacesKey:
    return SpacesKey(*settings.spaces_key_file.read_text().split())


def _make_ssh_key(settings: Settings) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    write_private(settings.ssh_key_file.with_suffix(".pub"), public + b" izzzi-sandbox\n", mode=0o644)
    write_private(settings.ssh_key_file, private)
