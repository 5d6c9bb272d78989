from __future__ import annotations

import os

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotFound
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack import images
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.images import (
    Images,
    as_facts,
    from_facts,
    from_inspection,
    known_pins,
    of_nodes,
    pin,
    provide,
    reference,
    repository,
    stale,
)


def test_a_built_image_is_named_after_its_release():
    assert reference("10.0.0.2:5000", "shop", "web", "r1") == "10.0.0.2:5000/shop/web:r1"


def test_a_registrys_port_is_no_tag():
    assert repository("10.0.0.2:5000/shop/web:r1") == "10.0.0.2:5000/shop/web"
    assert repository("10.0.0.2:5000/shop/web") == "10.0.0.2:5000/shop/web"
    assert repository("postgres:17@sha256:1") == "postgres"


def test_an_image_is_pinned_by_the_digest_of_its_own_registry():
    digests = ["mirror:5000/postgres@sha256:9", "postgres@sha256:1"]
    assert pin("postgres:17", digests) == "postgres:17@sha256:1"
    assert pin("docker.io/library/postgres:17", digests) == "docker.io/library/postgres:17@sha256:1"
    assert pin("postgres:17@sha256:2", []) == "postgres:17@sha256:2"
    assert pin("10.0.0.2:5000/shop/web:r1", digests) == ""


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


def test_what_an_image_runs_survives_the_way_through_ansible():
    config = {"Entrypoint": ["entry"], "Cmd": ["run"], "Healthcheck": {"Test": ["CMD", "true"]}}
    image = from_inspection("web:1", "web:1@sha256:1", {"Config": config})
    assert (image.entrypoint, image.command, image.has_healthcheck) == (("entry",), ("run",), True)
    assert from_facts(as_facts({"web": image})) == {"web": image}
    silent = from_inspection("web:1", "web:1@sha256:1", {"Config": {"Healthcheck": {"Test": ["NONE"]}}})
    assert (silent.entrypoint, silent.command, silent.has_healthcheck) == ((), (), False)


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


def test_an_image_that_cannot_be_pulled_is_named_with_its_service(monkeypatch):
    class Empty:
        def get(self, path, **_query):
            raise NotFound(404, path)

    def refuse(arguments, **_options):
        raise CommandError("docker image pull ... exited with 1:\nmanifest unknown")

    monkeypatch.setattr(images, "run", refuse)
    with pytest.raises(ReleaseError) as caught:
        Images(Empty(), "shop", "", "r1", "").of("web", {"image": "web:404"}, {})
    expected = "web: the image web:404 could not be pulled.\ndocker image pull ... exited with 1:\nmanifest unknown"
    assert (str(caught.value), caught.value.service) == (expected, "web")


def test_an_image_that_a_killed_run_left_under_the_same_name_counts_only_when_it_is_built_alike():
    service = {"build": {"args": {"KEY": "${KEY}"}}, "build_env": {"file": ".env", "values": {"URL": "/api"}}}
    name = "reg:5000/shop/web:r1"

    class Left:
        def __init__(self, mark: str):
            self.mark = mark

        def get(self, path, **_query):
            return {"RepoDigests": ["reg:5000/shop/web@sha256:1"], "Config": {"Labels": {"izzzi.recipe": self.mark}}}

    def look(mark: str, key: str = "a", pins=(), **more):
        made = Images(Left(mark), "shop", "reg:5000", "r1", "/src", env={"KEY": key})
        return made.look("web", {**service, **more}, dict(pins))

    mark = images.recipe_mark({"args": {"KEY": "a"}}, service)
    assert look(mark).reference == f"{name}@sha256:1"
    assert look("") is None, "built by an older version, or by hand"
    assert look(mark, key="b") is None
    assert look(mark, build={"dockerfile": "Other"}) is None
    assert look(mark, build_env={"file": ".env", "values": {"URL": "/v2"}}) is None
    assert look("", pins={name: f"{name}@sha256:9"}).reference == f"{name}@sha256:9", "what runs stays"


def test_sources_of_killed_runs_go_after_a_day_and_nothing_else_does(tmp_path):
    for name in ("source-old", "source-young", "source-mine", "build-logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    os.utime(tmp_path / "source-young", (90_000, 90_000))
    for name in ("source-old", "source-mine", "build-logs"):
        os.utime(tmp_path / name, (1_000, 1_000))
    assert images.remove_old_sources(tmp_path / "source-mine", 100_000) == ["source-old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build-logs", "source-mine", "source-young"]
