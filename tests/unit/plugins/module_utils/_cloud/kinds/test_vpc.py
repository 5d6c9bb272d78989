# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.vpc import Vpc, conflicts, problems

from tests.unit.sandbox_api import SandboxApi, context

NAME = "shop-staging-vpc"
DECLARED = {"ip_range": "10.66.0.0/16", "description": "", "allow_swarm_overlap": False}
BODY = {"ip_range": "10.66.0.0/16", "description": ""}
CURRENT = {"id": "v1", "name": NAME, "region": "fra1", "ip_range": "10.66.0.0/16", "description": "", "default": False}


@pytest.mark.parametrize("text", ["10.66.0.0/16", "172.20.0.0/20", "192.168.7.0/28", "10.10.0.0/16"])
def test_ranges_that_do(text):
    assert problems({"ip_range": text}, "fra1") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.20.0.0/33", "not an IPv4 network"),
        ("10.20.0.1/16", "has host bits set"),
        ("10.20.0.0", "is a /32"),
        ("fd00::/64", "not an IPv4 network"),
        ("", "not an IPv4 network"),
        ("10.0.0.0/15", "is a /15"),
        ("10.0.0.0/29", "is a /29"),
        ("203.0.113.0/24", "not private"),
        ("10.244.0.0/16", "keeps for itself"),
        ("10.229.7.0/24", "keeps for itself"),
        ("172.17.0.0/20", "Docker"),
    ],
)
def test_ranges_that_do_not_are_named_with_the_option(text, words):
    (problem,) = problems({"ip_range": text}, "fra1")
    assert problem.startswith("vpc.ip_range: ")
    assert text in problem
    assert words in problem


def test_what_is_reserved_in_one_region_only():
    assert "keeps for itself" in problems({"ip_range": "10.10.0.0/16"}, "nyc1")[0]


def test_a_new_vpc_must_not_overlap_any_other():
    other = {**CURRENT, "name": "other", "ip_range": "10.66.8.0/21"}
    (problem,) = conflicts(NAME, DECLARED, "fra1", [other])
    assert "overlaps the VPC other (10.66.8.0/21)" in problem
    assert conflicts(NAME, DECLARED, "fra1", [{**other, "ip_range": "10.67.0.0/16"}]) == []


@pytest.mark.parametrize("ip_range", ["10.0.0.0/16", "10.0.64.0/20"])
def test_a_new_vpc_must_not_lie_where_swarm_makes_its_networks(ip_range):
    declared = {**DECLARED, "ip_range": ip_range}
    (problem,) = conflicts(NAME, declared, "fra1", [])
    assert "Swarm" in problem
    assert conflicts(NAME, {**declared, "allow_swarm_overlap": True}, "fra1", []) == []
    assert conflicts(NAME, declared, "fra1", [{**CURRENT, "ip_range": ip_range}]) == [], "adopted as it is"


def test_a_description_that_is_not_declared_stays():
    (step,) = Vpc(context(vpc={"ip_range": "10.66.0.0/16", "description": None})).steps(
        {"vpcs": [{**CURRENT, "description": "VPC for shop"}]}
    )
    assert step.action == "noop"


def test_range_and_region_of_one_that_exists_are_fixed():
    found = conflicts(NAME, {**DECLARED, "ip_range": "10.67.0.0/16"}, "ams3", [CURRENT])
    assert ["region is fra1" in found[0], "ip_range is 10.66.0.0/16" in found[1]] == [True, True]
    assert conflicts(NAME, DECLARED, "fra1", [CURRENT]) == []


def test_create():
    api = SandboxApi()
    vpc = Vpc(context(api))
    (step,) = vpc.steps({"vpcs": []})
    assert (step.action, vpc.outputs()) == ("create", {"vpc_id": "", "vpc_cidr": ""})
    step.apply()
    assert api.calls == [("POST", "/vpcs", {"name": NAME, "region": "fra1", **BODY})]
    assert vpc.outputs() == {"vpc_id": api.vpc(), "vpc_cidr": "10.66.0.0/16"}


def test_noop():
    vpc = Vpc(context())
    (step,) = vpc.steps({"vpcs": [CURRENT]})
    assert (step.action, step.apply, vpc.outputs()["vpc_id"]) == ("noop", None, "v1")


def test_update_leaves_default_out():
    """Sending `default: false` for a region's default VPC is refused by the API."""
    api = SandboxApi()
    id = api.vpc()
    (step,) = Vpc(context(api, vpc={**DECLARED, "description": "new"})).steps({"vpcs": api.rows("vpcs")})
    assert (step.action, [c.field for c in step.changes]) == ("update", ["description"])
    step.apply()
    assert api.calls == [("PUT", f"/vpcs/{id}", {"name": NAME, "description": "new"})]


def test_prices_are_asked_for_only_when_it_must_be_made():
    vpc = Vpc(context())
    assert list(vpc.more_reads({"vpcs": []})) == ["sizes"]
    assert vpc.more_reads({"vpcs": [CURRENT]}) == {}


@pytest.mark.parametrize(("default", "action"), [(False, "delete"), (True, "keep")])
def test_a_default_vpc_stays(default, action):
    (step,) = Vpc(context(state="absent")).surplus(account(default=default))
    assert step.action == action


def test_one_that_holds_what_is_not_ours_stays():
    (step,) = Vpc(context(state="absent")).surplus(account("do:droplet:7", default=False))
    assert (step.action, "do:droplet:7" in step.reason) == ("keep", True)


def account(*members: str, default: bool) -> dict:
    listings = ("droplets", "reserved_ips", "load_balancers", "volumes", "tags")
    found = {"vpcs": [{**CURRENT, "default": default}], "zones": {}, **{listing: [] for listing in listings}}
    return {**found, "vpc_members": [{"urn": urn} for urn in members]}


def test_only_a_removal_takes_the_vpc():
    assert Vpc(context(prune=True)).surplus({"vpcs": [CURRENT]}) == []
