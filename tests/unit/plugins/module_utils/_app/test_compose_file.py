# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.compose_file import merge

FILE = {
    "services": {
        "api": {
            "build": {"context": "..", "dockerfile": "apps/api/Dockerfile"},
            "container_name": "shop-api",
            "ports": ["4000:4000"],
            "depends_on": ["postgres"],
            "networks": ["inside"],
            "restart": "always",
            "environment": ["PORT=4000", "TOKEN", "URL=a=b"],
            "mem_limit": "1g",
        },
        "web": {"build": "../web", "environment": {"A": 1}},
        "postgres": {"image": "postgres:17", "ports": ["5432:5432"], "volumes": ["data:/var"]},
        "nginx": {"image": "nginx"},
    },
    "volumes": {"data": None},
}


def test_declared_services_are_completed_and_others_left_out():
    result = merge(FILE, "deploy/compose.yml", {"api": {"port": 4000}, "web": None}, {"postgres": {}}, {"more": {}})
    assert result["services"]["api"] == {
        "build": {"context": ".", "dockerfile": "apps/api/Dockerfile"},
        "environment": {"PORT": "4000", "TOKEN": "${TOKEN}", "URL": "a=b"},
        "mem_limit": "1g",
        "port": 4000,
    }
    assert result["services"]["web"]["build"] == {"context": "web"}
    assert result["data_services"] == {"postgres": {"image": "postgres:17", "volumes": ["data:/var"]}}
    assert result["volumes"] == {"data": None, "more": {}}
    assert "nginx" not in str(result)


def test_what_is_declared_wins_and_environments_are_merged():
    own = {"build": {"dockerfile": "Dockerfile"}, "environment": {"TOKEN": "x", "NEW": "y"}, "mem_limit": None}
    api = merge(FILE, "compose.yml", {"api": own}, {}, {})["services"]["api"]
    assert api == {
        "build": {"dockerfile": "Dockerfile"},
        "environment": {"PORT": "4000", "TOKEN": "x", "URL": "a=b", "NEW": "y"},
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"env_file": ["env/.env"]}, "compose.yml has `env_file`: name the variables in `environment`"),
        ({"secrets": ["key"]}, "has `secrets`: name them in `environment`, from app_compose_secret_env,"),
        ({"extends": {"service": "x"}}, "has `extends`"),
        ({"volumes": ["./apps:/app"]}, "mounts ./apps:/app, which only a checkout has"),
        ({"volumes": [{"type": "bind", "source": "./x", "target": "/x"}]}, "which only a checkout has"),
    ],
)
def test_what_needs_a_checkout_is_refused_unless_it_is_declared_otherwise(more, message):
    (key,) = more
    document = {"services": {"api": {"image": "x:1", **more}}}
    with pytest.raises(ValueError, match=r"app_compose_services\.api: ") as raised:
        merge(document, "compose.yml", {"api": {}}, {}, {})
    assert message in str(raised.value)
    assert key not in merge(document, "compose.yml", {"api": {key: None}}, {}, {})["services"]["api"]


def test_all_problems_are_named_at_once():
    with pytest.raises(ValueError, match="compose") as raised:
        merge(FILE, "compose.yml", {"job": {"port": 1}}, {"web": {}}, {})
    assert str(raised.value).splitlines() == [
        "app_compose_services.job: compose.yml has no such service; it has api, web, postgres, nginx.",
        "app_compose_data_services.web is built from the source: give it an `image` and `build: null`.",
    ]


def test_problems_are_told_in_the_words_of_whoever_asks():
    with pytest.raises(ValueError, match=r"^app_services\.job: compose.yml has no such service") as raised:
        merge(FILE, "compose.yml", {"job": {"port": 1}}, {"web": {}}, {}, "app_")
    assert "app_data_services.web is built from the source" in str(raised.value)
    document = {"services": {"api": {"image": "x:1", "secrets": ["key"]}}}
    with pytest.raises(ValueError, match="from app_secret_env, and write `secrets: null` here"):
        merge(document, "compose.yml", {"api": {}}, {}, {}, "app_")


def test_replicas_of_the_file_are_the_roles_own():
    web = {"image": "x:1", "container_name": "shop_web", "ports": ["3000:3000"], "profiles": ["prod"]}
    document = {"services": {"web": {**web, "deploy": {"replicas": 2, "resources": {"limits": {"memory": "200M"}}}}}}
    assert merge(document, "compose.yml", {"web": {"port": 3000}}, {}, {})["services"]["web"] == {
        "image": "x:1",
        "deploy": {"resources": {"limits": {"memory": "200M"}}},
        "port": 3000,
        "replicas": 2,
    }
    assert merge(document, "compose.yml", {"web": {"replicas": 1}}, {}, {})["services"]["web"]["replicas"] == 1


@pytest.mark.parametrize("document", [None, [], {"services": None}, "text"])
def test_what_is_no_compose_file_is_told(document):
    with pytest.raises(ValueError, match=r"compose\.yml is not a compose file"):
        merge(document, "compose.yml", {}, {}, {})
