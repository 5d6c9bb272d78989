from __future__ import annotations

import base64

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils import _ssh_key
from ansible_collections.izzzi.infra.plugins.module_utils._account import Account

from tests.unit.memory_api import FINGERPRINT, KEY, MemoryApi

DEPLOY = {"name": "deploy", "public_key": f"  {KEY}\n"}


def account(key: dict | None) -> Account:
    return Account([], [], [], [], {FINGERPRINT: key})


def test_the_fingerprint_is_ssh_keygens():
    assert _ssh_key.fingerprint(KEY) == FINGERPRINT
    assert _ssh_key.fingerprint(KEY.rsplit(" ", 1)[0]) == FINGERPRINT, "the comment does not count"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not of the form"),
        ("ssh-ed25519", "not of the form"),
        ("ssh-ed25519 !!!!", "not base64"),
        ("ssh-rsa " + KEY.split()[1], "not a key of type ssh-rsa"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "not base64"),
        ("x " + base64.b64encode(b"").decode(), "not of the form"),
    ],
)
def test_what_is_no_public_key_is_named_without_being_shown(text, words):
    (problem,) = _ssh_key.problems([{"name": "deploy", "public_key": text}])
    assert problem.startswith("ssh_keys[0].public_key (deploy): ")
    assert words in problem
    assert "PRIVATE" not in problem


def test_a_key_given_twice_is_a_problem():
    (problem,) = _ssh_key.problems([DEPLOY, {"name": "again", "public_key": KEY}])
    assert "ssh_keys[1]" in problem
    assert "deploy" in problem


def test_a_missing_key_is_added():
    api = MemoryApi()
    (step,) = _ssh_key.steps([DEPLOY], account(None), api.client())
    assert (step.action, step.name, step.changes[0].after) == ("create", "deploy", FINGERPRINT)
    step.apply()
    assert api.calls == [("POST", "/account/keys", {"name": "deploy", "public_key": KEY})]


def test_a_key_under_another_name_is_left_alone():
    (step,) = _ssh_key.steps([DEPLOY], account({"name": "laptop"}), MemoryApi().client())
    assert (step.action, step.apply) == ("noop", None)
