# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart, stop, start and logs of a live release, on a host with a stand-in for Docker."""

from __future__ import annotations

import functools
import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import Run as JobRun
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._command.compose import DEFAULTS
from ansible_collections.izzzi.infra.plugins.module_utils._compose import operate
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.closing import stop_of
from ansible_collections.izzzi.infra.plugins.module_utils._compose.jobs import Ledger
from ansible_collections.izzzi.infra.plugins.module_utils._compose.run import Run
from ansible_collections.izzzi.infra.plugins.module_utils._compose.undo import undo
from ansible_collections.izzzi.infra.plugins.module_utils._compose.verbs import deploy

from .engine import new
from .test_verbs import ask_of

SERVICES = {"api": {"image": "x:1", "port": 4000}, "worker": {"image": "x:1"}}
DATA = {"db": {"image": "db:1"}}
LIVE = Manifest("r0", "r0", "f", GOOD, services=SERVICES, data_services=DATA, colour="blue", live_at=1)


@pytest.fixture
def host(transaction, engine, tmp_path):
    """r0 is live in blue, with its data; the other colour is empty."""
    transaction(LIVE)
    made = [new("shop-blue", name, f"shop/{name}:r0") for name in SERVICES]
    engine.has(*made, new("shop", "db", "db:1"))
    engine.heal()
    (tmp_path / "shop/blue").mkdir()
    (tmp_path / "shop/blue/.env").write_text("TOKEN=hunter22\n")
    return engine


@pytest.fixture
def asked(host, tmp_path):
    """A call as the command on the host makes it: without a secret, and without what is declared."""

    def ask(check: bool = False, **params) -> Run:
        known = {"project": "shop", "directory": str(tmp_path / "shop"), "wait_timeout": 3, "drain_timeout": 1}
        return Run({**DEFAULTS, **known, "lock": {"owner": "ann@host"}, **params}, check)

    return ask


def test_logs_have_the_end_of_a_job_and_a_service_beside_it(asked, host, tmp_path):
    entry = JobRun(
        "digest", "r1", 1.0, "api", ("x",), 60.0, state="failed", reason="why", output="a hunter22\n", ended=9.0
    )
    Ledger(tmp_path / "shop/jobs").claim(entry)
    text = operate.logs(asked(service="digest", hidden=["hunter22"]))["logs"]
    assert text.splitlines()[0].startswith("1970-01-01T00:00:09.000 digest-r1 | a ")
    assert text.endswith("ended: failed, why")
    assert "hunter22" not in text
    with pytest.raises(ReleaseError, match="There are: api, db, digest, worker"):
        operate.logs(asked(service="nope"))


RUNNING = {"shop-blue-api": "running", "shop-blue-worker": "running", "shop-db": "running"}


def test_a_restart_starts_the_release_in_the_other_colour(asked, host, transaction, tmp_path):
    done = operate.restart(asked())
    assert done["events"][-1].startswith("Release r0 runs in new containers. No request was lost")
    assert host.containers == {
        **dict.fromkeys(RUNNING, "exited"),
        "shop-db": "running",
        "shop-green-api": "running",
        "shop-green-worker": "running",
    }
    t = transaction()
    assert (t.live.id, t.live.colour, t.live.state, t.journal) == ("r0", "green", GOOD, {})
    assert (tmp_path / "shop/green/.env").read_text() == "TOKEN=hunter22\n"
    assert "20100" in (tmp_path / "shop/green/compose.yml").read_text()
    operate.restart(asked())
    assert transaction().live.colour == "blue"


def test_a_restart_that_fails_leaves_what_serves_alone(asked, host, tmp_path):
    (tmp_path / "shop/blue/.env").unlink()
    with pytest.raises(ReleaseError, match=r"(?s)Not restarted: files \|.*playbooks/deploy\.yml writes it anew"):
        operate.restart(asked())
    assert host.containers == RUNNING
    (tmp_path / "shop/blue/.env").write_text("TOKEN=hunter22\n")
    (host.directory / "healthy").unlink()  # Compose refuses
    with pytest.raises(ReleaseError, match="Not restarted: start"):
        operate.restart(asked())
    assert host.containers == RUNNING


@pytest.mark.parametrize(("step", "colour"), [("start", "blue"), ("drain", "green")])
def test_a_killed_restart_is_undone_or_finished_by_the_next_run(asked, host, transaction, step, colour):
    t = transaction()
    begin(t, "r0", "rollback")
    t.note(step=step)
    host.has(
        *(new(f"shop-{colour}", name, f"shop/{name}:r0") for colour in ("blue", "green") for name in SERVICES),
        new("shop", "db", "db:1"),
    )
    operate.restart(asked(service="worker"))
    assert transaction().live.colour == colour
    up = {name for name, status in host.containers.items() if status == "running"}
    assert up == {f"shop-{colour}-api", f"shop-{colour}-worker", "shop-db"}


@pytest.mark.parametrize(
    ("service", "id", "said"),
    [("db", "shop-db", "What asked db meanwhile"), ("worker", "shop-blue-worker", "noticed nothing")],
)
def test_what_visitors_do_not_talk_to_is_restarted_in_place(asked, host, service, id, said):
    assert said in operate.restart(asked(service=service))["events"][-1]
    assert f"container restart {id}\n" in host.asked
    assert host.containers == RUNNING


