# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.inventory_check import (
    owner,
    problems,
    shared,
    vault_names,
)

KNOWN = ["app_services", "app_env", "provision_region", "provision_project", "provision_environment"]
SOURCE = "plugin: izzzi.infra.droplets\nfilters:\n  - \"'izzzi:shop:production' in do_tags\"\n"
ENVIRONMENT = "provision_project: shop\nprovision_environment: production # one of three\nprovision_region: fra1\n"
FILES = {"digitalocean.yml": SOURCE, "group_vars/all/environment.yml": ENVIRONMENT}


def found(exists=lambda path: True, **more: str) -> list[str]:
    return problems(
        {**FILES, **{name.replace("_", "/", 1) + ".yml": text for name, text in more.items()}}, KNOWN, exists
    )


def test_a_good_inventory_has_none():
    assert found(g_app="app_services: {}\napp_env: {A: b}\nour_own: 1\napp_services_extra: {}\n") == []


def test_a_misspelled_name_is_told_with_the_nearest_one():
    assert found(g_app="app_service: {}\n") == [
        "g/app.yml: no role knows the variable app_service. Is it app_services?"
    ]


def test_a_variable_of_the_inventory_itself_is_no_mistake():
    assert found(g_app='app_envs: {A: b}\napp_env: "{{ app_envs }}"\n') == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("provision_domain: {name: example.com}", "example.com"),
        ("  repository: git@github.com:your-team/shop.git", "your-team"),
        ("  STRIPE_KEY: pk_live_...", "pk_live_..."),
        ("  STRIPE_KEY: pk_live_xxxxxxxx", "pk_live_xxxxxxxx"),
        ('  JWT: "CHANGE_ME # now"', "CHANGE_ME"),
    ],
)
def test_a_placeholder_is_told_with_its_line(line, word):
    told = f"g/app.yml, line 2: {word} is a placeholder. Write your own value, or take the line out."
    assert found(g_app=f"app_env:\n{line}\n") == [told]


@pytest.mark.parametrize(
    "line", ["# name: example.com", "app_env: {A: b} # as example.com has", "app_env: {KEY: pk_live_51Hq}"]
)
def test_comments_and_real_values_are_none(line):
    assert found(g_app=f"{line}\n") == []


def test_a_key_that_is_not_there_is_told_with_how_to_make_one():
    line = "provision_ssh_keys: [{name: me, public_key: \"{{ lookup('ansible.builtin.file', '~/.ssh/no.pub') }}\"}]\n"
    (told,) = found(lambda path: False, g_app=line)
    assert told.startswith("g/app.yml, line 1: it reads ~/.ssh/no.pub, which is not there. Make one (ssh-keygen")
    assert found(g_app=line) == []


def test_a_copied_inventory_that_looks_for_the_other_one_is_told():
    copied = {**FILES, "group_vars/all/environment.yml": ENVIRONMENT.replace("production", "staging")}
    (told,) = problems(copied, KNOWN, lambda path: True)
    assert told == (
        "digitalocean.yml looks for droplets of shop:production, and shop:staging is declared (provision_project, "
        "provision_environment). Write izzzi:shop:staging there."
    )


def test_an_encrypted_file_is_not_read():
    assert found(g_vault="$ANSIBLE_VAULT;1.1;AES256\nexample.com\napp_service: {}\n") == []


def test_a_copied_vault_is_told():
    assert shared("vault.yml", b"a", {"other/vault.yml": b"b"}) == []
    (told,) = shared("vault.yml", b"a", {"other/vault.yml": b"a"})
    assert told.startswith("vault.yml is the vault file of other/vault.yml as well")


def test_secrets_that_templates_cannot_do_without_are_named_with_their_place():
    files = {
        "a.yml": "app_secret_env:\n  STRIPE: '{{ vault_stripe }}'\n  # OLD: '{{ vault_old }}'\n"
        "  MAPS: \"{{ vault_maps | default('') }}\"\n",
        "b.yml": "x: '{{ vault_stripe ~ vault_mail }}'\nvault_plain: 1\ny: '{{ vault_plain }}'\n"
        "z: '{{ vault_new is defined }}'\n",
        "vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n{{ vault_inside }}\n",
    }
    assert vault_names(files) == {"vault_stripe": "a.yml, line 2", "vault_mail": "b.yml, line 1"}


def test_the_owner_is_what_the_last_file_says():
    more = {"group_vars/all/zz.yml": "provision_environment: 'dev'\n"}
    more["vault.yml"] = "$ANSIBLE_VAULT;1.1;AES256\nprovision_project: x\n"
    assert owner(FILES) == ("shop", "production")
    assert owner({**FILES, **more}) == ("shop", "dev")
    assert owner({"a.yml": "provision_project: '{{ name }}'\n"}) == ("", "")
    twice = "provision_project: copied\nprovision_environment: dev\nprovision_project: shop # ours\n"
    assert owner({"a.yml": twice}) == ("shop", "dev")
    assert owner({"a.yml": twice, "b.yml": "provision_project: '{{ name }}'\n"}) == ("", "dev")
