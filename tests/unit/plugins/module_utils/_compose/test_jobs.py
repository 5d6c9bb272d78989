# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs on one server: what their container is, the ledger of files, and what a container's end means."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import Run
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import jobs

RUN = Run("digest", "20261127t060000z", 1795759200.0, "api", ("node", "x"), 60.0, started=1795759201.0)
SERVICE = {
    "image": "shop/api:r1",
    "restart": "unless-stopped",
    "ports": ["127.0.0.1:20000:4000"],
    "environment": {"KEY": "${KEY}"},
    "depends_on": ["worker"],
    "scale": 3,
    "build": {"context": "."},
    "deploy": {"replicas": 3, "resources": {"limits": {"memory": "64M"}}},
    "volumes": ["uploads:/uploads"],
}
DOCUMENT = {
    "services": {"api": SERVICE, "worker": {"image": "shop/worker:r1", "deploy": {"replicas": 2}}},
    "networks": {"default": {"name": "shop-blue", "external": True}},
    "volumes": {"uploads": {"name": "shop_uploads", "external": True}},
    "secrets": {"ca_bundle": {"file": "/ca"}},
}


def test_a_job_is_its_service_without_visitors_and_restarts():
    found = jobs.job_document(DOCUMENT, "api")
    assert found["services"] == {
        "api": {
            "image": "shop/api:r1",
            "environment": {"KEY": "${KEY}"},
            "deploy": {"resources": {"limits": {"memory": "64M"}}},
            "volumes": ["uploads:/uploads"],
            "restart": "no",
            "healthcheck": {"disable": True},
            "pull_policy": "never",
        }
    }
    assert found["networks"] == DOCUMENT["networks"]
    assert "secrets" not in found
    assert "deploy" not in jobs.job_document(DOCUMENT, "worker")["services"]["worker"]


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ({"Status": "running"}, ("runs", 0, "")),
        ({"Status": "created"}, ("runs", 0, "")),
        ({"Status": "exited", "ExitCode": 0}, ("ended", 0, "")),
        ({"Status": "exited", "ExitCode": 3}, ("ended", 3, "")),
        (
            {"Status": "exited", "ExitCode": 127, "Error": "no such file"},
            ("ended", 127, "it exited with 127: no such file"),
        ),
        (
            {"Status": "exited", "ExitCode": 137, "OOMKilled": True},
            ("ended", 137, "it took more memory than its service may have"),
        ),
    ],
)
def test_a_container_says_how_a_run_is(state, seen):
    found = jobs.seen_of(state, RUN, 0.0, "host")
    assert (found.state, found.code, found.error) == seen
    assert not found.is_lost


def test_what_ended_with_its_server_is_lost():
    found = jobs.seen_of({"Status": "exited", "ExitCode": 137}, RUN, RUN.started + 5, "host")
    assert found.is_lost
    assert not jobs.seen_of({"Status": "exited", "ExitCode": 0}, RUN, RUN.started + 5, "host").is_lost
    assert jobs.boot_time("cpu 1 2\nbtime 1795759206\n") == RUN.started + 5


@pytest.fixture
def ledger(tmp_path):
    return jobs.Ledger(tmp_path / "jobs")


def test_an_entry_is_made_once_and_changed_by_whoever_has_read_it(ledger):
    assert ledger.runs() == []
    mine = ledger.claim(RUN)
    assert ledger.claim(RUN) is None
    changed = ledger.update(replace(mine, state="running"))
    assert changed.state == "running"
    assert ledger.update(replace(mine, state="lost")) is None
    assert ledger.runs() == [changed]
    ledger.forget(changed)
    assert ledger.runs() == []
    assert ledger.update(changed) is None


def test_a_damaged_entry_stops_nobody(ledger):
    ledger.claim(RUN)
    (ledger.directory / "digest" / "x.json").write_text("{")
    assert [run.id for run in ledger.runs()] == [RUN.id]


@pytest.fixture
def server(tmp_path, monkeypatch):
    asked = []

    def run(words, **options):
        asked.append((words, options))
        return ""

    monkeypatch.setattr(jobs, "run", run)
    (tmp_path / "blue").mkdir()
    (tmp_path / "blue/compose.yml").write_text(jobs.json.dumps(DOCUMENT))
    live = SimpleNamespace(
        live=SimpleNamespace(id="r1", colour="blue"), journal={}, app=SimpleNamespace(directory=tmp_path)
    )
    found = jobs.Server("shop", tmp_path, lambda: live)
    found.asked, found.live = asked, live
    return found


def test_a_run_that_is_there_already_is_not_started_again(server, monkeypatch):
    server.claim(RUN)
    monkeypatch.setattr(server, "look", lambda run: jobs.Seen("runs"))
    server.start(RUN)
    assert server.asked == []


def test_a_run_is_a_container_of_neither_colour(server, tmp_path, monkeypatch):
    server.claim(RUN)
    monkeypatch.setattr(server, "look", lambda run: jobs.Seen("missing"))
    server.start(RUN)
    words, options = server.asked[0]
    assert words[:4] == ["docker", "compose", "--project-name", "shop-jobs"]
    assert words[words.index("--env-file") + 1] == str(tmp_path / "blue/.env")
    assert words[-3:] == ["api", "node", "x"]
    assert "IZZZI_JOB_DUE=2026-11-27T06:00:00Z" in words
    assert words[words.index("--name") + 1] == "shop-job-digest-20261127t060000z"
    assert jobs.json.loads(options["stdin"]) == jobs.job_document(DOCUMENT, "api")
    assert server.release() == "r1"


def test_a_service_that_the_live_release_lacks_is_told(server):
    with pytest.raises(ReleaseError, match="There is no service web in the live release r1"):
        server.start(replace(RUN, service="web"))


def test_a_run_without_a_container_is_missing_and_a_broken_engine_is_an_error(server, monkeypatch):
    def gone(words, **_options):
        raise CommandError("Error: No such container: shop-job")

    monkeypatch.setattr(jobs, "run", gone)
    assert server.look(RUN).state == "missing"
    assert server.output(RUN) == ""
    server.stop(RUN)
    server.clean(RUN)

    def broken(words, **_options):
        raise CommandError("Cannot connect to the Docker daemon")

    monkeypatch.setattr(jobs, "run", broken)
    with pytest.raises(CommandError):
        server.look(RUN)


def test_a_stopped_app_and_an_upgrade_hold_jobs_back(server, tmp_path):
    assert server.hindrance() == ""
    (tmp_path / "stopped.json").write_text("{}")
    server.live.journal = {"kind": "upgrade"}
    assert "upgraded" in server.hindrance()
