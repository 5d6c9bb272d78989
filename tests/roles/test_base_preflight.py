"""What the role base refuses: its own tasks, with what its probe would have read."""

from __future__ import annotations

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


def refusal(role, given, host):
    told = {**HOST, "CLOCK": str(int(time.time())), **host}
    text = "\n".join(f"{name}='{value}'" for name, value in told.items())
    try:
        Run(role, {"base_user_keys": [KEY], **given}, lambda name, arguments, check: {"stdout": text})("preflight")
    except Failed as failed:
        return str(failed)
    return ""


def test_the_defaults_are_well(role):
    assert refusal(role, {}, {}) == ""


@pytest.mark.parametrize(
    ("given", "host", "words"),
    [
        ({"base_ssh_max_auth_tries": 0}, {}, "base_ssh_max_auth_tries: 0 would let nobody in. Use 1 or more."),
        ({"base_proof_seconds": 0}, {}, "base_proof_seconds: 0 is too short for a new login that proves the access."),
        ({"base_shell_timeout": -5}, {}, "base_shell_timeout: -5 is no number of seconds. 0 means never."),
        ({"base_timezone": "Mars/Olympus"}, {"NO_ZONE": "yes"}, "base_timezone: walk knows no zone Mars/Olympus."),
        ({"base_process_group": "nobodies"}, {"PROC_GROUP": ""}, "base_process_group: walk has no group nobodies."),
        (
            {},
            {"SSHD_EARLIER": "/etc/ssh/sshd_config.d/00-a.conf:PasswordAuthentication yes"},
            "sshd reads /etc/ssh/sshd_config.d/00-a.conf before 00-izzzi.conf and would take its PasswordAuthentication"
            " yes. Take that line out",
        ),
        ({"base_ssh_port": 2222}, {"PORT_TAKEN_BY": "python3"}, "base_ssh_port: 2222 is in use on walk by python3."),
    ],
)
def test_what_is_refused_is_named(role, given, host, words):
    if "base_ssh_port" in given:
        given = {**given, "base_firewall_rules": [{"name": "SSH", "protocol": "tcp", "ports": ["2222"]}]}
    assert words in refusal(role, given, host)


def test_no_group_is_asked_for_where_everybody_sees_all(role):
    assert refusal(role, {"base_process_group": ""}, {"PROC_GROUP": ""}) == ""
