# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.callback import story
from ansible_collections.izzzi.infra.plugins.plugin_utils import told

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOK = """
- name: Put things there
  hosts: {hosts}
  gather_facts: false
  connection: local
  tasks:
    - name: Take a while
      ansible.builtin.pause: {{seconds: 2}}
    - name: Write a file
      ansible.builtin.copy: {{dest: "{place}/{{{{ item }}}}", content: "{{{{ inventory_hostname }}}}"}}
      loop: [a, b]
    - name: Write a secret
      ansible.builtin.copy: {{dest: "{place}/secret", content: hidden-word}}
      no_log: true
    - name: Change nothing
      ansible.builtin.file: {{path: "{place}/a", state: file}}
    - name: Say something
      ansible.builtin.debug: {{msg: [one, two]}}
    - name: Skip it
      ansible.builtin.fail: {{msg: never}}
      when: false
{more}
"""
FAILURE = """
    - name: Check an argument
      ansible.builtin.validate_argument_spec: {argument_spec: {m: {choices: [a]}}, provided_arguments: {m: c}}
      ignore_errors: true
    - name: Go wrong
      ansible.builtin.fail: {msg: what is wrong}
"""


def command(folder: Path, more: str = "", *options: str) -> tuple[list[str], dict[str, str]]:
    """A run of the playbook on two hosts, and its environment."""
    playbook = folder / "playbook.yml"
    playbook.write_text(PLAYBOOK.format(hosts="one,two", place=folder, more=more))
    (folder / "ansible.cfg").write_text("[defaults]\nstdout_callback = izzzi.infra.story\n")
    env = {**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "TERM": "xterm", "COLUMNS": "80"}
    env |= {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections")}
    env.pop("CI", None)
    words = [str(ROOT / ".venv/bin/ansible-playbook"), "-i", "one,two,", str(playbook), *options]
    return [*words, "-e", "ansible_python_interpreter={{ ansible_playbook_python }}"], env


def plain(folder: Path, more: str = "", *options: str) -> str:
    return output(*command(folder, more, *options))


def output(words: list[str], env: dict[str, str]) -> str:
    return subprocess.run(words, cwd=ROOT, env=env, stdin=-3, capture_output=True, text=True, check=False).stdout


AWAY = """
- name: Ask who is away
  hosts: one
  gather_facts: false
  vars: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_connection: ssh}
  tasks:
    - name: Look at the host
      ansible.builtin.ping:
      ignore_unreachable: true
"""


def test_a_host_without_which_a_task_goes_on_is_a_line(tmp_path):
    words, env = command(tmp_path)
    (tmp_path / "playbook.yml").write_text(AWAY)
    said = output(words, env)
    line = r"^  ! Look at the host: one does not answer \(.*Connection refused.*\)$"
    assert re.search(line, said, re.MULTILINE), said
    assert "TASK [" not in said
    assert "UNREACHABLE" not in said
    assert "TASK [Look at the host]" in output([*words, "-v"], env)


def test_a_run_is_told_by_what_it_changes(tmp_path):
    said = plain(tmp_path, FAILURE, "--diff")
    assert re.search(r"^Put things there +\d+\.\d s  \d changed, failed +2 hosts$", said, re.MULTILINE), said
    assert "  ~ Write a file: a" in said
    assert "one\ntwo\n" in said
    assert "hidden-word" not in said
    assert "Skip it" not in said
    assert "Change nothing" not in said
    assert "\033" not in said
    assert re.search(r"^one +: ok=\d+ +changed=\d", said, re.MULTILINE), "the recap is core's"
    assert "TASK [Go wrong]" in said
    assert "what is wrong" in said
    assert "value of m must be one of: a, got: c" in said
    assert "argument_spec_data" not in said
    assert "+++ after:" in said


def test_a_check_says_what_would_change(tmp_path):
    assert re.search(r"^Put things there +\d+\.\d s  \d would change", plain(tmp_path, "", "--check"), re.MULTILINE)


LOOKING = """
- name: Look at things
  hosts: one
  gather_facts: false
  connection: local
  tasks:
    - name: Look
      ansible.builtin.include_role: {name: "{{ item }}"}
      loop: [base, pages]
"""


def test_a_run_whose_tasks_only_look_foretells_nothing(tmp_path):
    for role in ("base", "pages"):
        (tmp_path / f"roles/{role}/tasks").mkdir(parents=True)
        (tmp_path / f"roles/{role}/tasks/main.yml").write_text("[{name: Look, ping: , check_mode: true}]\n")
    words, env = command(tmp_path)
    (tmp_path / "playbook.yml").write_text(LOOKING)
    assert "This run would change" not in output(words, env)
    assert "This run would change" in output([*words, "--check"], env)


def test_details_are_cores(tmp_path):
    said = plain(tmp_path, "", "-v", "--check")
    assert "TASK [Change nothing]" in said
    assert "ok: [one] =>" in said


def test_a_terminal_shows_what_is_at_work(tmp_path):
    words, env = command(tmp_path)
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    env.pop("COLUMNS")
    process = subprocess.Popen(words, cwd=ROOT, env=env, stdin=-3, stdout=terminal, stderr=terminal)
    os.close(terminal)
    said = b""
    try:
        while chunk := os.read(control, 65536):
            said += chunk
    except OSError:  # the end of a pseudo-terminal
        pass
    assert process.wait(60) == 0
    lines = re.findall(r"\r\033\[K(  Put things there: [^\r\n\033]*)", said.decode())
    assert "  Put things there: Take a while, 1 s" in lines
    assert all(len(line) < 60 for line in lines)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("izzzi.infra.base : install | Install packages", "Install packages"),
        ("Write a | b", "Write a | b"),
        ("Plain", "Plain"),
    ],
)
def test_a_task_is_named_without_its_role_and_file(name, shown):
    assert told.plain(name) == shown


def test_a_phase_ends_with_its_figures():
    phase = story.Phase("docker", 10.0, {"web-1"}, 2)
    assert story.closing(phase, 12.34, 80) == "docker                              2.3 s  2 changed            web-1"
    assert story.closing(story.Phase("base", 0.0, {"a", "b"}), 1.0, 80).endswith("as declared          2 hosts")


def test_a_change_names_its_host_where_there_are_several():
    assert told.change("web-1", "Write", "", several=False) == "  ~ Write"
    assert told.change("web-1", "Write", "a", several=True) == "  ~ Write: a  [web-1]"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {
                "ansible_host": "192.0.2.7",
                "ansible_user": "deploy",
                "ansible_ssh_common_args": "-o A=k",
            },
            ["ssh", "-oBatchMode=yes", "-oLogLevel=ERROR", "-l", "deploy", "-o", "A=k", "192.0.2.7"],
        ),
        ({"ansible_connection": "local"}, ["timeout", "3600", "tail", "-qn1", "-F"]),
    ],
)
def test_a_host_is_asked_as_ansible_reaches_it(variables, words):
    assert story.follow(variables)[: len(words)] == words
