# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.tag import Tags

from tests.unit.sandbox_api import SandboxApi, context, declaration

OWNER = "izzzi:shop:staging"


def account(*names: str) -> dict:
    empty = {"reserved_ips": [], "droplets": [], "vpcs": [], "volumes": []}
    return {"tags": [{"name": name} for name in names], **empty}


def test_only_missing_tags_are_made_whatever_their_case():
    api = SandboxApi()
    steps = Tags(context(api)).steps(account("IZZZI:shop:staging"))
    assert [(step.name, step.action) for step in steps] == [("IZZZI:shop:staging", "noop"), (f"{OWNER}:web", "create")]
    steps[1].apply()
    assert api.calls == [("POST", "/tags", {"name": f"{OWNER}:web"})]


def test_of_names_that_differ_in_case_the_first_one_is_made():
    app = declaration()["droplets"]["app"]
    droplets = {"app": {**app, "tags": ["MY-TAG"]}, "db": {**app, "tags": ["my-tag", "Team"]}}
    steps = Tags(context(droplets=droplets)).steps(account("team"))
    assert [(step.name, step.action) for step in steps if "izzzi" not in step.name] == [
        ("MY-TAG", "create"),
        ("team", "noop"),
    ]


def test_our_own_tags_must_be_spelled_as_they_are_looked_for():
    (problem,) = Tags(context()).problems(account("IZZZI:shop:staging", "Web"))
    assert "Delete the tag IZZZI:shop:staging" in problem


def test_groups_that_only_a_rule_names_get_their_tag():
    rule = {"protocol": "tcp", "ports": "5432", "sources": {"groups": ["workers"]}}
    steps = Tags(context(droplets={}, firewalls={"db": {"inbound": [rule]}})).steps(account())
    assert [step.name for step in steps] == [OWNER, f"{OWNER}:workers"]


def test_surplus_is_ours_only():
    api = SandboxApi()
    held = account(OWNER, f"{OWNER}:old", "izzzi:shop:production:old", "old")
    droplets = {"app": {**declaration()["droplets"]["app"], "groups": []}}
    (step,) = Tags(context(api, droplets=droplets, prune=True)).surplus(held)
    assert (step.action, step.name) == ("delete", f"{OWNER}:old")
    step.apply()
    assert api.calls == [("DELETE", f"/tags/{OWNER}:old", None)]
    assert Tags(context(droplets=droplets)).surplus(held) == [], "it costs nothing and does nothing"


def test_what_marks_a_reserved_ip_goes_with_that():
    mark = f"{OWNER}:ip:192-0-2-1"
    held = account(OWNER, f"{OWNER}:web", mark)
    (step,) = Tags(context(prune=True)).surplus(held)
    assert step.name == mark, "there is no such address"
    held["reserved_ips"] = [{"ip": "192.0.2.1", "droplet": None}]
    assert Tags(context(prune=True)).surplus(held) == []
