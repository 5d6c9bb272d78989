# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._pages import machine
from ansible_collections.izzzi.infra.plugins.module_utils._pages.document import Certificate, Room

MEMINFO = (
    "MemTotal:        4019136 kB\nMemFree:          120000 kB\nMemAvailable:    2009568 kB\nHugePages_Total:       0\n"
)


def test_memory_is_what_programs_can_still_have():
    assert machine.memory(MEMINFO) == Room(2009568 * 1024, 4019136 * 1024)
    assert machine.memory("") == Room(0, 0)


def test_a_disk_that_is_there(tmp_path):
    found = machine.disk(tmp_path)
    assert 0 < found.free <= found.total
    assert machine.disk(tmp_path / "not there").total > 0


def test_backups_are_told_without_the_words_of_programs(tmp_path):
    assert machine.backup("shop", 1000.0, tmp_path) is None
    directory = tmp_path / "state"
    directory.mkdir()
    settings = {"app": "shop", "repository": "/mnt", "directory": str(directory)}
    (tmp_path / "shop.json").write_text(json.dumps(settings))
    now = 100 * 3600.0
    remembered = {
        "backup": {"time": now - 3600},
        "verified": {"time": now - 7200},
        "failed": {"drill": {"why": "password hunter2"}},
    }
    (directory / "state.json").write_text(json.dumps(remembered))
    found = machine.backup("shop", now, tmp_path)
    assert (found.made, found.verified) == (now - 3600, now - 7200)
    assert found.troubles == ("The last drill failed; playbooks/backups.yml says why.",)
    assert "The last backup is 30 h old" in machine.backup("shop", now + 29 * 3600, tmp_path).troubles[0]
    (directory / "state.json").unlink()
    assert machine.backup("shop", now, tmp_path).troubles[0] == "There is no backup yet."
    (tmp_path / "shop.json").write_text(json.dumps({**settings, "unheard": 1}))
    assert "not complete" in machine.backup("shop", now, tmp_path).troubles[0]


@pytest.fixture
def tls(tmp_path):
    """Serve a certificate of thirty days on a port of the loopback, for one client."""
    key, pem = tmp_path / "key.pem", tmp_path / "certificate.pem"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    subprocess.run([*new, "-subj", "/CN=shop.example", "-keyout", key, "-out", pem], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with context.wrap_socket(listener.accept()[0], server_side=True):
            pass

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_the_end_of_what_is_served_is_asked_of_the_edge_itself(tls):
    assert machine.ends("shop.example", tls) == pytest.approx(time.time() + 30 * 86400, abs=120)


def test_where_nothing_is_served_there_is_no_end():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert machine.certificates([("shop.example", port)]) == (Certificate("shop.example", 0.0),)
