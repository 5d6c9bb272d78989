# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import declaration as declaration_module
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES

from tests.unit.sandbox_api import declaration

APP = {"size": "s-1vcpu-1gb", "image": "debian-13-x64"}
RULE = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["203.0.113.7/32"]}}


def problems(**changes) -> list[str]:
    return declaration_module.complete(declaration(**changes), RESOURCES)[1]


def test_defaults_are_filled_in():
    declared, found = declaration_module.complete(declaration(), RESOURCES)
    assert found == []
    assert declared["droplets"]["app"] == {
        "count": 1,
        "size": "s-1vcpu-1gb",
        "image": "debian-13-x64",
        "groups": ["web"],
        "tags": [],
        "monitoring": False,
        "backups": False,
        "ipv6": False,
    }
    web = declared["firewalls"]["web"]
    assert web["outbound"] is None, "not given, which is not the same as empty"
    assert web["inbound"][0]["sources"] == {"addresses": ["0.0.0.0/0"], "groups": [], "members": False}


def test_what_templates_give_as_text_is_understood():
    app = {**APP, "count": "2", "monitoring": "yes", "image": 194722834, "groups": "web,managers"}
    declared, found = declaration_module.complete(declaration(droplets={"app": app}), RESOURCES)
    assert found == []
    assert declared["droplets"]["app"]["count"] == 2
    assert declared["droplets"]["app"]["image"] == "194722834"
    assert declared["droplets"]["app"]["groups"] == ["web", "managers"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"project": "Shop"}, ["project", "'Shop'"]),
        ({"project": "a" * 33}, ["project", "32 at most"]),
        ({"project": "-shop"}, ["project"]),
        ({"droplets": {"app": "big"}}, ["droplets.app", "not a dictionary of count, size"]),
        ({"droplets": {"app": {}}}, ["droplets.app", "image, size"]),
        ({"droplets": {"app": {**APP, "volumes": True}}}, ["droplets.app", "volumes", "monitoring"]),
        ({"droplets": {"app": {**APP, "count": "many"}}}, ["droplets.app", "count", "int"]),
        ({"droplets": {"app": {**APP, "count": -1}}}, ["droplets.app.count", "-1"]),
        ({"droplets": {"my app": APP}}, ["droplets.my app", "not a name"]),
        ({"droplets": {"app": {**APP, "groups": ["we b"]}}}, ["droplets.app.groups", "'we b'"]),
        ({"droplets": {"app": {**APP, "count": 2}, "app-2": APP}}, ["2 droplets", "shop-staging-app-2"]),
        ({"droplets": {"app": {**APP, "tags": ["a b"]}}}, ["droplets.app.tags", "'a b'"]),
        ({"droplets": {"app": {**APP, "tags": ["izzzi:x"]}}}, ["droplets.app.tags", "Use groups"]),
        ({"replace": ["app"]}, ["replace: 'app' is not a declared droplet"]),
        ({"allow_replace": ["app"]}, ["allow_replace: 'app' is not a declared droplet", "shop-staging-app"]),
        ({"project": "p" * 32, "droplets": {"d" * 32: APP}}, ["63 at most"]),
        ({"firewalls": {"web": []}}, ["firewalls.web", "not a dictionary of inbound, outbound"]),
        ({"firewalls": {"fw_web": {"inbound": [RULE]}}}, ["firewalls.fw_web", "not a name"]),
        ({"firewalls": {"web": {"in": [RULE]}}}, ["firewalls.web", "in", "inbound"]),
        (
            {"firewalls": {"web": {"inbound": [{**RULE, "protocol": "gre"}]}}},
            ["firewalls.web", "tcp, udp, icmp", "gre"],
        ),
        ({"firewalls": {"web": {"inbound": [{**RULE, "sources": {"groups": ["A"]}}]}}}, ["inbound[0].sources.groups"]),
        ({"user_data": "x" * 65537}, ["user_data", "64 KiB"]),
        ({"timeout": 0}, ["timeout", "0"]),
        ({"wait_timeout": -5}, ["wait_timeout", "-5"]),
    ],
)
def test_each_problem_says_where_and_what(changes, words):
    found = problems(**changes)
    assert len(found) == 1, found
    assert [word for word in words if word not in found[0]] == []


def test_all_problems_are_found_at_once():
    found = problems(
        project="Shop",
        vpc={"ip_range": "10.0.0.0/8"},
        ssh_keys=[{"name": "x", "public_key": "x"}],
        firewalls={"web": {"inbound": [{**RULE, "ports": "0-1"}]}},
        droplets={"app": {**APP, "count": -1}},
    )
    assert [problem.split(":")[0] for problem in found] == [
        "project",
        "vpc.ip_range",
        "ssh_keys[0].public_key (x)",
        "firewalls.web.inbound[0].ports",
        "droplets.app.count",
    ]


def test_user_data_is_never_part_of_a_problem():
    assert "hunter2" not in str(problems(user_data="hunter2" * 20000))
