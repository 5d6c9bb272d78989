# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say they let in, by an own inventory and by their defaults, run by Ansible itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLAY = f"""
- hosts: localhost
  gather_facts: false
  tags: [exposure]
  tasks:
    - ansible.builtin.import_tasks: {ROOT}/playbooks/tasks/declared_exposure.yml
    - ansible.builtin.copy: {{content: "{{{{ declared_exposure.text | to_json }}}}", dest: "{{{{ told }}}}"}}
"""


def declared(tmp_path: Path, **variables) -> list[str]:
    (tmp_path / "play.yml").write_text(PLAY)
    told = {"told": str(tmp_path / "told.json"), "provision_allowed_ssh_ips": ["203.0.113.7/32"], **variables}
    command = [
        f"{sys.prefix}/bin/ansible-playbook",
        "-i",
        "localhost,",
        "-c",
        "local",
        "--tags",
        "exposure",
        "-e",
        json.dumps(told),
    ]
    ran = subprocess.run(
        [*command, tmp_path / "play.yml"], cwd=ROOT, env=os.environ.copy(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads((tmp_path / "told.json").read_text())


def test_defaults_of_the_roles_count_where_the_inventory_says_nothing(tmp_path):
    lines = declared(tmp_path)
    assert "22/tcp open to 203.0.113.7/32" in lines
    assert "80/tcp open to everybody" in lines
    assert not any("2377" in line for line in lines), "the host's firewall is closed to a Swarm"


def test_a_swarm_opens_its_ports_to_its_members(tmp_path):
    lines = declared(tmp_path, base_firewall_swarm_sources=["10.20.0.0/16"])
    for traffic in ("2377/tcp", "7946/tcp", "4789/udp", "7946/udp"):
        assert f"{traffic} open to members from 10.20.0.0/16" in lines
