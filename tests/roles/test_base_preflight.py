# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role base refuses: its own tasks, with what its probe would have read."""

from __future__ import annotations

import shlex
import subprocess
import time

import pytest

from tests.walk.role import Failed, Role, Run

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO6ncewej6osZ6tMxRibEowZlnHcLr7jLgZ5xoLizRym me"
HOST = {
    "DISTRIBUTION": "debian",
    "LOGIN": "deploy",
    "CLIENT": "198.51.100.1",
    "HOME": "/home/deploy",
    "SSHD_FILES": "/etc/ssh/sshd_config",
    "SSH_KEX": "mlkem768x25519-sha256 sntrup761x25519-sha512",
    "SSH_MAC": "hmac-sha2-512-etm@openssh.com",
    "PROC_GROUP": "4",
    **dict.fromkeys(
        ("SSHD_ERROR", "SSHD_EARLIER", "OPEN_HOME", "PORT_TAKEN_BY", "SSH_SOCKET", "NO_ZONE", "UPDATED"), ""
    ),
}


@pytest.fixture(scope="module")
def role():
    return Role("base")


def refusal(role, given, host, asked=None):
    told = {**HOST, "CLOCK": str(int(time.time())), **host}
    text = "\n".join(f"{name}='{value}'" for name, value in told.items())

    def shell(name, arguments, check):
        ([] if asked is None else asked).append(arguments["cmd"])
        return {"stdout": text}

    try:
        Run(role, {"base_user_keys": [KEY], **given}, shell)("preflight")
    except Failed as failed:
        return str(failed)
    return ""


def test_the_defaults_are_well(role):
    assert refusal(role, {}, {}) == ""


def test_all_that_is_refused_is_named_at_once(role):
    """Every rule has its row in tests/unit/plugins/module_utils/_host/test_base.py."""
    given = {"base_umask": "9", "base_ssh_port": 2222, "base_later_packages": {"debian-13": ["a;b"]}}
    rules = [{"name": "SSH", "protocol": "tcp", "ports": ["2222"]}]
    said = refusal(role, {**given, "base_firewall_rules": rules}, {"PORT_TAKEN_BY": "python3", "SSH_KEX": ""})
    for words in (
        'base_umask: "9" is not a valid umask',
        'base_later_packages: "a;b" is not a valid package name',
        "base_ssh_port: 2222 is in use on walk by python3.",
        "OpenSSH on walk knows no post-quantum key exchange",
    ):
        assert words in said


HOSTILE = "x'; touch /tmp/owned; '"
ASKED = {
    "base_user": HOSTILE,
    "base_timezone": HOSTILE,
    "base_process_group": HOSTILE,
    "base_packages": [HOSTILE],
    "base_later_packages": {"debian-13": [HOSTILE]},
    "base_sysctl": {HOSTILE: 1},
    "base_mount_options": {HOSTILE: []},
}


def test_what_is_not_checked_yet_is_quoted_in_the_probe(role):
    asked = []
    said = refusal(role, ASKED, {}, asked)
    assert "is not a valid user name" in said
    assert asked[0].count(HOSTILE.split("'")[1]) == asked[0].count(shlex.quote(HOSTILE)) == 7
    subprocess.run(["bash", "-n"], input=asked[0], text=True, check=True)


def test_no_group_is_asked_for_where_everybody_sees_all(role):
    assert refusal(role, {"base_process_group": ""}, {"PROC_GROUP": ""}) == ""
