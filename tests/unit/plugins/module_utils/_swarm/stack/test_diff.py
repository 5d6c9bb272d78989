# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.labels import DECLARED
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.diff import (
    CREATE,
    DELETE,
    NOOP,
    UPDATE,
    changes,
    differences,
    made_anew,
    with_live_scale,
    with_network_names,
)

SPEC = {
    "Name": "shop_web",
    "Labels": {DECLARED: "2"},
    "TaskTemplate": {
        "ContainerSpec": {
            "Image": "web@sha256:1",
            "Env": ["A=1"],
            "Secrets": [{"SecretName": "s", "File": {"Mode": 292}}],
        },
        "Networks": [{"Target": "shop", "Aliases": ["web"]}],
    },
    "Mode": {"Replicated": {"Replicas": 2}},
}


def changed(path: str, value) -> dict:
    spec = copy.deepcopy(SPEC)
    *parents, last = path.split(".")
    part = spec
    for key in parents:
        part = part.setdefault(key, {})
    part[last] = value
    return spec


def scaled(replicas: int, declared: str = "2") -> dict:
    spec = changed("Mode.Replicated.Replicas", replicas)
    spec["Labels"] = {DECLARED: declared}
    return spec


def test_what_the_engine_fills_in_is_no_difference():
    live = copy.deepcopy(SPEC)
    live["TaskTemplate"] |= {"ForceUpdate": 3, "Runtime": "container", "Placement": {}}
    live["TaskTemplate"]["ContainerSpec"] |= {"Isolation": "default", "DNSConfig": {}, "Init": None}
    live["TaskTemplate"]["ContainerSpec"]["Secrets"][0]["SecretID"] = "abc"
    assert list(differences(SPEC, live)) == []
    assert changes({"shop_web": SPEC}, {"shop_web": live})[0].action == NOOP


def test_every_difference_is_named_by_its_path():
    live = changed("TaskTemplate.ContainerSpec.Image", "web@sha256:0")
    live["TaskTemplate"]["ContainerSpec"]["Env"] = ["A=1", "B=2"]
    live["TaskTemplate"]["Resources"] = {"Limits": {"Pids": 5}}
    assert sorted(differences(SPEC, live)) == [
        "TaskTemplate.ContainerSpec.Env",
        "TaskTemplate.ContainerSpec.Image",
        "TaskTemplate.Resources.Limits.Pids",
    ]


def test_changes_come_in_the_order_of_the_declaration():
    live = {"web": changed("TaskTemplate.ContainerSpec.Image", "old"), "gone": SPEC, "same": SPEC}
    planned = changes({"new": SPEC, "web": SPEC, "same": SPEC}, live)
    assert [(change.name, change.action) for change in planned] == [
        ("new", CREATE),
        ("web", UPDATE),
        ("same", NOOP),
        ("gone", DELETE),
    ]
    assert planned[1].summary == {
        "action": "update",
        "service": "web",
        "fields": ["TaskTemplate.ContainerSpec.Image"],
        "restarts": True,
    }
    assert '"Image": "old"' in planned[1].before
    assert '"Image": "web@sha256:1"' in planned[1].after


def test_a_label_or_a_scale_restarts_nothing():
    (change,) = changes({"web": SPEC}, {"web": scaled(4)})
    assert change.fields == ("Mode.Replicated.Replicas",)
    assert not change.restarts


def test_a_live_scale_stays_until_the_declaration_changes():
    def replicas(desired, live, keep=True):
        return with_live_scale(desired, live, keep)["Mode"]["Replicated"]["Replicas"]

    assert replicas(SPEC, scaled(5)) == 5
    assert replicas(scaled(3, "3"), scaled(5)) == 3
    assert replicas(SPEC, scaled(5), keep=False) == 2
    assert replicas(SPEC, None) == 2
    assert with_live_scale({**SPEC, "Mode": {"Global": {}}}, scaled(5))["Mode"] == {"Global": {}}


def test_a_live_scale_does_not_stay_for_what_must_not_run_twice():
    once, twice = scaled(1, "1"), scaled(2, "1")
    for live in (once, twice):
        live["Labels"]["izzzi.start"] = "after_switch"
    assert with_live_scale(once, twice)["Mode"]["Replicated"]["Replicas"] == 1


def test_networks_are_compared_by_name():
    live = changed("Name", "shop_web")
    live["TaskTemplate"]["Networks"][0]["Target"] = "x1"
    assert list(differences(SPEC, with_network_names(live, {"x1": "shop"}))) == []
    assert live["TaskTemplate"]["Networks"][0]["Target"] == "x1"


def test_between_one_on_every_node_and_a_number_a_service_is_made_anew_and_it_is_told():
    number = {"Name": "shop_web", "Labels": {}, "TaskTemplate": {}, "Mode": {"Replicated": {"Replicas": 1}}}
    everywhere = number | {"Mode": {"Global": {}}}
    for desired, current in ((number, everywhere), (everywhere, number)):
        (change,) = changes({"shop_web": desired}, {"shop_web": current})
        assert (change.action, change.restarts) == ("update", True)
        (told,) = made_anew({"shop_web": current}, {"shop_web": desired})
        assert told.startswith("shop_web changes between one task on every node and a number")
    more = number | {"Mode": {"Replicated": {"Replicas": 2}}}
    assert made_anew({"shop_web": number}, {"shop_web": more, "shop_new": everywhere}) == []
