# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role base runs on a host when settings have changed: every text is a program that a shell can read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.roles.test_base_preflight import HOST, KEY
from tests.walk.role import Role, Run

FACTS = {**dict.fromkeys(("AUDIT", "SWAP", "MOUNTS", "SYSCTL_ABSENT", "SSH_CIPHER", "SSHD_KNOWS"), ""), **HOST}
ALL = {"base_swap_size": "1G", "base_integrity_tools": ["aide", "debsums"]}
NONE = {f"base_{name}_enabled": False for name in ("audit", "fail2ban", "firewall", "pam", "time_sync", "updates")}


def steps(given: dict[str, Any], host: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each program by its name."""
    role = Role("base")
    run = Run(role, {"base_user_keys": [KEY], **given}, lambda *_: {})
    run._facts |= {"__base_host": {**FACTS, **host}}
    _make_user, guarded = role.read("tasks/access.yml")
    inner = guarded["block"][0]["vars"]
    for source, name in [
        (run.role.vars, "__base_apply"),
        *((inner, f"__base_{part}_apply") for part in ("pam", "access", "firewall")),
    ]:
        for step, commands in run._template(source[name], inner).items():
            for kind, text in commands.items():
                yield f"{step}_{kind}", text


@pytest.mark.parametrize(("given", "host"), [(ALL, {"AUDIT": "yes", "SWAP": "yes"}), (ALL, {}), (NONE, {})])
def test_every_command_is_a_program(given, host):
    programs = dict(steps(given, host))
    assert {"pam_command", "sshd_command", "firewall_undo", "services_check", "audit_command"} <= set(programs)
    for name, text in programs.items():
        read = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
        assert read.returncode == 0, f"{name}: {read.stderr}\n{text}"
        if shutil.which("shellcheck"):
            options = ["--shell=dash", "--severity=warning", "--exclude=SC2043", "-"]  # a list of one unit
            read = subprocess.run(["shellcheck", *options], input=text, text=True, capture_output=True, check=False)
            assert read.returncode == 0, f"{name}:\n{read.stdout}"
