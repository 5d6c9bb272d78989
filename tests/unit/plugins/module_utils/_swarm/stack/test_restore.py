# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.diff import CREATE, DELETE, UPDATE
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.restore import steps


def spec(image: str, secret: str = "") -> dict:
    container = {"Image": image, "Secrets": [{"SecretName": "s", "SecretID": secret}] if secret else []}
    return {"TaskTemplate": {"ContainerSpec": container}}


def test_every_service_goes_back_the_last_one_first():
    before = {"db": spec("db:1"), "api": spec("api:1"), "web": spec("web:1")}
    now = {"db": spec("db:1"), "api": spec("api:2"), "web": spec("web:2"), "new": spec("new:2")}
    found = steps(before, now, ["db", "api", "web", "new"])
    assert [(step.name, step.action) for step in found] == [("new", DELETE), ("web", UPDATE), ("api", UPDATE)]
    assert found[1].spec == before["web"]


def test_a_removed_service_comes_back():
    (step,) = steps({"old": spec("old:1")}, {}, [])
    assert (step.action, step.spec) == (CREATE, spec("old:1"))


def test_what_swarm_rolled_back_itself_needs_nothing():
    assert steps({"api": spec("api:1")}, {"api": spec("api:1")}, ["api"]) == []


def test_a_secret_that_was_made_anew_is_another():
    assert steps({"api": spec("a", "id1")}, {"api": spec("a", "id2")}, [])[0].action == UPDATE
