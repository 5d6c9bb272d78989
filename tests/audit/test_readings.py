# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's arithmetic: what counts, what is waived, what is missed. The audit itself is `make audit`, which no list
of tests has: that its program can be loaded is tried here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.audit import audit, docker_checks, readings
from tests.audit.readings import Finding

HERE = Path(__file__).parent


def test_lynis():
    report = "hardening_index=87\nwarning[]=PKGS-7392|Vulnerable packages.|-|-|\nsuggestion[]=A-1|x|-|-|\n"
    reading = readings.lynis(report)
    assert reading.figures == {"lynis_index": 87, "lynis_warnings": 1, "lynis_suggestions": 1}
    assert reading.findings == [Finding("lynis", "PKGS-7392", "Vulnerable packages.")]


def test_ssh_audit_counts_algorithms():
    bad = {"algorithm": "hmac-sha1", "notes": {"fail": ["using broken SHA-1"], "warn": ["small tag"]}}
    good = {"algorithm": "sntrup761x25519-sha512", "notes": {"info": ["fine"]}}
    reading = readings.ssh_audit(json.dumps({"kex": [good], "key": [], "enc": [], "mac": [bad, good]}))
    assert reading.figures == {"ssh_audit_fail": 1, "ssh_audit_warn": 1}
    assert {finding.rule for finding in reading.findings} == {"mac:hmac-sha1"}


def test_oscap_counts_what_could_not_be_checked_as_failed():
    lines = "minimal score 78.125\nminimal a pass\nminimal b fail\nminimal c error\nminimal d notapplicable\n"
    reading = readings.oscap(lines)
    assert reading.figures == {"anssi_minimal_score": 78.1, "anssi_minimal_pass": 1, "anssi_minimal_fail": 2}
    assert [finding.rule for finding in reading.findings] == ["b", "c"]


def test_gixy_and_testssl_keep_what_is_severe():
    issues = [{"severity": "LOW", "plugin": "a", "reason": "x"}, {"severity": "HIGH", "plugin": "b", "reason": "y"}]
    assert readings.gixy(json.dumps(issues)).findings == [Finding("gixy", "b", "y")]
    rows = [
        {"id": "engine_problem", "severity": "WARN", "finding": "x"},
        {"id": "BREACH", "severity": "MEDIUM", "finding": "gzip"},
        {"id": "overall_grade", "severity": "OK", "finding": "A+"},
        {"id": "final_score", "severity": "INFO", "finding": "96"},
    ]
    reading = readings.testssl(json.dumps(rows))
    assert reading.figures == {"testssl_grade": "A+", "testssl_score": 96, "testssl_medium_or_worse": 1}
    assert reading.findings == [Finding("testssl", "BREACH", "gzip")]
    assert readings.testssl(json.dumps(rows[:2])).figures == {"testssl_medium_or_worse": 1}


@pytest.mark.parametrize(
    "read", [lambda: readings.lynis("x=1\n"), lambda: readings.oscap(""), lambda: readings.ssh_audit('{"kex": []}')]
)
def test_an_auditor_that_broke_off_is_no_good_score(read):
    with pytest.raises(ValueError, match=r"lynis|oscap|ssh-audit"):
        read()


def test_findings_are_waived_by_name_and_needless_waivers_are_told():
    findings = [Finding("oscap", "a"), Finding("oscap", "b"), Finding("oscap", "b")]
    waivers = [
        {"tool": "oscap", "rule": "b", "reason": "cannot be here"},
        {"tool": "docker", "rule": 2.9, "reason": "cannot be here"},
        {"tool": "oscap", "rule": "a", "reason": "cannot be there", "image": "old"},
    ]
    verdict = readings.judge(findings, waivers, "new")
    assert verdict.waived == [Finding("oscap", "b")]
    assert verdict.open == [Finding("oscap", "a")]
    assert verdict.needless == ["docker 2.9"]


@pytest.mark.parametrize(
    ("waivers", "problem"),
    [
        ({}, "not a list"),
        ([{"tool": "oscap", "rule": "a"}], "tool, rule and reason"),
        ([{"tool": "oscap", "rule": "a", "reason": "because"}], "no reason"),
        ([{"tool": "t", "rule": 1, "reason": "one two three"}] * 2, "twice"),
    ],
)
def test_a_waiver_without_a_reason_is_none(waivers, problem):
    assert any(problem in text for text in readings.waiver_problems(waivers))


def test_the_files_of_the_audit_are_sound():
    assert readings.waiver_problems(yaml.safe_load((HERE / "waivers.yml").read_text())) == []
    for goal in yaml.safe_load((HERE / "goals.yml").read_text()):
        assert len(goal.keys() & {"least", "most", "is"}) == 1
        assert goal.keys() - {"least", "most", "is"} in ({"figure"}, {"figure", "image"}, {"figure", "time"})
        assert "time" not in goal or "most" in goal


