# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds import load_balancer as load_balancer_module
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.load_balancer import LoadBalancer
from izzzi_sandbox.account.records import Certificate
from izzzi_sandbox.account.records import LoadBalancer as Balancer

from tests.unit.sandbox_api import SandboxApi, context, declaration

CHECK = {
    "protocol": "tcp",
    "port": 80,
    "path": "",
    "check_interval_seconds": 10,
    "response_timeout_seconds": 5,
    "unhealthy_threshold": 3,
    "healthy_threshold": 5,
}
DECLARED = {
    "group": "web",
    "size_unit": 1,
    "forwarding_rules": [],
    "health_check": CHECK,
    "redirect_http_to_https": False,
    "enable_proxy_protocol": False,
}
RULE = {
    "entry_protocol": "https",
    "entry_port": 443,
    "target_protocol": "http",
    "target_port": 80,
    "certificate_id": "",
    "tls_passthrough": False,
}
TCP = {**RULE, "entry_protocol": "tcp", "target_protocol": "tcp"}


def noun(api: SandboxApi, declared: dict | None = DECLARED, **changes) -> tuple[LoadBalancer, dict]:
    made = LoadBalancer(context(api, load_balancer=declared, **changes))
    made.context.known.put("vpc", "shop-staging-vpc", {"id": api.vpc()})
    return made, {listing: read() for listing, read in made.reads().items()}


def run(api: SandboxApi, declared: dict | None = DECLARED, **changes) -> list:
    made, account = noun(api, declared, **changes)
    assert made.problems(account) == []
    steps = ([] if changes.get("state") == "absent" else made.steps(account)) + made.surplus(account)
    for step in steps:
        if step.apply:
            step.apply()
    made.settle()
    return steps


def test_create_then_nothing():
    api = SandboxApi()
    (step,) = run(api)
    assert (step.action, step.cost_before, step.cost_after) == ("create", 0.0, 12.0)
    ((_, _, body),) = api.writes
    assert (body["tag"], body["vpc_uuid"], body["region"]) == ("izzzi:shop:staging:web", api.vpc(), "fra1")
    assert [rule["entry_port"] for rule in body["forwarding_rules"]] == [80, 443]
    assert "group" not in body
    made, account = noun(api)
    (step,) = made.steps(account)
    assert (step.action, step.cost_before, step.cost_after) == ("noop", 12.0, 12.0)
    assert made.outputs() == {"load_balancer_ip": api.rows("load_balancers")[0]["ip"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"group": ""}, "tag"),
        ({"size_unit": 2}, "size_unit"),
        ({"forwarding_rules": [{**RULE, "certificate_id": "c1"}]}, "forwarding_rules"),
        ({"health_check": {**CHECK, "protocol": "http", "path": "/up"}}, "health_check"),
        ({"redirect_http_to_https": True}, "redirect_http_to_https"),
        ({"enable_proxy_protocol": True}, "enable_proxy_protocol"),
    ],
)
def test_each_field_is_changed_by_one_full_put(change, field):
    api = SandboxApi()
    api.cloud.state.put(Certificate("c1", "shop", "custom", [], "2030-01-01T00:00:00Z", "", ""))
    run(api)
    api.calls.clear()
    (step,) = run(api, {**DECLARED, **change})
    assert [c.field for c in step.changes] == [field]
    ((method, path, body),) = api.writes
    assert (method, path) == ("PUT", f"/load_balancers/{api.rows('load_balancers')[0]['id']}")
    assert {"name", "region", "tag", "vpc_uuid", "health_check", "forwarding_rules"} <= body.keys()
    assert run(api, {**DECLARED, **change})[0].action == "noop"


def test_what_the_api_adds_is_no_difference():
    api = SandboxApi()
    run(api)
    (record,) = api.cloud.state.all(Balancer)
    rules = [
        {**rule, "certificate_id": "", "tls_passthrough": False} for rule in record.settings["forwarding_rules"][::-1]
    ]
    api.change(
        Balancer, settings={**record.settings, "forwarding_rules": rules, "health_check": {**CHECK, "path": "/"}}
    )
    assert run(api)[0].action == "noop"


def test_surplus():
    api = SandboxApi()
    run(api)
    made, account = noun(api, None, prune=True)
    assert [step.action for step in made.surplus(account)] == ["delete"]
    assert [step.cost_before for step in run(api, state="absent")] == [12.0]
    assert api.rows("load_balancers") == []


def test_one_that_looks_at_others_droplets_is_not_ours():
    api = SandboxApi()
    run(api)
    api.change(Balancer, tag="web")
    assert run(api, state="absent") == []


def test_one_that_cannot_be_made_is_told():
    api = SandboxApi(held=1)  # nothing is done in the background
    made, account = noun(api)
    (step,) = made.steps(account)
    step.apply()
    api.change(Balancer, status="errored")
    with pytest.raises(ApiError, match="could not make the load balancer shop-staging-lb"):
        made.settle()


def test_it_cannot_be_moved_to_another_region():
    api = SandboxApi()
    run(api)
    api.change(Balancer, region="ams3")
    made, account = noun(api)
    assert "cannot be moved to fra1" in made.problems(account)[0]


def test_http3_shares_its_port_with_https():
    rules = [{**RULE, "certificate_id": "c1"}, {**RULE, "entry_protocol": "http3", "certificate_id": "c1"}]
    assert load_balancer_module.problems({**DECLARED, "forwarding_rules": rules}, declaration()) == []


def test_an_unknown_certificate_is_told_with_those_that_there_are():
    api = SandboxApi()
    api.cloud.state.put(Certificate("c2", "shop", "custom", [], "2030-01-01T00:00:00Z", "", ""))
    made, account = noun(api, {**DECLARED, "forwarding_rules": [{**RULE, "certificate_id": "c1"}]})
    (problem,) = made.problems(account)
    assert problem == (
        "load_balancer.forwarding_rules[0].certificate_id: the account has no certificate 'c1'. There are: shop (c2)."
    )


def test_one_that_was_renamed_is_given_its_name_again():
    api = SandboxApi()
    run(api)
    api.change(Balancer, name="renamed")
    (step,) = run(api)
    assert [(c.field, c.before, c.after) for c in step.changes] == [("name", "renamed", "shop-staging-lb")]
    assert [row["name"] for row in api.rows("load_balancers")] == ["shop-staging-lb"], "none is made twice"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"group": "db"}, "no droplet is in the group 'db'. There are: web"),
        ({"size_unit": 0}, "0 is not from 1 to 100"),
        ({"forwarding_rules": [RULE]}, "certificate_id or tls_passthrough"),
        ({"forwarding_rules": [{**TCP, "entry_port": 0}]}, "0 is not a port"),
        ({"forwarding_rules": [TCP] * 2}, "443 is taken"),
        ({"forwarding_rules": [{**TCP, "target_protocol": "http"}]}, "tcp cannot be forwarded to http"),
        ({"forwarding_rules": [{**RULE, "tls_passthrough": True}]}, "takes a target_protocol of https or http2"),
        ({"health_check": {**CHECK, "unhealthy_threshold": 1}}, "unhealthy_threshold: 1 is not from 2 to 10"),
        ({"health_check": {**CHECK, "check_interval_seconds": 301}}, "301 is not from 3 to 300"),
        ({"health_check": {**CHECK, "protocol": "http", "path": "up"}}, "does not begin with /"),
    ],
)
def test_bad_input_is_named(change, words):
    (problem,) = load_balancer_module.problems({**DECLARED, **change}, declaration())
    assert words in problem
