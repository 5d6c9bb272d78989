# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._init.compose import default_of, read, referred


def test_a_service_that_is_built():
    build = {"context": "./api", "dockerfile": "docker/Dockerfile", "target": "live", "args": ["A=1", "B"]}
    given = {"build": build, "expose": [4000], "ports": [{"target": 3000}, "${PORT:-80}:5000/tcp", "9229:9229"]}
    given |= {
        "env_file": [{"path": ".env"}, "more.env"],
        "environment": ["A=1", "B"],
        "volumes": ["./x:/y", "data:/d:ro"],
    }
    given |= {"healthcheck": {"test": "curl http://localhost:3000/up"}}
    (built,) = read({"services": {"api": given}}, "deploy/compose.yml").built
    assert (built.context, built.dockerfile, built.target) == ("deploy/api", "deploy/api/docker/Dockerfile", "live")
    assert (built.args, built.ports) == ({"A": "1"}, (3000, 5000, 9229, 4000))
    assert built.env_files == ("deploy/.env", "deploy/more.env")
    assert (built.environment, built.volumes, built.health) == ({"A": "1", "B": None}, ("data:/d:ro",), "/up")


def test_images_that_are_presets_and_those_that_are_not():
    services = {
        "postgres": {"image": "postgres"},
        "second": {"image": "postgres:16"},
        "kv": {"image": "valkey/valkey:8-alpine"},
        "box": {"image": "axllent/mailpit:latest"},
        "mysql": {
            "image": "mysql:8.4",
            "environment": {"MYSQL_ROOT_PASSWORD": "root", "MYSQL_DATABASE": "${DB:-${OLD_DB:-shop}}", "SIGN": "5$$"},
        },
        "traefik": {"image": "traefik:v3"},
    }
    found = read({"services": services}, "compose.yml")
    assert found.data["postgres"] == {}
    assert found.data["second"] == {"image": "postgres:16"}  # one of each kind; a second is its own
    assert found.data["kv"] == {"preset": "redis", "version": 8}
    assert found.data["box"] == {"preset": "mail"}
    assert found.data["mysql"]["environment"] == {
        "MYSQL_ROOT_PASSWORD": "${MYSQL_ROOT_PASSWORD}",
        "MYSQL_DATABASE": "shop",
        "SIGN": "5$$",
    }
    assert found.secrets == ["MYSQL_ROOT_PASSWORD"]
    assert "traefik" in found.left_out
    assert (found.preset("postgres"), found.preset("redis"), found.preset("mail")) == ("postgres", "kv", "box")


def test_what_is_no_compose_file():
    for document in (None, [], "text", {"services": None}, {"services": []}, {"services": {"a": None, "b": "c"}}):
        found = read(document, "compose.yml")
        assert (found.built, found.data) == ([], {})


def test_an_image_without_a_version_is_told():
    assert read({"services": {"a": {"image": "mongo"}}}, "c").unpinned == ["a"]
    assert read({"services": {"a": {"image": "mongo@sha256:00"}}}, "c").unpinned == []


def test_variables_in_values():
    assert default_of("a${B:-c}$D") == "ac"
    assert referred("${A:-b}") == ("A", "b")
    assert referred("x${A}") is None
    assert referred("${A:?must}") == ("A", "")
    assert referred("${A:-${B:-c}}") == ("A", "c")
    assert (referred("${A"), default_of("${A")) == (None, "${A")


@pytest.mark.parametrize("odd", [None, 1, True, "x", [1], [None], {"a": 1}, {"": None}])
@pytest.mark.parametrize(
    "key", ["build", "ports", "expose", "environment", "volumes", "profiles", "env_file", "healthcheck"]
)
def test_what_compose_would_refuse_breaks_nothing(key, odd):
    """It is Compose's to judge; here it is not understood."""
    for given in ({"build": "."}, {"image": "a:1"}):
        read({"services": {"a": {**given, key: odd}, "no: name": given}}, "compose.yml")