def test_a_service_that_is_not_there_is_named(asked):
    with pytest.raises(ReleaseError, match=r"no service nope in the live release\. There are: api, db, worker\."):
        operate.restart(asked(service="nope"))


def test_a_stop_keeps_all_and_a_start_brings_it_back(asked, host, transaction):
    host.has(*({**c, "Policy": "always"} for c in json.loads((host.directory / "engine.json").read_text())))
    assert "Stopped api, db, worker." in operate.stop(asked())["events"][-1]
    assert host.containers == dict.fromkeys(RUNNING, "exited")
    assert "container update --restart unless-stopped shop-db\n" in host.asked, "a reboot would start it"
    assert stop_of(transaction())["by"] == "ann@host"
    assert operate.stop(asked())["changed"] is False
    with pytest.raises(ReleaseError, match=r"The app was stopped by ann@host\. Start it"):
        operate.restart(asked())
    assert operate.start(asked(check=True))["events"] == ["Would start db, api, worker."]
    assert operate.start(asked())["changed"] is True
    assert host.containers == RUNNING
    assert stop_of(transaction()) == {}
    assert operate.start(asked())["changed"] is False


def test_what_does_not_come_up_is_stopped_again(asked, host, transaction):
    operate.stop(asked())
    containers = json.loads((host.directory / "engine.json").read_text())
    host.has(*(c for c in containers if c["Id"] != "shop-blue-api"))  # and Compose cannot make it anew
    (host.directory / "healthy").unlink()
    with pytest.raises(ReleaseError, match="Not started: bring_back"):
        operate.start(asked())
    assert set(host.containers.values()) == {"exited"}
    assert stop_of(transaction())["by"] == "ann@host"


def test_a_deploy_starts_a_stopped_app(asked, host, transaction, tmp_path):
    declared = {"services": SERVICES, "data_services": {"db": {"image": "db:1", "volumes": ["db:/data"]}}}
    ask = functools.partial(ask_of, tmp_path, **declared, volumes={"db": {}})
    containers = json.loads((host.directory / "engine.json").read_text())
    for container in containers:
        place = "data" if container["Id"] == "shop-db" else "blue"
        container["Config"]["Labels"]["com.docker.compose.project.working_dir"] = str(tmp_path / "shop" / place)
    host.has(*containers)
    deploy(ask())
    operate.stop(asked())
    assert "the app was stopped" in deploy(ask(check=True))["reasons"]
    deploy(ask())
    assert stop_of(transaction()) == {}
    assert {s for name, s in host.containers.items() if "green" in name or name == "shop-db"} == {"running"}
    assert deploy(ask())["changed"] is False


def test_a_release_that_fails_on_a_stopped_app_leaves_it_stopped(asked, host, transaction):
    operate.stop(asked())
    t = transaction()
    begin(t, "r1", "deploy")
    containers = json.loads((host.directory / "engine.json").read_text())
    host.has(*({**c, "State": {"Status": "running" if c["Id"] == "shop-db" else "exited"}} for c in containers))
    undo(t, "no luck")
    assert host.containers == dict.fromkeys(RUNNING, "exited")
    assert stop_of(transaction())["by"] == "ann@host"


@pytest.mark.parametrize("verb", [operate.restart, operate.stop, operate.start])
def test_a_check_predicts_and_does_nothing(asked, host, verb):
    done = verb(asked(check=True))
    assert done["changed"] is (verb is not operate.start)
    assert host.containers == RUNNING


@pytest.mark.parametrize("verb", [operate.restart, operate.stop, operate.start])
def test_somebody_elses_lock_is_respected(asked, verb):
    holder = asked()
    with holder.locked("deploy"), pytest.raises((ReleaseError, LeaseError), match="ann@host has held the lock"):
        verb(asked())


@pytest.mark.parametrize("verb", [operate.restart, operate.stop, operate.start, operate.logs])
def test_without_a_release_there_is_nothing_to_do(transaction, engine, tmp_path, verb):
    run = Run({**DEFAULTS, "project": "shop", "directory": str(tmp_path / "shop"), "lock": {}}, False)
    with pytest.raises(ReleaseError, match="No release of shop is live on this host"):
        verb(run)


def test_logs_of_all_containers_are_one_text_in_the_order_of_time(asked, host):
    said = {"api": "2026-01-05T10:00:02.000000000Z key hunter22", "db": "2026-01-05T10:00:01.000000000Z ready"}
    containers = json.loads((host.directory / "engine.json").read_text())
    host.has(*({**c, "Said": said.get(c["Id"].rpartition("-")[2], "")} for c in containers))
    shown = operate.logs(asked(hidden=["hunter22"]))["logs"].splitlines()
    assert shown == ["2026-01-05T10:00:01.000 db-1 | ready", "2026-01-05T10:00:02.000 api-1 | key ********"]
    assert operate.logs(asked(service="api", grep="rea"))["logs"] == ""
    operate.logs(asked(lines=7))
    assert "container logs --timestamps --tail 7 shop-db\n" in host.asked
    with pytest.raises(ReleaseError, match="no service nope"):
        operate.logs(asked(service="nope"))
