# SPDX-License-Identifier: GPL-3.0-or-later
"""init.yml on a terminal: it asks for what is missing, and the story's moving line keeps away from answers."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

from tests.unit.apps import APPS, write

from .conftest import PLAYBOOK, ROOT

ANSWERS = {
    "Which environment is it (production, staging, dev):": ["prod", "staging"],
    "its folder, or the URL of its git repository:": ["app"],
    "In which region of DigitalOcean [fra1]:": [""],
    "By which domain do visitors come [none]:": ["shop.test"],
    "One server (compose) or several (swarm) (compose, swarm) [compose]:": [""],
}
SLOW = 1.2  # seconds until somebody types: twice the story would have moved its line


def test_it_asks_for_what_is_missing(tmp_path: Path):
    write(tmp_path / "app", APPS["one"])
    said = _typed(tmp_path, [*(words for words in ANSWERS)])
    assert (tmp_path / "inventories/staging/group_vars/all/environment.yml").read_text().count("shop.test") == 1
    assert "What is the project called" not in said  # it was said
    asked = said.split("Which environment is it", 1)[1].split("One server (compose)")[0]
    assert "Write the inventory of a new environment:" not in asked


def _typed(folder: Path, questions: list[str]) -> str:
    """Run it in a folder, and answer each question when it stands at the end of what was written."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        words = {"TERM": "xterm", "HOME": str(folder), "ANSIBLE_STDOUT_CALLBACK": "izzzi.infra.story"}
        words |= {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/.ansible/collections", "ANSIBLE_LOCALHOST_WARNING": "false"}
        environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ANSIBLE_CONFIG")}
        os.execve(PLAYBOOK, [str(PLAYBOOK), "izzzi.infra.init", "-e", "project=shop"], environment | words)
        sys.exit(1)
    said, answers = "", {question: list(given) for question, given in ANSWERS.items()}
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], SLOW)[0]:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:  # the end of a pseudo-terminal
                break
            if not chunk:
                break
            said += chunk.decode(errors="replace")
        else:
            asked = next((question for question in questions if said.rstrip().endswith(question)), "")
            if asked and answers[asked]:
                os.write(terminal, answers[asked].pop(0).encode() + b"\r")
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0, said
    return said
