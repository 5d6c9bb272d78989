# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
from types import SimpleNamespace

from ansible_collections.izzzi.infra.plugins.module_utils._notify import readings
from ansible_collections.izzzi.infra.plugins.module_utils._notify.settings import Settings

HOUR = 3600
SETTINGS = Settings("shop")


def titles(reading):
    return [finding.title for finding in reading.findings.values()]


def test_a_disk_above_the_limit_is_full_and_one_at_it_neither_full_nor_well():
    found = readings.disks({"/": 91.4, "/data": 84.9, "/var": 20.0}, 85)
    assert titles(found) == ["disk / is 91 % full"]
    assert set(found.fine) == {"disk:/", "disk:/var"}
    assert found.fine["disk:/var"] == "disk /var is at 20 % again"


def test_the_disks_of_this_machine_are_as_df_says():
    full = readings.mounts()
    said = subprocess.run(["df", "--output=pcent", "/"], capture_output=True, text=True, check=True).stdout
    assert abs(full["/"] - int(said.split()[1].rstrip("%"))) <= 1.5


def test_a_certificate_that_ends_soon_should_have_been_renewed():
    now = 1e9
    ends = {"a.example": now + 5 * 86400, "b.example": now + 60 * 86400, "c.example": None, "d.example": now - 86400}
    found = readings.certificates(ends, SETTINGS, now)
    assert titles(found) == ["the certificate of a.example ends in 5 days", "the certificate of d.example has ended"]
    assert found.fine["certificate:b.example"] == "the certificate of b.example is renewed, for 60 days"
    assert "certificate:c.example" not in found.fine


def backup(**state):
    return readings.backups({"shop": {"late_after": 26, "installed": 0.0, **state}}, 30 * HOUR)


def test_backups_that_failed_and_are_late_are_told_apart():
    late = "The last backup is 27 h old; at most 26 h are declared."
    why = {"backup": {"why": "restic: no route", "time": 7.0}, "drill": {"why": "two rows", "time": 8.0}}
    found = backup(failed=why, troubles=[late, "The last backup failed: restic: no route"])
    told = {finding.kind: (finding.title, finding.detail, finding.stamp) for finding in found.findings.values()}
    assert told == {
        "backup_failed": ("shop: the last backup failed", "restic: no route", "7.0"),
        "drill_failed": ("shop: the last drill failed", "two rows", "8.0"),
        "backup_late": ("shop: backups are late", late, ""),
    }
    assert set(found.fine) == {"backup:shop/backup", "backup:shop/drill", "backup:shop/late"}


def test_the_first_backup_has_its_time():
    assert not backup(installed=29.0 * HOUR, troubles=["There is no backup yet."]).findings
    assert backup(installed=1.0 * HOUR, troubles=["There is no backup yet."]).findings


def test_what_backups_say_is_asked_of_their_program(tmp_path):
    (tmp_path / "shop.json").write_text('{"late_after": 5}')
    (tmp_path / "broken.json").write_text('{"late_after": 5}')
    said = {"shop": '{"troubles": []}', "broken": ""}
    found = dict(readings.states(tmp_path, lambda *words: SimpleNamespace(stdout=said[words[2]])))
    assert list(found) == ["shop"]
    assert found["shop"]["late_after"] == 5


def test_a_reboot_that_waits_names_the_packages(tmp_path):
    mark, packages = tmp_path / "reboot-required", tmp_path / "reboot-required.pkgs"
    assert not readings.reboot(mark, packages).findings
    mark.write_text("")
    packages.write_text("linux-image\nlinux-image\nlibc6\n")
    [finding] = readings.reboot(mark, packages).findings.values()
    assert finding.detail == "By libc6, linux-image. On the host: sudo reboot"


def node(name, status="Ready", manager="", is_self=False):
    return {"Hostname": name, "Status": status, "ManagerStatus": manager, "Self": is_self}


def test_the_leader_tells_of_a_node_that_is_away_and_others_know_of_it():
    rows = [node("m1", manager="Leader", is_self=True), node("w1", "Down")]
    found = readings.judged(rows)
    [finding] = found.findings.values()
    assert (finding.title, finding.ours) == ("node w1 of the Swarm is away (down)", True)
    assert found.fine["node:w1"] == "node w1 of the Swarm is back"
    other = readings.judged([node("m1", manager="Leader"), node("m2", is_self=True), node("w1", "Down")])
    assert [finding.ours for finding in other.findings.values()] == [False]
    assert not other.fine


def answers(swarm, rows=(), code=0, words=""):
    listed = SimpleNamespace(returncode=code, stdout="\n".join(map(json.dumps, rows)), stderr=words)
    return lambda *command: listed if "node" in command else SimpleNamespace(stdout=json.dumps(swarm))


ACTIVE = {"LocalNodeState": "active", "ControlAvailable": True}


def test_the_swarm_is_asked_where_this_host_manages_one():
    rows = [node("m1", manager="Leader", is_self=True), node("w1", "Down")]
    assert titles(readings.nodes(answers(ACTIVE, rows))) == ["node w1 of the Swarm is away (down)"]
    assert readings.nodes(answers({"LocalNodeState": "inactive"})) == readings.Reading("node")
    assert readings.nodes(answers({**ACTIVE, "ControlAvailable": False})) == readings.Reading("node")


def test_a_majority_that_is_lost_is_told_and_an_engine_that_does_not_answer_says_nothing():
    told = readings.nodes(answers(ACTIVE, code=1, words="Error: The swarm does not have a leader."))
    assert titles(told) == ["the Swarm has lost its majority of managers"]
    assert not readings.nodes(answers(ACTIVE, code=1, words="context deadline exceeded")).known

    def away(*_command):
        raise FileNotFoundError

    assert not readings.nodes(away).known
