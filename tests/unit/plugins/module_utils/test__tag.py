from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._tag import Tags

from tests.unit.memory_api import MemoryApi, context, declaration

OWNER = "izzzi:shop:staging"


def account(*names: str) -> dict:
    return {"tags": [{"name": name} for name in names]}


def test_only_missing_tags_are_made_whatever_their_case():
    api = MemoryApi()
    steps = Tags(context(api)).steps(account("IZZZI:shop:staging"))
    assert [(step.name, step.action) for step in steps] == [(OWNER, "noop"), (f"{OWNER}:web", "create")]
    steps[1].apply()
    assert api.calls == [("POST", "/tags", {"name": f"{OWNER}:web"})]


def test_groups_that_only_a_rule_names_get_their_tag():
    rule = {"protocol": "tcp", "ports": "5432", "sources": {"groups": ["workers"]}}
    steps = Tags(context(droplets={}, firewalls={"db": {"inbound": [rule]}})).steps(account())
    assert [step.name for step in steps] == [OWNER, f"{OWNER}:workers"]


def test_surplus_is_ours_only():
    api = MemoryApi()
    held = account(OWNER, f"{OWNER}:old", "izzzi:shop:production:old", "old")
    droplets = {"app": {**declaration()["droplets"]["app"], "groups": []}}
    (step,) = Tags(context(api, droplets=droplets)).surplus(held)
    assert (step.action, step.name) == ("delete", f"{OWNER}:old")
    step.apply()
    assert api.calls == [("DELETE", f"/tags/{OWNER}:old", None)]
