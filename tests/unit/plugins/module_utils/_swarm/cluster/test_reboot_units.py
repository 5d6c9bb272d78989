# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.reboot_units import (
    apply,
    files,
    links,
    problems,
    script,
)

MANAGER = {"time": "03:30", "manager": True, "image": "registry:2", "balancer_path": "", "balancer_wait": 35}
WORKER, OFF = {**MANAGER, "manager": False}, {**MANAGER, "time": ""}


def there(given: dict) -> set[str]:
    return {file["path"].rpartition("/")[2] for file in files(given) if file.get("state") != "absent"}


NODE = {"izzzi-reboot.conf", "izzzi-reboot-when-empty"}
NODE |= {"izzzi-reboot.path", "izzzi-reboot.service", "izzzi-reboot-due.path", "izzzi-reboot-due.service"}
NODE |= {"izzzi-reboot-stay.timer", "izzzi-reboot-stay.service"}
TIMERS = {"izzzi-reboots.timer", "izzzi-reboots.service", "izzzi-reboots-open.timer", "izzzi-reboots-open.service"}


def test_each_node_has_its_part():
    assert there(MANAGER) >= NODE | TIMERS | {"night.py", "reboots.py", "moves.py", "engine.py"}
    assert there(WORKER) == NODE
    assert there(OFF) == set()


def test_what_is_not_wanted_any_more_goes():
    gone = {file["path"].rpartition("/")[2] for file in files(WORKER) if file.get("state") == "absent"}
    assert gone == TIMERS
    assert {link["state"] for link in links(OFF)} == {"absent"}
    assert "systemctl stop izzzi-reboot" in apply(OFF)["reboots"]["command"]
    assert "check" not in apply(OFF)["reboots"]


def test_the_time_is_the_timers():
    (timer,) = [file["content"] for file in files(MANAGER) if file["path"].endswith("izzzi-reboots.timer")]
    assert "OnCalendar=*-*-* 03:30:00\n" in timer
    (service,) = [file["content"] for file in files(MANAGER) if file["path"].endswith("izzzi-reboots.service")]
    assert "infra._swarm.cluster.night reboot --image registry:2\n" in service


@pytest.mark.parametrize("time", ["3:30", "24:00", "03:30:00", "night", 330])
def test_a_time_that_is_none_is_refused(time):
    assert problems({**MANAGER, "time": time}) == [
        f"swarm_cluster_reboot_time: {time!r} is not a valid time such as 03:30."
    ]
    assert problems(MANAGER) == problems(OFF) == []


@pytest.mark.parametrize(
    ("docker", "reboots"), [("echo", True), ("[ -e empty ] || { touch empty; echo task; }", True), ("exit 1", False)]
)
def test_a_host_reboots_when_it_is_empty_and_its_engine_says_so(docker, reboots, tmp_path):
    done = ran(script(""), tmp_path, docker=docker, systemctl="touch rebooted", sleep=":")
    assert (done.returncode == 0) is reboots
    assert (tmp_path / "rebooted").exists() is reboots


def ran(text: str, folder: Path, *words: str, **programs: str) -> subprocess.CompletedProcess:
    """Run a script among programs that are a line of shell each, and rm."""
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    path = f"{folder}:{shutil.which('rm').rpartition('/')[0]}"
    return subprocess.run(["/bin/sh", "-c", text, "script", *words], cwd=folder, env={"PATH": path}, check=False)


DOCKER = """case $1 in
volume) [ $2 = ls ] && echo shop_edge.files || echo volume ;;
ps) case $* in *volume=shop_edge.files) echo task ;; esac ;;
exec) touch reloaded ;;
esac"""


def test_the_load_balancer_is_told_first_and_again_when_the_host_starts(tmp_path):
    (tmp_path / "volume").mkdir()
    file, reloaded = tmp_path / "volume/maintenance-leaving.conf", tmp_path / "reloaded"
    text = script("/it's?lb")
    assert ran(text, tmp_path, docker=DOCKER, systemctl=f"[ -e {file} ] && touch rebooted").returncode == 0
    assert (tmp_path / "rebooted").exists()
    assert file.read_text().endswith("""if ($request_uri = "/it's?lb") { return 503; }\n""")
    reloaded.unlink()
    assert ran(text, tmp_path, "stay", docker=DOCKER, systemctl="exit 1").returncode == 0
    assert (file.exists(), reloaded.exists()) == (False, True)
    busy = DOCKER.replace("echo task ;;", "echo task ;; *) echo other ;;")
    assert ran(text, tmp_path, docker=busy, systemctl="exit 1", sleep=":").returncode == 1
    assert not file.exists(), "a node that stays is used again"


def test_a_path_that_nginx_would_read_otherwise_is_refused():
    assert problems({**MANAGER, "balancer_path": 'health"'}) == [
        "swarm_cluster_balancer_path: 'health\"' is not a path such as /health."
    ]
    (unit,) = [
        f["content"] for f in files({**MANAGER, "balancer_path": "/lb"}) if f["path"].endswith("-reboots.service")
    ]
    assert "--patience 35\n" in unit
