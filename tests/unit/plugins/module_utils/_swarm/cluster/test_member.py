from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.member import has_member_state, observe
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import Engine


@pytest.mark.parametrize(("was_member", "state"), [(True, "stopped"), (False, "inactive")])
def test_an_engine_that_does_not_run_is_a_stopped_members_or_a_bare_hosts(tmp_path, was_member, state):
    found = observe(Engine(str(tmp_path / "none")), was_member=lambda: was_member)
    assert (found["state"], found["engine"], found["manager"], found["nodes"]) == (state, "", False, None)
    assert "There is no Docker engine" in found["error"]


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