def test_goals_are_missed_by_little_and_by_silence():
    goals = [{"figure": "a", "least": 3}, {"figure": "b", "most": 0}, {"figure": "c", "is": "22 80"}]
    assert readings.missed({"a": 3, "b": 0, "c": "22 80"}, goals, "new") == []
    assert readings.missed({"a": 2, "b": 1}, goals, "new") == [
        "a: 2, wanted least 3",
        "b: 1, wanted most 0",
        "c: not measured, wanted is 22 80",
    ]


def test_a_goal_of_another_image_is_none():
    goals = [{"figure": "a", "least": 3, "image": "new"}, {"figure": "a", "least": 2, "image": "old"}]
    assert readings.missed({"a": 2}, goals, "old") == []
    assert readings.missed({"a": 2}, goals, "new") == ["a: 2, wanted least 3"]


def test_a_time_is_told_beside_its_goal_and_is_never_missed():
    goals = [{"figure": "seconds", "most": 12, "time": True}, {"figure": "changed", "most": 0}]
    figures = {"seconds": 99.0, "changed": 0}
    assert readings.missed(figures, goals, "new") == []
    assert readings.times(figures, goals) == ["seconds 99.00 (goal: at most 12)"]
    assert readings.times({}, goals) == ["seconds not measured (goal: at most 12)"]


@pytest.mark.parametrize(("changed", "status"), [(0, 0), (1, 1)])
def test_a_slow_machine_does_not_fail_the_audit_and_a_change_does(changed, status, monkeypatch, tmp_path, capsys):
    image = "debian-13-x64"
    goals = [g for g in yaml.safe_load((HERE / "goals.yml").read_text()) if g.get("image", image) == image]
    figures = {goal["figure"]: goal.get("least", goal.get("most", goal.get("is"))) for goal in goals}
    figures |= {"second_run_seconds": 99.0, "first_run_to_apt_by_hand": 9.9, "second_run_changed": changed}
    monkeypatch.setattr(audit, "CACHE", tmp_path)
    assert audit.conclude(image, {"hardened": readings.Reading(figures)}, [], alive=True) == status
    said = capsys.readouterr().out
    assert "time: first_run_to_apt_by_hand 9.90 (goal: at most 1.3)" in said
    assert ("missed: second_run_changed: 1, wanted most 0" in said) == bool(changed)


def facts(**container) -> dict:
    return {
        "daemon": {"icc": False, "log-opts": {"max-size": "10m"}},
        "command_line": "dockerd -H fd://",
        "info": {"Driver": "overlay2", "SecurityOptions": ["name=seccomp,profile=builtin"]},
        "containers": [container] if container else [],
        "files": dict.fromkeys([path for path, _mode in docker_checks.MODES.values()]),
        "audit_rules": "-w /etc/docker -p wa -k docker\n# -w /usr/bin/dockerd\n",
        "docker_group": [],
    }


def numbers(of: dict) -> set[str]:
    return {number for number, _title in docker_checks.failed(of)}


def test_docker_checks_look_at_daemon_files_and_rules():
    failed = numbers(facts())
    assert not {"2.2", "2.13", "1.1.6", "1.1.2", "2.7"} & failed
    assert {"2.14", "2.15", "1.1.3"} <= failed
    of = facts()
    of["files"]["/etc/docker/daemon.json"] = {"owner": "root", "group": "root", "mode": 0o666}
    assert "3.18" in numbers(of)


def test_no_container_earns_no_praise():
    assert {number for number, _title, _test in docker_checks.CONTAINERS} <= numbers(facts())


def test_a_careful_container_passes_and_a_careless_one_does_not():
    host = {"CapDrop": ["ALL"], "ReadonlyRootfs": True, "Memory": 1, "NanoCpus": 1, "PidsLimit": 9}
    careful = {
        "Config": {"User": "65534"},
        "HostConfig": host
        | {"SecurityOpt": ["no-new-privileges"], "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}},
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
            "Networks": {"app": {}},
        },
        "Mounts": [],
        "State": {"Health": {"Status": "healthy"}},
    }
    own = {number for number, _title, _test in docker_checks.CONTAINERS}
    assert numbers(facts(**careful)) & own == {"5.2"}  # no AppArmor profile was given
    careless = {**careful, "Config": {"User": ""}, "Mounts": [{"Source": "/run/docker.sock"}, {"Source": "/etc"}]}
    assert {"4.1", "5.6", "5.32"} <= numbers(facts(**careless))
