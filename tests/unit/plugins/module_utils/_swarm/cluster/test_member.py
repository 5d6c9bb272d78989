# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.member import (
    Member,
    MemberError,
    has_member_state,
    join,
    join_tokens,
    observe,
    of_result,
    rotate_tokens,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import Engine, EngineError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node


@pytest.mark.parametrize(("was_member", "state"), [(True, "stopped"), (False, "inactive")])
def test_an_engine_that_does_not_run_is_a_stopped_members_or_a_bare_hosts(tmp_path, was_member, state):
    found = observe(Engine(str(tmp_path / "none")), was_member=lambda: was_member)
    assert (found.state, found.engine, found.manager, found.nodes) == (state, "", False, None)
    assert "There is no Docker engine" in found.error


def test_a_host_was_a_member_when_its_engine_keeps_that_in_its_own_directory(tmp_path):
    settings, root, other = (tmp_path / name for name in ("daemon.json", "docker", "elsewhere"))
    assert not has_member_state(settings, root)
    (other / "swarm").mkdir(parents=True)
    (other / "swarm/docker-state.json").touch()
    assert not has_member_state(settings, root)
    settings.write_text(json.dumps({"data-root": str(other)}))
    assert has_member_state(settings, root)
    settings.write_text("[]")  # no settings that an engine would take; its default counts
    assert not has_member_state(settings, root)


class Script:
    """An engine that answers what it is told to, and notes what it was asked to do."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def get(self, path):
        return self.answers[path.strip("/")]

    def post(self, path, body=None, **query):
        self.asked.append((path, query))
        if path == "/swarm/join" and (error := self.answers.get("error")):
            raise EngineError(500, error)


def test_what_a_host_says_is_the_same_after_its_way_through_ansible():
    said = Member("26.1", "active", "n1", manager=True, nodes=[Node("n1", "m1", "10.0.0.1", labels={"a": "b"})])
    assert of_result(json.loads(json.dumps(asdict(said)))) == said
    assert of_result({"state": "inactive", "nodes": None}) == Member()


def test_tokens_are_read_by_role_and_made_anew_against_the_version_that_is_there():
    swarm = {"JoinTokens": {"Worker": "w", "Manager": "m"}, "Version": {"Index": 7}, "Spec": {"Name": "default"}}
    engine = Script(swarm=swarm)
    assert join_tokens(engine) == {"worker": "w", "manager": "m"}
    rotate_tokens(engine)
    assert engine.asked == [
        ("/swarm/update", {"version": 7, "rotateWorkerToken": True, "rotateManagerToken": True}),
    ]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"error": "it refuses SECRET"}, r"it refuses \.\.\.\. Can this host reach 10\.0\.0\.1:2377/tcp"),
        (
            {"info": {"Swarm": {"LocalNodeState": "pending", "Error": "no route for SECRET"}}},
            r"It did not join within 2 s: no route for \.\.\.\.",
        ),
        ({"error": "it goes on in the background", "info": {}}, "It did not join within 2 s: no reason given"),
    ],
)
def test_who_cannot_join_says_why_without_the_token(answers, says):
    engine, now = Script(**answers), [0.0]
    with pytest.raises(MemberError, match=says) as caught:
        join(engine, "10.0.0.2", ["10.0.0.1"], "SECRET", 2, lambda: now[0], lambda s: now.__setitem__(0, now[0] + s))
    assert "SECRET" not in str(caught.value)
