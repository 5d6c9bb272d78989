# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._command import host

GIVEN = {
    "app": "shop",
    "runner": "compose",
    "params": {"project": "shop"},
    "hidden": ["s3cr3t"],
}


@pytest.mark.parametrize("runner", ["compose", "swarm"])
def test_the_code_runs_from_its_files_alone(tmp_path, runner):
    for file in host.written({**GIVEN, "runner": runner})["files"]:
        if file["path"].startswith(str(host.on_host.CODE)):
            path = tmp_path / "infra" / file["path"].removeprefix(f"{host.on_host.CODE}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file["content"])
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    program = f"from infra._command import {runner}; from infra._command.main import parser; parser().print_help()"
    command = [sys.executable, "-BP", "-c", program]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "restart" in done.stdout


def test_no_secret_is_in_a_file_that_is_shown():
    written = host.written(GIVEN)
    assert "s3cr3t" not in json.dumps([written["files"], written["directories"]])
    assert json.loads(written["secrets"][0]["content"]) == ["s3cr3t"]
    modes = {file["path"]: file.get("mode") for file in written["files"]}
    assert modes["/etc/izzzi/apps/shop.json"] == "0600"
    assert modes[host.PROGRAM] == "0755"


def test_of_services_only_what_is_asked_of_them_is_written():
    service = {"port": 4000, "checks": [{"path": "/"}], "environment": {"KEY": "value"}}
    written = host.written({**GIVEN, "params": {"project": "shop", "services": {"api": service}}})
    (settings,) = [file["content"] for file in written["files"] if file["path"].endswith("shop.json")]
    assert json.loads(settings)["params"]["services"] == {"api": {"port": 4000, "checks": [{"path": "/"}]}}


def test_the_program_is_a_shell_script():
    subprocess.run(["sh", "-n"], input=host.SCRIPT, text=True, check=True)


def test_timers_come_with_the_jobs_and_are_looked_at_for_apps_without_any():
    jobs = {"digest": {"service": "api", "command": ["x"], "schedule": "daily"}}
    written = host.written({**GIVEN, "jobs": jobs})
    (settings,) = [file for file in written["files"] if file["path"].endswith("shop.json")]
    assert json.loads(settings["content"])["jobs"] == jobs
    assert settings["apply"] == ["jobs-shop"]
    assert written["apply"]["jobs-shop"] == {
        "command": "/usr/local/bin/izzzi -a shop jobs install",
        "check": "/usr/local/bin/izzzi -a shop jobs install --check",
    }
    without = host.written(GIVEN)
    assert [file for file in without["files"] if "apply" in file] == []
    check = without["apply"]["jobs-shop"]["check"]
    assert subprocess.run(check, shell=True, check=False).returncode == 0
    assert check.endswith("izzzi-jobs-shop.timer")
