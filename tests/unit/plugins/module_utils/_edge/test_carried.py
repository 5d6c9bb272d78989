# SPDX-License-Identifier: GPL-3.0-or-later
"""The program is run as a task runs it, with a program in nginx's place that says how it was called."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.carried import DIRECTORY, SCRIPT, entrypoint, path
from ansible_collections.izzzi.infra.plugins.module_utils._edge.files import files

from .test_files import SETTINGS

SITES = {"shop": {"server_names": ["a.org"], "tls": {"source": "acme"}, "locations": [{"path": "/", "service": "web"}]}}


def until(look, seconds=15):
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def started(tmp_path):
    (tmp_path / "tls").mkdir()
    program = tmp_path / "nginx"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n[ "$1" != -g ] || exec sleep 60\n'
        f'[ "$2" != -t ] || ! grep -q bad {tmp_path}/tls/shop.pem\n'
    )
    program.chmod(0o755)
    script = tmp_path / "watch.sh"
    script.write_text(SCRIPT.replace(DIRECTORY, str(tmp_path / "tls")).replace("sleep 2", "sleep 0.1"))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    given = {"env": environment, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    process = subprocess.Popen(["sh", str(script), "shop"], **given)
    yield process
    os.killpg(process.pid, signal.SIGKILL)  # in a container everything ends with nginx
    process.wait()


def calls(tmp_path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []


def put(tmp_path, text: str) -> None:
    (tmp_path / ".shop.pem").write_text(text)
    (tmp_path / ".shop.pem").rename(tmp_path / "tls/shop.pem")


def test_nginx_starts_when_the_certificate_is_there_and_loads_what_comes(started, tmp_path):
    assert "waits for the certificate of shop" in started.stderr.readline()
    assert calls(tmp_path) == []
    put(tmp_path, "one")
    until(lambda: calls(tmp_path) == ["-g daemon off;"])
    put(tmp_path, "two")
    until(lambda: calls(tmp_path)[1:] == ["-q -t", "-s reload"])
    put(tmp_path, "bad")
    until(lambda: calls(tmp_path)[3:] == ["-q -t"])
    time.sleep(0.5)
    assert len(calls(tmp_path)) == 4, "what nginx refuses is neither loaded nor judged again and again"
    put(tmp_path, "three")
    until(lambda: calls(tmp_path)[4:] == ["-q -t", "-s reload"])


def test_an_edge_has_the_program_where_a_certificate_comes_by_itself():
    found = {file["path"]: file["content"] for file in files(SITES, "swarm", SETTINGS)}
    assert found[entrypoint(["shop"])[1]] == SCRIPT
    assert f"ssl_certificate {path('shop')};" in found["/etc/nginx/nginx.conf"]
    assert f"include {DIRECTORY}/challenge*.conf;" in found["/etc/nginx/nginx.conf"]
    plain = {"shop": {**SITES["shop"], "tls": {}}}
    assert entrypoint([])[1] not in {file["path"] for file in files(plain, "swarm", SETTINGS)}


def test_one_that_signs_itself_asks_no_authority():
    signed = {"shop": {**SITES["shop"], "tls": {"source": "self-signed"}}}
    found = {file["path"]: file["content"] for file in files(signed, "swarm", SETTINGS)}
    assert "challenge" not in found["/etc/nginx/nginx.conf"]
    assert path("shop") in found["/etc/nginx/nginx.conf"]
