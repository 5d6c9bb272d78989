# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs import report
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.declared import Job
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import Run
from ansible_collections.izzzi.infra.plugins.module_utils._app.logs import Asked

NOW = 1795940000.0  # 2026-11-29 08:13:20 UTC, a Sunday
JOB = Job("digest", "api", ("x",), "Mon..Fri 07:00", "Europe/Paris")


def run(due: float, **given) -> Run:
    known = {"state": "ok", "started": due, "ended": due + 12, "release": "r1", "node": "n1"}
    return Run("digest", f"r{due:.0f}", due, "api", ("x",), 60, **{**known, **given})


def test_a_job_is_told_with_its_last_and_its_next_run():
    rows = report.rows({"digest": JOB}, [run(1795672800.0, output="x\n")], NOW)
    assert report.lines(rows) == [
        "digest       Mon..Fri 07:00 Europe/Paris, next 2026-11-30 07:00 CET",
        "             last 2026-11-26 07:00 CET ok, 12 s on n1, release r1",
    ]
    assert rows[0]["last"]["seconds"] == 12
    assert "output" not in rows[0]["last"]


def test_a_failure_is_seen_in_the_status():
    failed = run(1795759200.0, state="failed", reason="it exited with 3", code=3)
    rows = report.rows({"digest": JOB}, [failed, run(1795672800.0)], NOW)
    (line,) = report.status_lines(rows)
    assert "FAILED 2026-11-27 07:00 CET, it exited with 3; next 2026-11-30 07:00 CET" in line


def test_what_runs_and_what_was_skipped_are_told():
    skipped = run(1795845600.0, state="skipped", reason="the app is stopped", started=0.0)
    runs = run(1795900000.0, state="running", ended=0.0)
    text = "\n".join(report.lines(report.rows({"digest": JOB}, [skipped, runs, run(1795672800.0)], NOW)))
    assert "runs since" in text
    assert "skipped 2026-11-28 07:00 CET: the app is stopped" in text


def test_a_job_that_never_ran_and_an_app_without_jobs_are_told():
    assert "has not run yet" in report.lines(report.rows({"digest": JOB}, [], NOW))[1]
    assert report.lines([]) == ["No job is declared (app_jobs)."]


def test_last_lines_of_runs_are_among_the_logs():
    ended = run(1795672800.0, output="one\ntwo\n")
    lines = list(report.logged([ended, run(1795700000.0, state="running")], Asked(("digest",), 1)))
    assert [(line.name, line.words) for line in lines] == [
        ("digest-r1795672800", "two"),
        ("digest-r1795672800", "ended: ok"),
    ]
    assert list(report.logged([ended], Asked(("api",)))) == []
    assert list(report.logged([ended], Asked((), 0, since=NOW))) == []
