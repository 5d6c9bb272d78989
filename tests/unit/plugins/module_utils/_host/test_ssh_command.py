# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.ssh_command import ssh_command

BASE = {"address": "h", "user": "me"}


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ({}, "ssh -l me"),
        ({"program": "/opt/ssh", "port": 2222}, "/opt/ssh -p 2222 -l me"),
        ({"program": "", "port": 0, "key": "", "options": None, "arguments": None}, "ssh -l me"),
        ({"key": "~/k"}, f"ssh -l me -i {Path.home()}/k"),
        ({"options": {"BatchMode": "yes", "StrictHostKeyChecking": "", "ConnectTimeout": 10}},
         "ssh -oBatchMode=yes -oConnectTimeout=10 -l me"),
        ({"arguments": ["-C  -o ControlPersist=60s", "", None, "-4"]}, "ssh -l me -C -o ControlPersist=60s -4"),
    ],
)  # fmt: skip
def test_words(login, words):
    assert ssh_command(BASE | login, "true") == [*words.split(), "h", "true"]


def test_a_way_through_another_host_stays_one_word():
    given = {"arguments": ["-o ProxyCommand='ssh -W %h:%p gate'"]}
    assert ssh_command(BASE | given, "sudo -n true")[3:] == [
        "-o",
        "ProxyCommand=ssh -W %h:%p gate",
        "h",
        "sudo -n true",
    ]


def test_a_quote_without_an_end_is_named():
    with pytest.raises(ValueError, match="No closing quotation"):
        ssh_command(BASE | {"arguments": ["-o 'x"]}, "true")
