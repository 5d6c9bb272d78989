# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import hand_over as handing
from ansible_collections.izzzi.infra.plugins.module_utils._compose import project
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.containers import Container
from ansible_collections.izzzi.infra.plugins.module_utils._compose.cut_over import at_start, unproven
from ansible_collections.izzzi.infra.plugins.module_utils._compose.project import Compose

WORKER = {"image": "x:1", "start": "after_switch"}
WEB = {"image": "x:1", "port": 80}


def live(services) -> Manifest:
    return Manifest("r0", "r0", "f", GOOD, services=services, colour="blue", live_at=1)


@pytest.fixture
def engine(monkeypatch) -> dict:
    """Containers by project, and what was asked of Docker."""
    state: dict = {"containers": {}, "calls": []}
    monkeypatch.setattr(Compose, "containers", lambda self: state["containers"].get(self.project, []))
    for module in (handing, project):
        monkeypatch.setattr(module, "run", lambda arguments, **_: state["calls"].append(arguments[2:]))
    monkeypatch.setattr(Compose, "__call__", lambda self, *a, **_: state["calls"].append([self.project, a[-1]]))
    return state


def container(service: str, status: str = "running", release: str = "r1") -> Container:
    return Container(f"{service}-id", service, service, status, "", 0, 0, "x", "", f"shop/{service}:{release}")


def begun(transaction, services, before=None):
    t = transaction(live(before) if before else None, app={"services": services}, soak=0)
    begin(t, "r1", "deploy")
    return t


def test_the_old_one_has_stopped_before_the_new_one_starts(transaction, engine):
    t = begun(transaction, {"web": WEB, "worker": WORKER}, {"web": WEB, "worker": WORKER})
    engine["containers"] = {"shop-blue": [container("web"), container("worker")], "shop-green": [container("worker")]}
    assert handing.hand_over(t)["started"] == ["worker"]
    assert engine["calls"] == [["stop", "worker-id"], ["shop-green", "worker"]]


def test_one_that_was_renamed_or_dropped_stops_too(transaction, engine):
    t = begun(transaction, {"web": WEB, "jobs": WORKER}, {"web": WEB, "worker": WORKER})
    assert handing.single(t) == {"jobs", "worker"}
    dropped = begun(transaction, {"web": WEB})
    dropped.live = live({"worker": WORKER})
    engine["containers"] = {"shop-blue": [container("worker")]}
    assert handing.hands_over(dropped)
    assert handing.hand_over(dropped)["started"] == []
    assert engine["calls"] == [["stop", "worker-id"]]


def test_a_candidate_starts_without_it_and_without_what_an_earlier_release_left(transaction, engine):
    t = begun(transaction, {"web": WEB, "worker": WORKER}, {"web": WEB})
    engine["containers"] = {"shop-green": [container("worker", "exited"), container("web", "exited")]}
    assert at_start(t) == ["web"]
    assert engine["calls"] == [["rm", "--force", "--volumes", "worker-id"]]
    assert unproven(t) == {"web": 1}


def test_a_candidate_inherits_nothing_of_the_release_that_its_colour_had(transaction, engine):
    """Compose hands a container's volumes without a name to the one that takes its place: they hold old files."""
    t = begun(transaction, {"web": WEB, "api": WEB}, {"web": WEB})
    web = replace(container("web", "exited", "r-1"), volumes={"/files": "f" * 64, "/data": "shop_files"})
    left = [web, container("api", "exited"), container("dropped", "exited", "r-1")]
    engine["containers"] = {"shop-green": left}
    assert at_start(t) == ["web", "api"]
    assert engine["calls"] == [["rm", "--force", "--volumes", "web-id", "dropped-id"], ["rm", "--force", "f" * 64]]


def test_the_way_back_stops_the_candidates_first(transaction, engine):
    t = begun(transaction, {"web": WEB, "worker": WORKER}, {"web": WEB, "worker": WORKER})
    engine["containers"] = {"shop-green": [container("worker", "restarting"), container("web")]}
    handing.take_back(t)
    assert engine["calls"] == [["stop", "worker-id"]]


def test_a_release_without_any_is_not_held_up(transaction, engine):
    t = begun(transaction, {"web": WEB}, {"web": WEB})
    assert not handing.hands_over(t)
    assert handing.hand_over(t) is None
    assert t.journal["step"] == "begin"
