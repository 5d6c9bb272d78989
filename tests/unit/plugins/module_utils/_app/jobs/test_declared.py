# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs import declared
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.declared import job_problems, parse

DIGEST = {"service": "backend", "command": ["node", "digest.js"], "schedule": "Mon..Fri 07:00"}


def problems(**given) -> list[str]:
    jobs = {"digest": {**DIGEST, **given}}
    return list(job_problems(jobs, {"backend": {}, "web": {}}, {"postgres": {}}, "app_"))


def test_the_issues_own_job_has_no_problem_and_is_read():
    given = {**DIGEST, "time_zone": "Europe/Paris", "timeout": "10m", "overlap": "forbid", "catch_up": True}
    assert problems(**given) == []
    job = parse("digest", given)
    assert (job.timeout, job.catch_up, job.command) == (600, True, ("node", "digest.js"))
    assert job.on_calendar == "Mon..Fri 07:00 Europe/Paris"
    assert parse("digest", DIGEST) == declared.Job("digest", "backend", ("node", "digest.js"), "Mon..Fri 07:00")


def test_a_short_form_is_written_out_for_systemd():
    assert parse("x", {**DIGEST, "schedule": " Daily "}).on_calendar == "*-*-* 00:00:00 UTC"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"service": "nope"}, "app_jobs.digest.service: there is no service nope; app_services has backend, web."),
        ({"service": "postgres"}, "postgres is a data service"),
        ({"service": ["backend"]}, "must be the name of a service"),
        ({"service": None}, "app_jobs.digest: service is missing."),
        ({"service": "", "schedule": ""}, "service and schedule are missing."),
        ({"command": "node digest.js"}, "must be a list of words"),
        ({"command": [["node"]]}, "must be a list of words"),
        ({"command": []}, "command is empty"),
        ({"schedule": "0 7 * * 1-5"}, "app_jobs.digest.schedule: '0 7 * * 1-5' is not a schedule"),
        ({"schedule": "*-02-30"}, "never due"),
        ({"time_zone": "Europe/Pariss"}, "app_jobs.digest.time_zone: 'Europe/Pariss' is not a time zone"),
        ({"time_zone": ""}, "is not a time zone"),
        ({"timeout": "ten minutes"}, "app_jobs.digest.timeout: 'ten minutes' is not a valid duration"),
        ({"timeout": 0}, "is not between 1s and 168h"),
        ({"timeout": True}, "is not between"),
        ({"overlap": "maybe"}, "app_jobs.digest.overlap is 'maybe', and must be forbid or allow."),
        ({"catch_up": "yes"}, "app_jobs.digest.catch_up is 'yes', and must be true or false."),
        ({"cron": "x"}, "app_jobs.digest.cron is not known. There are: service, command,"),
    ],
)
def test_a_fault_is_told_with_its_place(given, words):
    found = problems(**given)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("name", ["Digest", "1st", "a b", "x" * 31, "a.b", "-x"])
def test_a_name_that_no_unit_may_have_is_refused(name):
    (found,) = job_problems({name: DIGEST}, {"backend": {}}, {}, "app_")
    assert "a name has small letters" in found


def test_a_job_is_not_called_as_a_service_is():
    (found,) = job_problems({"backend": DIGEST}, {"backend": {}}, {}, "app_")
    assert "a service has the same name" in found


@pytest.mark.parametrize("jobs", [["digest"], "digest", {"digest": "node digest.js"}])
def test_what_is_no_dictionary_is_refused(jobs):
    (found,) = job_problems(jobs, {"backend": {}}, {}, "app_")
    assert "must be a dictionary" in found


def test_where_no_time_zone_is_known_the_host_judges_them(monkeypatch):
    monkeypatch.setattr(declared.zoneinfo, "available_timezones", set)
    assert problems(time_zone="Europe/Pariss") == []
