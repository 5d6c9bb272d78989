# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.declared import Job
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._command import units

DIGEST = Job("digest", "api", ("x",), "Mon..Fri 07:00", "Europe/Paris", catch_up=True)
CLEAN = Job("clean", "api", ("x",), "daily")
JOBS = {"digest": DIGEST, "clean": CLEAN}


class Systemd:
    """Remembers what it is asked, and which timers wait."""

    def __init__(self):
        self.waiting, self.asked = set(), []

    def __call__(self, words):
        self.asked.append(words[1:])
        verb, names = words[1], [word for word in words[2:] if not word.startswith("--")]
        if verb in ("is-active", "is-enabled") and not set(names) <= self.waiting:
            raise CommandError("inactive")
        if verb == "enable":
            self.waiting |= {*names}
        if verb == "disable":
            self.waiting -= {*names}


@pytest.fixture
def host(tmp_path):
    systemd = Systemd()
    (tmp_path / "stamps").mkdir()
    (tmp_path / "units").mkdir()

    def bring(jobs):
        return units.install("shop", jobs, tmp_path / "units", tmp_path / "stamps", systemd)

    def is_due(jobs):
        return units.is_due("shop", jobs, tmp_path / "units", systemd)

    bring.is_due, bring.systemd, bring.units, bring.stamps = is_due, systemd, tmp_path / "units", tmp_path / "stamps"
    return bring


def test_each_job_has_a_timer_and_a_second_time_nothing_is_done(host):
    assert host.is_due(JOBS)
    host(JOBS)
    assert sorted(path.name for path in host.units.iterdir()) == [
        *(f"izzzi-job-shop.{name}.{kind}" for name in ("clean", "digest") for kind in ("service", "timer")),
        "izzzi-jobs-shop.service",
        "izzzi-jobs-shop.timer",
    ]
    assert host.systemd.waiting == {
        "izzzi-job-shop.digest.timer",
        "izzzi-job-shop.clean.timer",
        "izzzi-jobs-shop.timer",
    }
    assert not host.is_due(JOBS)
    assert host(JOBS) == []
    text = (host.units / "izzzi-job-shop.digest.timer").read_text()
    assert "OnCalendar=Mon..Fri 07:00 Europe/Paris\n" in text
    assert "Persistent=true\n" in text
    assert "Persistent=false\n" in (host.units / "izzzi-job-shop.clean.timer").read_text()


def test_a_timer_that_somebody_stopped_waits_again(host):
    host(JOBS)
    host.systemd.waiting.discard("izzzi-job-shop.digest.timer")
    assert host.is_due(JOBS)
    host(JOBS)
    assert "izzzi-job-shop.digest.timer" in host.systemd.waiting


def test_a_job_that_is_not_declared_any_more_goes_with_its_stamp_and_other_apps_stay(host):
    host(JOBS)
    (host.units / "izzzi-job-shop-eu.digest.timer").write_text("another app's")
    (host.stamps / "stamp-izzzi-job-shop.digest.timer").touch()
    assert host.is_due({"clean": CLEAN})
    host({"clean": CLEAN})
    assert not list(host.stamps.iterdir())
    assert sorted(path.name for path in host.units.glob("*.timer")) == [
        "izzzi-job-shop-eu.digest.timer",
        "izzzi-job-shop.clean.timer",
        "izzzi-jobs-shop.timer",
    ]
    host({})
    assert [path.name for path in host.units.iterdir()] == ["izzzi-job-shop-eu.digest.timer"]
    assert host.systemd.waiting == set()
    assert not host.is_due({})


def test_a_new_schedule_restarts_its_timer_alone(host):
    host(JOBS)
    host.systemd.asked.clear()
    host({**JOBS, "clean": Job("clean", "api", ("x",), "hourly")})
    assert ["restart", "izzzi-job-shop.clean.timer"] in host.systemd.asked


def test_a_schedule_counts_since_it_is_on_the_host(host):
    assert units.declared_at("shop", "digest", host.units) == 0.0
    host(JOBS)
    assert units.declared_at("shop", "digest", host.units) > 1_600_000_000


def test_a_run_of_its_own_unit_has_its_name():
    words = units.beside("shop", "digest", "20261127t060000z")
    assert "--unit=izzzi-job-shop.digest-20261127t060000z" in words
    assert words[-4:] == ["jobs", "carry", "digest", "20261127t060000z"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd that could judge them")
def test_systemd_takes_the_units(host):
    host(JOBS)
    for path in host.units.iterdir():  # its program is not on this machine
        path.write_text(path.read_text().replace(units.PROGRAM, "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(host.units.glob("*.timer")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "izzzi" in line]
    assert told == []
