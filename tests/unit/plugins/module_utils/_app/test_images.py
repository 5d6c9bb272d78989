from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import App
from ansible_collections.izzzi.infra.plugins.module_utils._app.images import (
    Registry,
    build_command,
    credentials,
    logged_in,
    pushed_digest,
    unpack,
)

SERVICES = {
    "backend": {
        "build": {"dockerfile": "apps/backend/Dockerfile", "args": {"RELEASE": "${RELEASE}", "NAME": "${NAME} $$b"}},
        "environment": {"TOKEN": "${TOKEN}"},
    },
    "worker": {"build": {"context": "apps", "platforms": ["linux/arm64"]}},
    "mail": {"image": "maildev/maildev:2.2.1"},
}
APP = App(project="shop", directory=Path("/build"), services=SERVICES, env={"NAME": "a"}, secrets={"TOKEN": "hunter22"})
REGISTRY = Registry("127.0.0.1:5000/team", pull="10.0.0.2:5000/team")


def command(name: str, platform: str = "", app: App = APP) -> str:
    return " ".join(build_command(app, "r1", name, "registry/shop:r1", platform))


def test_a_build_is_told_where_the_source_is_and_no_secret():
    text = command("backend", "linux/amd64")
    assert text.startswith("docker image build --tag registry/shop:r1")
    assert "--file /build/releases/r1/source/apps/backend/Dockerfile" in text
    assert "--build-arg RELEASE=r1 --build-arg NAME=a $b" in text
    assert text.endswith(" /build/releases/r1/source")
    assert "hunter22" not in text
    assert command("worker").endswith(" /build/releases/r1/source/apps")
    assert "--secret id=ca_bundle,src=/ca.crt" in command("worker", app=replace(APP, build_ca_bundle="/ca.crt"))


def test_images_are_for_the_host_unless_the_service_says_otherwise():
    assert "--platform linux/amd64" in command("backend", "linux/amd64")
    assert "--platform linux/arm64" in command("worker", "linux/amd64")
    assert "--platform" not in command("backend")


def test_what_docker_alone_cannot_build_is_left_to_the_host():
    app = replace(APP, services={"api": {"build": {"additional_contexts": {"a": "b"}}}})
    with pytest.raises(ValueError, match=r"api: the controller builds without `build.additional_contexts`"):
        command("api", app=app)


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
