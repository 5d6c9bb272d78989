from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._colour import App
from ansible_collections.izzzi.infra.plugins.module_utils._image_build import (
    Registry,
    build_document,
    credentials,
    logged_in,
    pushed_digest,
    unpack,
)

SERVICES = {
    "backend": {
        "build": {"dockerfile": "apps/backend/Dockerfile", "args": {"RELEASE": "${RELEASE}"}},
        "environment": {"TOKEN": "${TOKEN}"},
    },
    "worker": {"build": {"context": "apps", "platforms": ["linux/arm64"]}},
    "mail": {"image": "maildev/maildev:2.2.1"},
}
APP = App(project="shop", directory=Path("/build"), services=SERVICES, secrets={"TOKEN": "hunter22"})
REGISTRY = Registry("127.0.0.1:5000/team", pull="10.0.0.2:5000/team")


def test_only_what_is_built_is_in_the_document_and_no_secret():
    document = build_document(APP, "r1", REGISTRY, "linux/amd64")
    assert list(document["services"]) == ["backend", "worker"]
    assert document["services"]["backend"]["image"] == "127.0.0.1:5000/team/shop/backend:r1"
    assert document["services"]["backend"]["build"]["context"] == "/build/releases/r1/source"
    assert document["services"]["worker"]["build"]["context"] == "/build/releases/r1/source/apps"
    assert "TOKEN" not in json.dumps(document)


def test_images_are_for_the_host_unless_the_service_says_otherwise():
    services = build_document(APP, "r1", REGISTRY, "linux/amd64")["services"]
    assert [s["build"]["platforms"] for s in services.values()] == [["linux/amd64"], ["linux/arm64"]]
    assert "platforms" not in build_document(APP, "r1", REGISTRY)["services"]["backend"]["build"]


def test_the_host_gets_a_digest_under_the_name_it_knows():
    digests = json.dumps(["other/shop/backend@sha256:aa", "127.0.0.1:5000/team/shop/backend@sha256:bb"])
    digest = pushed_digest(digests, REGISTRY.name(APP, "backend"))
    assert REGISTRY.reference(APP, "backend", digest) == "10.0.0.2:5000/team/shop/backend@sha256:bb"
    assert Registry("r.example.com").reference(APP, "backend", "sha256:bb") == "r.example.com/shop/backend@sha256:bb"
    with pytest.raises(ValueError, match="no digest of 127"):
        pushed_digest("null", REGISTRY.name(APP, "backend"))


def test_a_password_is_in_a_private_file_that_goes():
    with logged_in("registry.example.com/team", "robot", "hunter22") as docker:
        directory = Path(docker[2])
        assert "hunter22" not in str(docker)
        assert directory.stat().st_mode & 0o077 == (directory / "config.json").stat().st_mode & 0o077 == 0
        assert json.loads((directory / "config.json").read_text()) == credentials(
            "registry.example.com", "robot", "hunter22"
        )
    assert not directory.exists()


def test_without_a_name_docker_uses_its_own_login():
    with logged_in("registry.example.com", "", "") as docker:
        assert docker == ["docker"]


def test_a_source_is_unpacked(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    subprocess.run(["tar", "-czf", tmp_path / "a.tar.gz", "-C", tmp_path, "Dockerfile"], check=True)
    unpack(tmp_path / "a.tar.gz", tmp_path / "releases/r1/source")
    assert (tmp_path / "releases/r1/source/Dockerfile").read_text() == "FROM scratch\n"
