# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import images
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import App
from ansible_collections.izzzi.infra.plugins.module_utils._app.images import (
    Image,
    Images,
    Registry,
    built_name,
    credentials,
    from_facts,
    from_inspection,
    items,
    logged_in,
    pin,
    remove_old_sources,
    repository,
    unpack,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._app.variables import VariableError

SERVICES = {
    "backend": {
        "build": {"dockerfile": "apps/backend/Dockerfile", "args": {"RELEASE": "${RELEASE}", "NAME": "${NAME} $$b"}},
        "environment": {"TOKEN": "${TOKEN}"},
    },
    "worker": {"build": {"context": "apps", "platforms": ["linux/arm64"]}},
    "mail": {"image": "maildev/maildev:${MAIL:-2.2.1}"},
}
APP = App(project="shop", directory=Path(), services=SERVICES, env={"NAME": "a"}, secrets={"TOKEN": "hunter22"})
REGISTRY = Registry("127.0.0.1:5000/team", pull="10.0.0.2:5000/team")
SOURCE = Path("/build/source")


def of(app: App = APP, **more) -> Images:
    return Images(app, "r1", REGISTRY, **more)


def command(name: str, platform: str = "", app: App = APP) -> str:
    return " ".join(of(app, platform=platform).build_command(name, SOURCE))


def test_a_build_is_told_where_the_source_is_and_no_secret():
    text = command("backend", "linux/amd64")
    assert text.startswith("docker image build --tag 127.0.0.1:5000/team/shop/backend:r1 --label izzzi.recipe=")
    assert "--file /build/source/apps/backend/Dockerfile" in text
    assert "--build-arg RELEASE=r1 --build-arg NAME=a $b" in text
    assert text.endswith(" /build/source")
    assert "hunter22" not in text
    assert command("worker").endswith(" /build/source/apps")
    assert "--secret id=ca_bundle,src=/ca.crt" in command("worker", app=replace(APP, build_ca_bundle="/ca.crt"))


def test_images_are_for_the_host_unless_the_service_says_otherwise():
    assert "--platform linux/amd64" in command("backend", "linux/amd64")
    assert "--platform linux/arm64" in command("worker", "linux/amd64")
    assert "--platform" not in command("backend")


def one(build: object, **env: str) -> Images:
    return of(replace(APP, services={"api": {"build": build}}, env=env))


@pytest.mark.parametrize(
    ("build", "flags"),
    [
        ({"args": ["A=${A}", "B"]}, "--build-arg A=one --build-arg B"),
        ({"args": {"A": None, "B": True}}, "--build-arg A --build-arg B=true"),
        ({"target": "${TARGET:-final}"}, "--target final"),
        ({"labels": {"org.name": "${A}"}}, "--label org.name=one"),
        ({"cache_from": ["type=registry,ref=${A}"]}, "--cache-from type=registry,ref=one"),
        ({"network": "host", "shm_size": "64m"}, "--network host --shm-size 64m"),
        ({"extra_hosts": ["a:10.0.0.1"]}, "--add-host a:10.0.0.1"),
        ({"no_cache": True, "pull": True}, "--no-cache --pull"),
        ({"dockerfile": "${A}.Dockerfile", "x-note": 1}, "--file /build/source/one.Dockerfile"),
        ("./apps", "/build/source/apps"),
    ],
)
def test_all_of_a_build_is_told_with_its_variables_as_compose_resolves_them(build, flags):
    assert f" {flags}" in " ".join(one(build, A="one").build_command("api", SOURCE))


BUILDS = [
    {"context": "apps/${A}", "dockerfile": "${A}.Dockerfile", "target": "${C:-final}"},
    {
        "context": ".",
        "args": {"A": "${A}", "B": "${EMPTY-d}", "C": "${EMPTY:-d}", "D": "$$HOME ${A:+${B}}", "E": True, "F": 1},
    },
    {"context": ".", "args": ["A=${A}", "B=${C-x y}", "C="], "labels": ["org.name=${B}"]},
    {"context": ".", "labels": {"org.name": "${A}"}, "network": "${C:-host}", "cache_from": ["type=registry,ref=${A}"]},
]


def test_compose_makes_the_same_of_a_build(compose_config):
    services = {f"s{number}": {"build": build} for number, build in enumerate(BUILDS)}
    known = {"A": "one", "B": "b b", "EMPTY": ""}
    expected = compose_config({"services": services}, 'A=one\nB="b b"\nEMPTY=\n')
    made = of(replace(APP, services=services, env=known))
    for name, found in expected.items():
        build = made.definition(name)
        assert os.path.normpath(compose_config.directory / build["context"]) == found["build"]["context"]
        for key in ("args", "labels"):
            assert items(build.get(key)) == items(found["build"].get(key)), name
        for key in ("dockerfile", "target", "network", "cache_from"):
            assert key not in build or build[key] == found["build"][key], (name, key)


def test_a_build_with_a_variable_that_nothing_defines_is_refused():
    with pytest.raises(VariableError, match=r"\$\{NOBODY\} is not defined: say it"):
        one({"args": {"A": "${NOBODY:?say it}"}}).build_command("api", SOURCE)


def test_what_nobody_would_heed_is_refused():
    with pytest.raises(ReleaseError, match=r"api: images are built without `build.additional_contexts`; leave it out"):
        one({"additional_contexts": {"a": "b"}}).build_command("api", SOURCE)


def test_the_host_gets_a_digest_under_the_name_it_knows():
    reference = REGISTRY.as_pulled("127.0.0.1:5000/team/shop/backend:r1@sha256:bb")
    assert reference == "10.0.0.2:5000/team/shop/backend@sha256:bb"
    assert Registry("r.example.com").as_pulled("r.example.com/a:1@sha256:bb") == "r.example.com/a@sha256:bb"
    assert REGISTRY.as_pulled("postgres:17@sha256:bb") == "postgres@sha256:bb"


class Docker:
    """Stands in for the program: what it has, and what it was told."""

    def __init__(self, monkeypatch, **held: dict):
        self.held, self.told = {key.replace("__", ":"): value for key, value in held.items()}, []
        monkeypatch.setattr(images, "run", self.run)

    def run(self, arguments, **_options) -> str:
        if arguments[:3] != ["docker", "image", "inspect"]:
            self.told.append(" ".join(arguments))
            return ""
        if set(arguments[3:]) - set(self.held):
            raise CommandError("no such image")
        return json.dumps([self.held[name] for name in arguments[3:]])


def test_one_look_finds_what_is_there_by_its_name_and_by_its_pin(monkeypatch):
    app = replace(
        APP, services={"mail": {"image": "mail:${MAIL:-1}"}, "db": {"image": "db:1"}, "gone": {"image": "gone:1"}}
    )
    Docker(
        monkeypatch,
        mail__1={"RepoDigests": ["mail@sha256:1"], "Config": {"Cmd": ["run"]}},
        **{"db__1@sha256__9": {"RepoDigests": ["db@sha256:9"]}},
    )
    found = of(app, pins={"db:1": "db:1@sha256:9"}).look()
    assert found == {
        "mail": Image("mail:1@sha256:1", "mail:1", command=("run",)),
        "db": Image("db:1@sha256:9", "db:1"),
    }


def test_an_image_that_cannot_be_pulled_is_named_with_its_service(monkeypatch):
    def refuse(arguments, **_options):
        raise CommandError("docker image pull ... exited with 1:\nmanifest unknown")

    monkeypatch.setattr(images, "run", refuse)
    with pytest.raises(ReleaseError) as caught:
        of(replace(APP, services={"web": {"image": "web:404"}})).make(["web"])
    expected = "web: the image web:404 could not be pulled.\ndocker image pull ... exited with 1:\nmanifest unknown"
    assert (str(caught.value), caught.value.service) == (expected, "web")


def test_what_is_pinned_is_pulled_by_its_pin_and_nothing_is_built(monkeypatch):
    name = "127.0.0.1:5000/team/shop/api:r1"
    docker = Docker(monkeypatch, **{f"{name}@sha256:7": {"RepoDigests": []}})
    made = of(replace(APP, services={"api": {"build": {}}}), pins={name: f"{name}@sha256:7"}).make(["api"])
    assert made["api"].reference == f"{name}@sha256:7"
    assert docker.told == [f"docker image pull --quiet {name}@sha256:7"]


def test_an_image_that_a_killed_run_left_under_the_same_name_counts_only_when_it_is_built_alike(monkeypatch):
    service = {"build": {"args": {"KEY": "${KEY}"}}, "build_env": {"file": ".env", "values": {"URL": "/api"}}}
    name = "127.0.0.1:5000/team/shop/web:r1"

    def made(key: str = "a", pins=(), **more) -> Images:
        return of(replace(APP, services={"web": {**service, **more}}, env={"KEY": key}), pins=dict(pins))

    def look(mark: str, *given, **more) -> Image | None:
        held = {"RepoDigests": ["127.0.0.1:5000/team/shop/web@sha256:1"], "Config": {"Labels": {"izzzi.recipe": mark}}}
        Docker(monkeypatch, **{name: held, f"{name}@sha256:9": held})
        return made(*given, **more).look().get("web")

    mark = made().recipe("web")
    assert look(mark).reference == f"{name}@sha256:1"
    assert look("") is None, "built by an older version, or by hand"
    assert look(mark, key="b") is None
    assert look(mark, build={"dockerfile": "Other"}) is None
    assert look(mark, build_env={"file": ".env", "values": {"URL": "/v2"}}) is None
    assert look("", pins={name: f"{name}@sha256:9"}).reference == f"{name}@sha256:9", "what runs stays"


def test_an_image_that_no_registry_has_is_not_deployed(monkeypatch):
    Docker(monkeypatch, mail__1={"RepoDigests": []})
    with pytest.raises(ReleaseError, match="mail: mail:1 has no digest: no registry holds it"):
        of(replace(APP, services={"mail": {"image": "mail:1"}})).make(["mail"])


def test_what_is_built_is_unpacked_with_its_build_variables_and_gone_afterwards(monkeypatch, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    subprocess.run(["tar", "-czf", tmp_path / "source-1.tar.gz", "-C", tmp_path, "Dockerfile"], check=True)
    seen = []

    def build(_log, command, timeout, service):
        source = Path(command[-1])
        seen.append((service, (source / "Dockerfile").read_text(), (source / "apps/.env").read_text()))

    monkeypatch.setattr(images.BuildLog, "run", build)
    build_env = {"file": "apps/.env", "values": {"URL": "/api"}}
    app = replace(APP, services={"api": {"build": {}, "build_env": build_env}})
    of(app, archive=tmp_path / "source-1.tar.gz")._build(["api"])
    assert seen == [("api", "FROM scratch\n", "URL=/api\n")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "build-logs", "source-1.tar.gz"]
    with pytest.raises(ReleaseError, match="api: its image is to be built, and there is no source"):
        of(app)._build(["api"])


def test_a_built_image_is_named_after_its_release():
    assert built_name("10.0.0.2:5000", "shop", "web", "r1") == "10.0.0.2:5000/shop/web:r1"


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


def test_what_an_image_runs_survives_the_way_through_ansible():
    config = {"Entrypoint": ["entry"], "Cmd": ["run"], "Healthcheck": {"Test": ["CMD", "true"]}}
    image = from_inspection("web:1", "web:1@sha256:1", {"Config": config})
    assert (image.entrypoint, image.command, image.has_healthcheck) == (("entry",), ("run",), True)
    assert from_facts(json.loads(json.dumps({"web": asdict(image)}))) == {"web": image}
    silent = from_inspection("web:1", "web:1@sha256:1", {"Config": {"Healthcheck": {"Test": ["NONE"]}}})
    assert (silent.entrypoint, silent.command, silent.has_healthcheck) == ((), (), False)


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


def test_sources_of_killed_runs_go_after_a_day_and_nothing_else_does(tmp_path):
    for name in ("source-old", "source-young", "build-logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    for name in ("source-mine.tar.gz", "source-left.tar.gz"):
        (tmp_path / name).touch()
    os.utime(tmp_path / "source-mine.tar.gz", (100_000, 100_000))
    os.utime(tmp_path / "source-young", (90_000, 90_000))
    for name in ("source-old", "source-left.tar.gz", "build-logs"):
        os.utime(tmp_path / name, (1_000, 1_000))
    assert remove_old_sources(tmp_path / "source-mine.tar.gz") == ["source-left.tar.gz", "source-old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build-logs", "source-mine.tar.gz", "source-young"]


def test_a_rebuild_pulls_base_images():
    images = one({})
    assert "--pull" not in images.build_command("api", SOURCE)
    images.refresh = True
    assert "--pull" in images.build_command("api", SOURCE)
