from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm_images import (
    as_facts,
    from_facts,
    from_inspection,
    known_pins,
    pin,
    reference,
    repository,
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
    }
    assert known_pins(services) == {"postgres:17": "postgres:17@sha256:1"}


def test_what_an_image_runs_survives_the_way_through_ansible():
    config = {"Entrypoint": ["entry"], "Cmd": ["run"], "Healthcheck": {"Test": ["CMD", "true"]}}
    image = from_inspection("web:1", "web:1@sha256:1", {"Config": config})
    assert (image.entrypoint, image.command, image.has_healthcheck) == (("entry",), ("run",), True)
    assert from_facts(as_facts({"web": image})) == {"web": image}
    silent = from_inspection("web:1", "web:1@sha256:1", {"Config": {"Healthcheck": {"Test": ["NONE"]}}})
    assert (silent.entrypoint, silent.command, silent.has_healthcheck) == ((), (), False)
