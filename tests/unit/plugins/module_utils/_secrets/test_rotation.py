# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._secrets.rotation import rotation_problem

DECLARED = ["vault_postgres", "vault_redis", "vault_jwt"]
VALUES = {"vault_postgres": "p-value", "vault_redis": "r-value", "vault_jwt": "j-value"}


@pytest.mark.parametrize(
    ("chosen", "fixed"),
    [(DECLARED, []), (["vault_jwt"], ["p-value", "r-value"]), ([], ["p-value"])],
)
def test_what_no_data_service_keeps_can_be_rotated(chosen, fixed):
    assert rotation_problem({name: VALUES[name] for name in chosen}, fixed, DECLARED) == ""


def test_a_secret_without_a_value_is_nobodys_login():
    assert rotation_problem({"vault_jwt": ""}, [""], DECLARED) == ""


@pytest.mark.parametrize(
    ("fixed", "kept", "others"),
    [
        (["p-value"], "vault_postgres", "vault_redis, vault_jwt"),
        (["p-value", "r-value"], "vault_postgres, vault_redis", "vault_jwt"),
        (list(VALUES.values()), "vault_postgres, vault_redis, vault_jwt", "none here"),
    ],
)
def test_passwords_of_a_first_start_are_named_with_what_can_be_rotated(fixed, kept, others):
    said = rotation_problem(VALUES, fixed, DECLARED)
    assert said.startswith(f"In a Swarm {kept} cannot be rotated:")
    assert said.endswith(f"Name the others: -e secrets=... (of {others}).")
    assert "value" not in said
