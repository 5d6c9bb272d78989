# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.ssh_keys import problems


def blob(*fields: bytes) -> str:
    return base64.b64encode(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).decode()


def rsa(bits: int) -> str:
    fields = (b"ssh-rsa", b"\x01\x00\x01", (1 << bits - 1).to_bytes(bits // 8 + 1, "big"))
    return f"ssh-rsa {blob(*fields)} me"


ED25519 = f"ssh-ed25519 {blob(b'ssh-ed25519', b'x' * 32)}"


@pytest.mark.parametrize(
    "key", [ED25519, f"  {ED25519} me@laptop\n", f'from="10.0.0.0/8",command="echo \\"x y\\"" {ED25519}', rsa(3072)]
)
def test_a_fit_key_has_no_problem(key):
    assert problems([key]) == []


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "is empty"),
        (None, "is empty"),
        ("hello", "not of the form"),
        ("ssh-ed25519", "not of the form"),
        ("ssh-ed25519 ???", "not base64"),
        (ED25519[:-8], "Was it cut?"),
        (f"ssh-ed25519 {blob(b'ssh-ed25519', b'short')}", "not a whole key"),
        (f"ssh-rsa {blob(b'ssh-ed25519', b'x' * 32)}", "not a key of type ssh-rsa"),
        (f"ssh-dss {blob(b'ssh-dss', b'p', b'q', b'g', b'y')}", "DSA"),
        (rsa(1024), "RSA of 1024 bits is too weak"),
        (rsa(2048), "RSA of 2048 bits is too weak"),
        (f"{ED25519}\n{ED25519}", "several lines"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret", "PRIVATE"),
    ],
)
def test_an_unfit_key_is_named_with_the_reason(key, reason):
    (problem,) = problems([key])
    assert problem.startswith("key 1 (")
    assert reason in problem


def test_a_private_key_is_not_shown():
    assert "secret" not in problems(["-----BEGIN OPENSSH PRIVATE KEY-----\nsecret"])[0]
