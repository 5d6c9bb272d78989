# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.several import (
    chosen,
    declared,
    files_for,
    files_of_all,
    problems,
)

FILES = {
    "digitalocean.yml": "plugin: izzzi.infra.droplets\n",
    "group_vars/all/environment.yml": "provision_project: corner\n",
    "host_vars/shop/app.yml": "app_services: {}\n",
    "host_vars/shop/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
    "host_vars/blog/app.yml": "app_services: {}\n",
    "host_vars/corner-dev-app-1.yml": "ansible_port: 2222\n",
}
KNOWN = ["app_services", "provision_domain", "base_timezone", "swarm_registry_port"]


def found(**more: str) -> list[str]:
    return problems({**FILES, **{name.replace("__", "/") + ".yml": text for name, text in more.items()}}, KNOWN)


def test_an_app_is_a_folder_with_an_app_file():
    assert declared(FILES) == ["blog", "shop"]
    assert (
        declared(dict.fromkeys(["group_vars/all/app.yml", "host_vars/web-1/other.yml", "host_vars/app.yml"], "")) == []
    )


def test_the_folder_of_a_droplet_is_no_apps():
    owner = "provision_project: corner\nprovision_environment: dev\n"
    files = {"group_vars/all/environment.yml": owner, "host_vars/corner-dev-app-1/app.yml": ""}
    assert declared(files) == []
    assert declared({**files, "host_vars/corner/app.yml": ""}) == ["corner"]


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ({}, ["blog", "shop"]),
        ({"app": ""}, ["blog", "shop"]),
        ({"app": "shop"}, ["shop"]),
        ({"app": "stop"}, []),
        ({"app_project": "gone"}, ["blog"]),
        ({"app": "shop", "app_project": "gone"}, ["shop"]),
    ],
)
def test_a_run_is_for_all_or_for_the_one_that_its_command_line_names(extra, names):
    assert chosen(["blog", "shop"], extra) == names


def test_an_app_sees_its_own_files_and_those_of_all():
    mine = set(files_for("shop", ["blog", "shop"], FILES))
    assert set(FILES) - mine == {"host_vars/blog/app.yml"}
    assert set(files_of_all(["blog", "shop"], FILES)) == {
        "digitalocean.yml",
        "group_vars/all/environment.yml",
        "host_vars/corner-dev-app-1.yml",
    }
    assert files_of_all([], FILES) == FILES


def test_a_good_inventory_has_no_problem():
    own = "base_url: https://shop.test\napp_edge_passwords: {}\nbackup_schedule: daily\n"
    assert found(host_vars__shop__more=own) == []


def test_without_folders_an_app_stands_where_it_always_did():
    assert problems({"group_vars/all/app.yml": "app_services: {}\n"}, KNOWN) == []


@pytest.mark.parametrize("word", ["app_services", "app_file", "app_source", "app_site", "app_project"])
def test_what_is_one_apps_is_refused_for_all(word):
    (told,) = found(group_vars__all__app=f"{word}: {{}}\n")
    assert told.startswith(f"group_vars/all/app.yml declares {word} for every app, and blog and shop have a folder")
    assert "Move it into host_vars/NAME/app.yml" in told


@pytest.mark.parametrize(
    "word",
    ["provision_domain", "base_timezone", "swarm_registry_port", "app_orchestrator", "app_edge_security_headers"],
)
def test_what_is_the_machines_is_refused_in_the_file_of_an_app(word):
    (told,) = found(host_vars__shop__more=f"{word}: 1\n")
    assert told == (
        f"host_vars/shop/more.yml declares {word}, which counts for the machine, not for one app. Move it into"
        " group_vars/all."
    )


@pytest.mark.parametrize(("value", "count"), [("/backup", 1), ("'/backup/{{ app_project }}'", 0)])
def test_apps_do_not_share_a_repository(value, count):
    told = found(group_vars__all__more=f"backup_repository: {value}\n")
    assert len(told) == count
    assert all("End it in the app's name: /{{ app_project }}." in one for one in told)


def test_an_app_is_called_as_its_folder():
    (told,) = found(host_vars__shop__more="app_project: store\n")
    assert "an app is called as its folder" in told


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Shop", "not a name of an app"),
        ("1shop", "not a name of an app"),
        ("shop-", "not a name of an app"),
        ("s" * 41, "not a name of an app"),
        ("web", "a group or a host of every inventory"),
        ("localhost", "a group or a host of every inventory"),
        ("shop-blue", "ends in -blue"),
        ("shop-jobs", "ends in -jobs"),
    ],
)
def test_a_name_that_something_else_has_is_refused(name, why):
    (told,) = found(**{f"host_vars__{name}__app": ""})
    assert told.startswith(f"host_vars/{name}: ")
    assert why in told


def test_two_names_that_nginx_cannot_tell_apart_are_refused():
    (told,) = found(host_vars__a_b__app="", **{"host_vars__a-b__app": ""})
    assert "a_b and a-b are one name" in told
