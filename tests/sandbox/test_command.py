# SPDX-License-Identifier: GPL-3.0-or-later
"""The command izzzi-sandbox and the life of its daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from .daemon import Daemon, running


@pytest.fixture
def mine(tmp_path):
    """A sandbox that the command starts and ends itself."""
    daemon = Daemon.prepare(tmp_path / "home")
    yield daemon
    if daemon.home.exists():
        assert daemon.cli("down").returncode == 0


def pid(daemon) -> int:
    return daemon.call("GET", "/_sandbox/health").body["pid"]


def test_up_is_idempotent_and_down_purge_leaves_nothing(mine):
    first = mine.cli("up")
    assert first.returncode == 0, first.stderr
    started = pid(mine)
    assert "running since before" in mine.cli("up").stdout
    assert pid(mine) == started
    assert (mine.home.stat().st_mode & 0o777, (mine.home / "token").stat().st_mode & 0o777) == (0o700, 0o600)
    assert mine.cli("down", "--purge").returncode == 0
    assert not mine.home.exists()


def test_up_replaces_a_daemon_that_died(mine):
    mine.cli("up")
    killed = pid(mine)
    os.kill(killed, signal.SIGKILL)
    assert mine.cli("status").returncode in (0, 1)
    assert mine.cli("up").returncode == 0
    assert pid(mine) != killed


def test_two_ups_at_a_time_start_one_daemon(mine):
    command = [Path(os.sys.executable).with_name("izzzi-sandbox"), "up"]
    both = [subprocess.Popen(command, env=mine.environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert mine.cli("status").returncode == 0


def test_state_survives_a_restart(mine):
    mine.cli("up")
    mine.call("POST", "/v2/tags", {"name": "kept"})
    mine.cli("down")
    assert mine.cli("status").returncode == 1
    mine.cli("up")
    assert [tag["name"] for tag in mine.call("GET", "/v2/tags").body["tags"]] == ["kept"]


def test_a_taken_port_is_named_with_the_variable_that_moves_it(mine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(mine.environment["IZZZI_SANDBOX_TLS_PORT"])))
        taken.listen()
        refused = mine.cli("up")
    assert refused.returncode != 0
    assert mine.environment["IZZZI_SANDBOX_TLS_PORT"] in refused.stderr
    assert "IZZZI_SANDBOX_TLS_PORT" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(("name", "value"), [("HTTP_PORT", "http"), ("BACKEND", "cloud"), ("MEMORY_DELAY", "-1")])
def test_a_bad_setting_is_named(mine, name, value):
    mine.environment[f"IZZZI_SANDBOX_{name}"] = value
    refused = mine.cli("up")
    assert refused.returncode != 0
    assert f"IZZZI_SANDBOX_{name}" in refused.stderr
    assert "Traceback" not in refused.stderr
    mine.environment[f"IZZZI_SANDBOX_{name}"] = {"BACKEND": "memory"}.get(name, "")


def test_env_points_a_shell_at_the_sandbox(daemon):
    script = (
        f'eval "$({Path(os.sys.executable).with_name("izzzi-sandbox")} env)"; curl -fsS --cacert "$IZZZI_SANDBOX_CA" '
    )
    script += '-H "Authorization: Bearer $DIGITALOCEAN_TOKEN" "$DIGITALOCEAN_TLS_API_URL/v2/account"; '
    script += 'test -n "$DIGITALOCEAN_API_URL$SPACES_ENDPOINT_URL$SPACES_ACCESS_KEY_ID$SPACES_SECRET_ACCESS_KEY"'
    ran = subprocess.run(["sh", "-ec", script], env=daemon.environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["account"]["status"] == "active"


def test_reset_asks_first(daemon):
    daemon.call("POST", "/v2/tags", {"name": "precious"})
    refused = daemon.cli("reset")
    assert refused.returncode != 0
    assert "--yes" in refused.stderr
    assert len(daemon.call("GET", "/v2/tags").body["tags"]) == 1
    assert daemon.cli("reset", "--yes").returncode == 0
    assert daemon.call("GET", "/v2/tags").body["tags"] == []


def test_requests_of_clients_are_counted(daemon):
    before = daemon.call("GET", "/_sandbox/summary").body["requests"]
    daemon.call("GET", "/v2/account")
    daemon.call("GET", "/v2/nothing")
    assert daemon.call("GET", "/_sandbox/summary").body["requests"] == before + 2


def test_spaces_takes_the_printed_keys(daemon):
    boto3 = pytest.importorskip("boto3")
    lines = daemon.cli("env").stdout.splitlines()
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    spaces = boto3.client(
        "s3",
        endpoint_url=daemon.spaces_url,
        region_name="fra1",
        aws_access_key_id=values["SPACES_ACCESS_KEY_ID"],
        aws_secret_access_key=values["SPACES_SECRET_ACCESS_KEY"],
    )
    spaces.create_bucket(Bucket="assets", CreateBucketConfiguration={"LocationConstraint": "fra1"})
    spaces.put_object(Bucket="assets", Key="a", Body=b"content")
    assert spaces.get_object(Bucket="assets", Key="a")["Body"].read() == b"content"


def test_the_inventory_plugin_finds_droplets_by_tag(daemon, tmp_path):
    body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    daemon.call("POST", "/v2/droplets", {**body, "tags": ["izzzi:shop:dev", "izzzi:shop:dev:web"]})
    daemon.call("POST", "/v2/droplets", {**body, "name": "foreign"})
    inventory = tmp_path / "digitalocean.yml"
    text = (Path(__file__).resolve().parents[2] / "inventories/sandbox/digitalocean.yml").read_text()
    inventory.write_text(text.replace("http://127.0.0.1:8780", daemon.url) + "project: shop\nenvironment: dev\n")
    command = [Path(os.sys.executable).with_name("ansible-inventory"), "-i", inventory, "--list"]
    ran = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(ran.stdout)
    assert found["web"]["hosts"] == ["web-1"]
    assert "foreign" not in ran.stdout
    address = found["_meta"]["hostvars"]["web-1"]["ansible_host"]["__ansible_unsafe"]  # data, never a template
    assert address.startswith("198.51.100.")


def test_a_crash_keeps_what_was_answered(tmp_path):
    with running(tmp_path / "home") as daemon:
        daemon.call("POST", "/v2/tags", {"name": "kept"})
        daemon.kill()
        daemon.start()
        assert [tag["name"] for tag in daemon.call("GET", "/v2/tags").body["tags"]] == ["kept"]
