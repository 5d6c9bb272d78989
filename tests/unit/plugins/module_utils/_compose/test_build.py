# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, OPEN, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import verbs

from .engine import new
from .test_verbs import ask_of

SERVICES = {"api": {"image": "x:1"}}
LIVE = Manifest("r0", "r0", "f", GOOD, services=SERVICES, colour="blue", live_at=1)


def test_images_are_built_and_what_is_live_stays(transaction, engine, tmp_path):
    transaction(LIVE)
    running = new("shop-blue", "api", "shop/api:r0")
    running["Config"]["Labels"]["com.docker.compose.project.working_dir"] = str(tmp_path / "shop/blue")
    engine.has(running)
    engine.heal()
    foreseen = verbs.build_images(ask_of(tmp_path, check=True))
    assert (foreseen["changed"], foreseen["release"]) == (True, "r1")
    assert "r1" not in transaction().releases
    done = verbs.build_images(ask_of(tmp_path))
    assert done["events"] == ["The images of release r1 are there. playbooks/deploy.yml releases them."]
    t = transaction()
    assert (t.live.id, t.releases["r1"].state, t.journal) == ("r0", OPEN, {})
    assert "image tag x:1 shop/api:r1" in engine.asked
    assert engine.containers == {"shop-blue-api": "running"}
    assert verbs.deploy(ask_of(tmp_path))["release"] == "r1", "a deploy goes on with it"
    assert verbs.build_images(ask_of(tmp_path))["changed"] is False


def test_a_rebuild_is_a_release_of_its_own_and_what_is_declared_then(transaction, engine, tmp_path):
    engine.heal()
    (tmp_path / "shop").mkdir(exist_ok=True)
    names = [verbs.deploy(ask_of(tmp_path, rebuild=again))["release"] for again in (False, True, True)]
    assert names == ["r1", "r1-2", "r1-3"]
    done = verbs.deploy(ask_of(tmp_path))
    assert (done["release"], done["changed"]) == ("r1-3", False)
