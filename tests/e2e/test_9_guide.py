# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's commands, by the rows of docs/from-guide.md: what stands there for Compose is typed here, on the demo."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.driver import BIN, ROOT, droplet_address, http, on_droplet, ssh
from tests.e2e.visitors import visitors
from tests.guide import rows

HERE = Path(__file__).relative_to(ROOT).as_posix()
MINE = {row.guide: row for row in rows() if row.test == HERE}
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} (\S+) \| ")


def typed(command: str, *options: str) -> subprocess.CompletedProcess:
    """What a person types as ssh deploy@ADDRESS COMMAND."""
    return subprocess.run(ssh(droplet_address(), command, *options), capture_output=True, text=True, timeout=100)


def followed(words: list, names: set[str]) -> tuple[str, int]:
    """What a program that follows has written when each of these containers has said something, and how it ends at
    Ctrl-C."""
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    # Who runs the tests in the background has them ignore Ctrl-C, and so would every program that they start.
    heeding = ["env", "--default-signal=INT", *words]
    with subprocess.Popen(heeding, **options, cwd=ROOT, env=environment, start_new_session=True) as process:
        said, deadline = "", time.monotonic() + 30
        while not names <= set(LINE.findall(said)) and time.monotonic() < deadline:
            if select.select([process.stdout], [], [], 1)[0]:
                said += os.read(process.stdout.fileno(), 65536).decode()
        process.send_signal(signal.SIGINT)
        try:
            return said, process.wait(timeout=20)
        finally:
            process.kill()  # or `with` would wait for ever


def test_each_row_of_this_file_is_typed_below():
    text = Path(__file__).read_text(encoding="utf-8")
    assert len(MINE) >= 9
    assert [guide for guide in MINE if f'"{guide}"' not in text] == []


def server(guide: str) -> str:
    """The first command of a row's cell for the server."""
    return MINE[guide].server[0]


def test_containers_are_listed():
    done = typed(server("docker compose ps"))
    assert done.returncode == 0, done.stderr
    services = {line.split()[1] for line in done.stdout.splitlines() if " running" in line}
    assert {"backend", "frontend", "postgres", "redis", "mail"} <= services


@pytest.mark.parametrize(
    ("guide", "names"),
    [
        ("docker compose logs -f", {"backend-1", "frontend-1", "postgres-1", "redis-1", "mail-1"}),
        ("docker compose logs -f backend", {"backend-1"}),
    ],
)
def test_logs_are_followed(guide, names, address):
    said, _status = followed(ssh(address, server(guide)), names)
    assert set(LINE.findall(said)) == names
    time.sleep(3)  # it looks every two seconds whether somebody reads
    assert on_droplet("pgrep -fc 'docker container [l]ogs' || true").strip() == "0", "nothing goes on reading"


def test_a_playbook_follows_until_ctrl_c():
    words = MINE["docker compose logs -f backend"].machine[0].split()
    said, status = followed([BIN / words[0], *words[1:]], {"backend-1"})
    assert set(LINE.findall(said)) == {"backend-1"}
    assert "User interrupted execution" in said or status != 0


def test_a_restart_loses_no_request(address):
    release = http(f"http://{address}/api/health").json["release"]
    before = on_droplet("sudo docker ps --quiet --filter name=backend")
    with visitors(address) as answers:
        done = typed(server("docker compose restart"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No request was lost" in done.stdout
    assert set(answers) == {200}, answers
    assert http(f"http://{address}/api/health").json["release"] == release
    assert on_droplet("sudo docker ps --quiet --filter name=backend") != before


def test_a_stopped_app_shows_a_page_and_comes_back(address):
    """It also outlives a restart of Docker, which starts what says so."""
    health = http(f"http://{address}/api/health").json
    stop, start = MINE["docker compose down"].server
    try:
        done = typed(stop)
        assert done.returncode == 0, done.stdout + done.stderr
        closed = http(f"http://{address}/", headers={"Accept": "text/html"})
        assert (closed.status, "Back soon" in closed.body) == (503, True)
        on_droplet("sudo systemctl restart docker")
        assert on_droplet("sudo docker ps --quiet") == ""
        assert "Stopped " in typed("izzzi status").stdout
        assert "Start it" in typed("izzzi restart").stderr
    finally:
        done = typed(start)
    assert done.returncode == 0, done.stdout + done.stderr
    assert http(f"http://{address}/api/health").json["release"] == health["release"]


def test_the_database_is_reached():
    done = typed(server("docker compose exec postgres psql -U izzzi -d izzzi") + " -tAc 'SELECT current_database()'")
    assert (done.returncode, done.stdout.strip()) == (0, "izzzi"), done.stderr
    assert typed("izzzi redis ping").stdout.strip() == "PONG"
    assert typed("izzzi exec backend -- node -p 6*7").stdout.strip() == "42"
    assert "Usage: izzzi exec SERVICE -- COMMAND" in typed("izzzi exec").stderr


@pytest.mark.parametrize(
    ("guide", "path", "status"),
    [
        ("Frontend, `http://ADDRESS`", "/", 200),
        ("Backend API, `http://ADDRESS/api`", "/api/health", 200),
        ("API Docs, `http://ADDRESS/api/docs`", "/api/docs", 200),
    ],
)
def test_addresses_are_the_guides(guide, path, status, address):
    assert guide in MINE
    assert http(f"http://{address}{path}").status == status
