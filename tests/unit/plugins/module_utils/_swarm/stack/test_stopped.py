# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.labels import STOPPED
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import replicas
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.diff import UPDATE, changes, with_live_scale
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.once import put_back, scaled
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.stopped import (
    NOWHERE,
    is_stopped,
    started,
    stopped,
)

from .shop_stack import backend, stack

EVERYWHERE = {"deploy": {"mode": "global", "placement": {"constraints": ["node.role == worker"]}}}


@pytest.mark.parametrize("spec", [backend(deploy={"replicas": 3}), backend(**EVERYWHERE)])
def test_what_is_started_is_what_it_was_before(spec):
    away = stopped(spec)
    assert away != spec
    assert stopped(away) == away
    assert started(away) == spec
    assert started(spec) == spec
    assert is_stopped({"a": spec, "b": away})
    assert not is_stopped({"a": spec})


def test_a_number_of_tasks_becomes_none_and_every_node_no_node():
    assert replicas(stopped(backend(deploy={"replicas": 3}))) == 0
    constraints = stopped(backend(**EVERYWHERE))["TaskTemplate"]["Placement"]["Constraints"]
    assert constraints == ["node.role == worker", NOWHERE]


def test_the_edge_stays():
    spec = bundle(stack(edge={"edge": {"image": "nginx:1.28"}})).services["shop_edge"]
    assert stopped(spec) == spec


def test_a_deploy_starts_what_was_stopped_at_the_number_that_was_live():
    declared = backend(deploy={"replicas": 2})
    away = stopped(scaled(declared, 5))
    wanted = with_live_scale(declared, away)
    assert replicas(wanted) == 5
    (change,) = changes({"shop_backend": wanted}, {"shop_backend": away})
    assert change.action == UPDATE
    postgres = bundle(stack()).services["shop_postgres"]
    assert replicas(with_live_scale(postgres, stopped(postgres))) == 1
    assert put_back({"db": stopped(postgres)}, {"db": postgres}) == [], "nobody did it by hand"


def test_who_scales_one_service_of_a_stopped_app_starts_that_one():
    away = scaled(stopped(backend(deploy={"replicas": 2})), 1)
    assert STOPPED not in away["Labels"]
    assert replicas(away) == 1
