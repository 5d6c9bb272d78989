# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.declared import (
    Declared,
    declaration_problems,
    pool_problems,
)

from tests.unit.plugins.module_utils._swarm.cluster.members import POOL, declared


@pytest.mark.parametrize(
    ("pools", "what"),
    [
        (["10.20.128.0/20"], "overlaps 10.20.0.0/16 (the VPC)"),
        (["10.0.0.0/8"], "the VPC"),
        (["172.18.0.0/16"], "Docker's own networks"),
        (["192.168.4.0/22"], "Docker's own networks"),
        (["172.16.1.5/16"], "is not a network"),
        (["172.16.0.0/28"], "does not fit"),
        ([], "give at least one network"),
    ],
)
def test_pools_that_hide_other_networks_are_refused(pools, what):
    problems = declaration_problems(declared("m1", pools=pools))
    assert any(what in problem for problem in problems), problems


def test_an_engine_with_pools_of_its_own_is_asked_for_them():
    assert pool_problems(declared("m1", pools=["172.18.0.0/16"]), ["10.200.0.0/16"]) == []
    assert pool_problems(declared("m1", pools=["10.200.0.0/16"]), ["10.200.0.0/16"]) != []


def test_bad_declarations_name_the_member():
    twice = Declared({"m1": "10.20.0.1"}, {"m1": "10.20.0.1", "w1": "10.20.0.1", "w2": "x"}, **POOL, data_node="w9")
    problems = "\n".join(declaration_problems(twice))
    for part in (
        "as worker: m1",
        "same address 10.20.0.1",
        "w2: 'x' is not an IP address",
        "'w9' is not a declared member",
    ):
        assert part in problems
