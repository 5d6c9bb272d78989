# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseFile
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import store, verbs
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.modules.release import ARGUMENT_SPEC

from .engine import new

SERVICES = {"api": {"image": "x:1"}}
LIVE = Manifest("r0", "r0", "f", GOOD, services=SERVICES, colour="blue", live_at=1)


@pytest.fixture
def asked(transaction, engine, tmp_path):
    """A call of the module on a host where r0 is live."""
    transaction(LIVE)
    running = new("shop-blue", "api", "shop/api:r0")
    running["Config"]["Labels"]["com.docker.compose.project.working_dir"] = str(tmp_path / "shop/blue")
    engine.has(running)
    engine.heal()

    return functools.partial(ask_of, tmp_path)


def ask_of(tmp_path: Path, check: bool = False, **params) -> verbs.Run:
    given = {"project": "shop", "directory": str(tmp_path / "shop"), "services": SERVICES, "source": "r1"}
    spec = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    return verbs.Run({**spec, "free_space": 0, "soak": 0, "wait_timeout": 3, **given, **params}, check)


def everything(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*"))


def test_a_plan_names_the_release_and_leaves_no_lock(asked, tmp_path):
    before = everything(tmp_path / "shop")
    result = verbs.plan(asked())
    assert (result["release"], result["new"], result["changed"], result["archive"]) == ("r1", True, False, "")
    assert everything(tmp_path / "shop") == before


def test_a_plan_goes_on_as_a_deploy_where_nothing_is_to_be_released(asked, tmp_path):
    mark = asked(source="r0").own().fingerprint
    store.write(tmp_path / "shop", replace(LIVE, fingerprint=mark))
    for verb, keep in ((verbs.plan, True), (verbs.deploy, False)):
        result = verb(asked(source="r0", keep=keep))
        assert (result["release"], result["new"], list(result["steps"])) == ("r0", False, ["data", "repair"])
    assert "steps" not in verbs.plan(asked(source="r0"))
    assert "steps" not in verbs.plan(asked(source="r0", keep=True, check=True))
    assert "steps" not in verbs.plan(asked(keep=True)), "a new release has its source brought first"


def test_a_plan_says_where_the_source_of_what_is_built_goes(asked):
    built = {"services": {"api": {"build": {}}}}
    places = {verbs.plan(asked(**built))["archive"] for _ in range(2)}
    assert len(places) == 2, "two runs never share one"
    assert all(place.startswith("/var/tmp/izzzi-shop-") for place in places)


def test_a_plan_ends_what_a_killed_run_left_also_where_it_then_refuses(asked, transaction):
    begin(transaction(), "r9", "deploy")
    with pytest.raises(ReleaseError, match=r"(?s)Nothing was released: plan \|.*needs \$\{X\}.*r0 goes on serving"):
        verbs.plan(asked(services={"api": {"image": "x:1", "environment": {"A": "${X}"}}}))
    assert transaction().journal == {}
    begin(transaction(), "r9", "deploy")
    result = verbs.plan(asked())
    assert result["recovered"] == "The run of r9 was killed (begin): undid it."
    assert result["changed"] is True


@pytest.mark.parametrize("verb", [verbs.plan, verbs.rollback, verbs.deploy, verbs.remove])
def test_somebody_elses_lock_stops_it_and_says_who_serves(asked, transaction, tmp_path, verb):
    directory = tmp_path / "shop"
    (directory / "releases/old").mkdir()
    old = {"id": "old", "source": "old", "state": GOOD, "services": SERVICES}
    (directory / "releases/old/release.json").write_text(json.dumps(old))
    LeaseFile(directory / "lease.json", verbs.time.time).acquire("ann", "deploy", 60)
    with pytest.raises(
        ReleaseError, match=r"(?s)Nothing was (released|removed): lock \|.*ann has held.*r0 goes on serving"
    ):
        verb(asked())


def test_a_check_predicts_and_writes_nothing(asked, tmp_path):
    before = everything(tmp_path / "shop")
    result = verbs.deploy(asked(check=True))
    assert (result["changed"], result["new"], result["events"]) == (True, True, ["Release r1 would be live."])
    assert "shop/api:r1" in str(result["diff"])
    assert everything(tmp_path / "shop") == before
    assert verbs.plan(asked(check=True))["release"] == "r1"


@pytest.mark.parametrize("verb", [verbs.plan, verbs.rollback])
def test_a_check_fails_like_a_run_when_somebody_has_the_lock(asked, tmp_path, verb):
    LeaseFile(tmp_path / "shop/lease.json", verbs.time.time).acquire("ann", "deploy", 60)
    with pytest.raises(ReleaseError, match="ann has held the lock"):
        verb(asked(check=True))


def test_a_release_without_its_source_is_not_begun(asked, transaction):
    """The plan of this run had found it live; another run has released since."""
    with pytest.raises(ReleaseError, match=r"(?s)Another run has changed what is live.*r0 goes on serving"):
        verbs.deploy(asked(services={"api": {"build": {}}}))
    assert transaction().journal == {}


def test_an_archive_goes_with_the_run_however_it_ends(asked, tmp_path):
    archive = tmp_path / "source.tar.gz"
    archive.write_text("half")
    with pytest.raises(ReleaseError, match=r"(?s)Release r1 is not live: unpack \| Unpack the source.*tar"):
        verbs.deploy(asked(services={"api": {"build": {}}}, archive=str(archive)))
    assert not archive.exists()


def test_a_rollback_to_nowhere_is_told_with_who_serves(asked):
    with pytest.raises(ReleaseError, match=r"(?s)no earlier good release.*Release r0 goes on serving\."):
        verbs.rollback(asked())


DATA = {"db": {"image": "postgres:17", "volumes": ["pg:/data"]}}


def test_the_data_services_of_an_app_that_is_not_live_start_without_a_release(transaction, engine, tmp_path):
    transaction()
    engine.heal()
    engine.has()
    run = ask_of(tmp_path, data_services=DATA, volumes={"pg": {}})
    foreseen = verbs.provide_data(ask_of(tmp_path, check=True, data_services=DATA, volumes={"pg": {}}))
    assert foreseen["changed"] is True
    assert not (tmp_path / "shop/data").exists()
    result = verbs.provide_data(run)
    assert result["changed"] is True
    assert list(result["steps"]) == ["data"]
    assert list(json.loads((tmp_path / "shop/data/compose.yml").read_text())["services"]) == ["db"]
    assert transaction().live is None
    assert transaction().journal == {}
    assert not (tmp_path / "shop/data-before").exists()


@pytest.mark.parametrize("check", [True, False])
def test_where_a_release_is_live_a_deploy_replaces_no_data(asked, tmp_path, check):
    before = everything(tmp_path / "shop")
    with pytest.raises(ReleaseError, match="Release r0 is live on this host, so that its data is not replaced"):
        verbs.provide_data(asked(check=check, data_services=DATA))
    assert everything(tmp_path / "shop") == before
