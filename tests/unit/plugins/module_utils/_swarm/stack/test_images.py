# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotFound
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.images import (
    known_pins,
    of_nodes,
    provide,
    stale,
)


def test_what_a_service_was_pinned_to_stays_known():
    def service(declared: str, image: str) -> dict:
        return {"Spec": {"Labels": {"izzzi.image": declared}, "TaskTemplate": {"ContainerSpec": {"Image": image}}}}

    services = {
        "a": service("postgres:17", "postgres:17@sha256:1"),
        "b": service("web:1", "web:1"),
        "c": service("", "x"),
        "d": service("web:2", "web:3@sha256:3"),  # by hand
        "e": service("web@sha256:4", "web@sha256:4"),
    }
    assert known_pins(services) == {"postgres:17": "postgres:17@sha256:1", "web@sha256:4": "web@sha256:4"}


def test_every_node_shall_have_what_any_node_may_run():
    def spec(part: str, image: str) -> dict:
        return {"Labels": {"izzzi.part": part}, "TaskTemplate": {"ContainerSpec": {"Image": image}}}

    specs = {
        "db": spec("data", "pg@sha256:1"),
        "web": spec("app", "r/web@sha256:2"),
        "edge": spec("edge", "n@sha256:3"),
    }
    assert of_nodes(specs, ["r/web@sha256:0"]) == {
        "pull": ["n@sha256:3", "r/web@sha256:2"],
        "keep": ["n@sha256:3", "pg@sha256:1", "r/web@sha256:0", "r/web@sha256:2"],
    }


@pytest.mark.parametrize(
    ("image", "is_stale"),
    [
        ({"RepoTags": ["reg/shop/web:old"], "RepoDigests": ["reg/shop/web@sha256:9"]}, True),
        ({"RepoTags": None, "RepoDigests": ["reg/shop/web@sha256:9"]}, True),
        ({"RepoDigests": ["reg/shop/web@sha256:2"]}, False),  # of a kept release
        ({"RepoDigests": ["reg/shop/web@sha256:9"], "Id": "used"}, False),
        ({"RepoDigests": ["reg/shop/web@sha256:9"], "Created": 950}, False),
        ({"RepoDigests": ["reg/shop/web@sha256:9"], "RepoTags": ["mine:1"]}, False),
        ({"RepoDigests": ["postgres@sha256:9"]}, False),
        ({"RepoDigests": ["reg/shop-two/web@sha256:9"]}, False),
        ({}, False),
    ],
)
def test_only_the_apps_own_old_images_go(image, is_stale):
    found = stale([{"Id": "i", "Created": 100, **image}], {"used"}, "reg/shop/", ["reg/shop/web:2@sha256:2"], 900)
    assert found == (["i"] if is_stale else [])


def test_a_check_says_what_a_node_lacks_and_has_too_much_of():
    class Node:
        def get(self, path, **_query):
            if path == "/containers/json":
                return []
            if path == "/images/json":
                return [{"Id": "i", "Created": 0, "RepoDigests": ["reg/shop/web@sha256:1"]}]
            if "sha256%3A2" in path:
                raise NotFound(404, "no such image")
            return {}

    found = provide(Node(), ["reg/shop/web@sha256:2", "n@sha256:3"], [], "reg/shop/", 3600, check_mode=True)
    assert found == {"changed": True, "pulled": ["reg/shop/web@sha256:2"], "removed": ["i"]}
