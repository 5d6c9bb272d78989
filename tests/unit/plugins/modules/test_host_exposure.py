# SPDX-License-Identifier: GPL-3.0-or-later
"""main() with the answers of ss, docker, ip and nft given; tests/e2e asks the real ones."""

from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import declared
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.modules import host_exposure
from ansible_collections.izzzi.infra.plugins.modules.host_exposure import main

TABLE = "table inet izzzi {\n\tchain inbound {\n\t\tcounter packets 1 bytes 2 drop\n\t}\n}\n"
LINKS = [{"linkinfo": {"info_kind": "bridge"}, "addr_info": [{"local": "172.17.0.1"}]}, {"addr_info": []}]
REACH = exposure.rows(declared.of_host([{"name": "web", "protocol": "tcp", "ports": [80]}]))


@pytest.fixture
def host(monkeypatch) -> dict[str, tuple[int, str, str]]:
    answers = {
        "ss": (0, 'tcp LISTEN 0 9 *:80 *:* users:(("nginx",pid=1,fd=1))\nudp UNCONN 0 0 0.0.0.0:68 0.0.0.0:*\n', ""),
        "docker": (0, "mail\t172.17.0.1:1080->1080/tcp\n", ""),
        "ip": (0, json.dumps(LINKS), ""),
        "nft": (0, TABLE, ""),
        "sh": (0, TABLE.replace("1 bytes 2", "0 bytes 0"), ""),
    }
    monkeypatch.setattr(host_exposure.AnsibleModule, "run_command", lambda self, command: answers[command[0]])
    monkeypatch.setattr(host_exposure.shutil, "which", lambda name: name if name in answers else None)
    monkeypatch.setattr(host_exposure.socket, "gethostname", lambda: "app")
    return answers


def test_as_declared(run_module, host):
    assert run_module(main, {"reach": REACH})["differences"] == []


def test_a_host_without_docker(run_module, host):
    del host["docker"]
    assert run_module(main, {"reach": REACH})["differences"] == []


def test_all_that_differs_is_named(run_module, host):
    host["ss"] = (0, host["ss"][1] + 'tcp LISTEN 0 9 [::]:5432 [::]:* users:(("postgres",pid=1,fd=1))\n', "")
    host["docker"] = (0, "db\t0.0.0.0:6379->6379/tcp\n", "")
    host["nft"] = (1, "", "Error: No such file or directory")
    assert run_module(main, {"reach": REACH})["differences"] == [
        "app: 6379/tcp: expected closed, found container db published on 0.0.0.0",
        "app: 5432/tcp: expected closed, found postgres listening on ::",
        "app: host firewall: its table is not loaded: expected what /etc/nftables.conf says",
    ]


def test_a_command_that_fails_is_no_clean_bill(run_module, host):
    host["docker"] = (1, "", "permission denied")
    result = run_module(main, {"reach": REACH})
    assert result["failed"]
    assert "permission denied" in result["msg"]


def test_bad_input(run_module, host):
    assert "ignored_ports" in run_module(main, {"reach": REACH, "ignored_ports": ["x/udp"]})["msg"]
