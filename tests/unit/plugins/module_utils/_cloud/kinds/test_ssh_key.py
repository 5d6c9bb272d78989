# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds import ssh_key

from tests.unit.sandbox_api import FINGERPRINT, KEY, SandboxApi, context

DEPLOY = {"name": "deploy", "public_key": f"  {KEY}\n"}


def steps(key: dict | None, api: SandboxApi | None = None) -> list:
    return ssh_key.SshKeys(context(api, ssh_keys=[DEPLOY])).steps({f"ssh_key {FINGERPRINT}": key})


def test_the_fingerprint_is_ssh_keygens():
    assert ssh_key.fingerprint(KEY) == FINGERPRINT
    assert ssh_key.fingerprint(KEY.rsplit(" ", 1)[0]) == FINGERPRINT, "the comment does not count"


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
    (problem,) = ssh_key.problems([{"name": "deploy", "public_key": text}])
    assert problem.startswith("ssh_keys[0].public_key (deploy): ")
    assert words in problem
    assert "PRIVATE" not in problem


def test_a_key_given_twice_is_a_problem():
    (problem,) = ssh_key.problems([DEPLOY, {"name": "again", "public_key": KEY}])
    assert "ssh_keys[1]" in problem
    assert "deploy" in problem


def test_a_missing_key_is_added():
    api = SandboxApi()
    (step,) = steps(None, api)
    assert (step.action, step.name, step.changes[0].after) == ("create", "deploy", FINGERPRINT)
    step.apply()
    assert api.calls == [("POST", "/account/keys", {"name": "deploy", "public_key": KEY})]


def test_a_key_under_another_name_is_left_alone():
    (step,) = steps({"name": "laptop"})
    assert (step.action, step.apply) == ("noop", None)


def test_keys_are_asked_for_one_by_one():
    api = SandboxApi()
    (read,) = ssh_key.SshKeys(context(api)).reads().values()
    assert read() is None
    assert api.calls == [("GET", f"/account/keys/{FINGERPRINT}", None)]


def test_a_removal_names_those_that_stay():
    keys = ssh_key.SshKeys(context(state="absent"))
    assert [step.action for step in keys.surplus({f"ssh_key {FINGERPRINT}": {"name": "laptop"}})] == ["keep"]
    assert keys.surplus({f"ssh_key {FINGERPRINT}": None}) == []


def test_another_key_of_the_same_name_is_a_problem():
    keys = ssh_key.SshKeys(context())
    other = {"name": "deploy", "fingerprint": "00:11"}
    (problem,) = keys.problems({f"ssh_key {FINGERPRINT}": None, "ssh_keys": [other]})
    assert "ssh_keys[0].name" in problem
    assert "00:11" in problem
    assert keys.problems({f"ssh_key {FINGERPRINT}": {"name": "laptop"}}) == []


def test_the_list_of_keys_is_asked_for_only_when_one_must_be_made():
    keys = ssh_key.SshKeys(context())
    assert list(keys.more_reads({f"ssh_key {FINGERPRINT}": None})) == ["ssh_keys"]
    assert keys.more_reads({f"ssh_key {FINGERPRINT}": {"name": "laptop"}}) == {}


def test_a_key_that_another_run_makes_meanwhile_is_no_other_key():
    keys = ssh_key.SshKeys(context(ssh_keys=[DEPLOY]))
    listed = [{"name": "deploy", "fingerprint": FINGERPRINT}]
    assert keys.problems({f"ssh_key {FINGERPRINT}": None, "ssh_keys": listed}) == []
    (problem,) = keys.problems({f"ssh_key {FINGERPRINT}": None, "ssh_keys": [{**listed[0], "fingerprint": "aa:bb"}]})
    assert "the account has another key named deploy (aa:bb)" in problem
