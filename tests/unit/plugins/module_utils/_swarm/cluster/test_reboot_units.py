from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.reboot_units import (
    WHEN_EMPTY,
    apply,
    files,
    links,
    problems,
)

MANAGER = {"time": "03:30", "manager": True, "image": "registry:2"}
WORKER, OFF = {**MANAGER, "manager": False}, {**MANAGER, "time": ""}


def there(given: dict) -> set[str]:
    return {file["path"].rpartition("/")[2] for file in files(given) if file.get("state") != "absent"}


NODE = {"izzzi-reboot.conf", "izzzi-reboot-when-empty"}
NODE |= {"izzzi-reboot.path", "izzzi-reboot.service", "izzzi-reboot-due.path", "izzzi-reboot-due.service"}
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
    for name, text in {"docker": docker, "systemctl": "touch rebooted", "sleep": ":"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{shutil.which('rm').rpartition('/')[0]}"
    done = subprocess.run(["/bin/sh", "-c", WHEN_EMPTY], cwd=tmp_path, env={"PATH": path}, check=False)
    assert (done.returncode == 0) is reboots
    assert (tmp_path / "rebooted").exists() is reboots
