# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.spaces_key import SpacesKeys
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply

from tests.unit.sandbox_api import SandboxApi, context, declaration

NAME, BUCKET = "shop-staging-backup", "shop-staging-backups"
SPACES = {
    "spaces": {"backups": {}, "assets": {}},
    "spaces_access_key_id": "DO00OWN",
    "spaces_secret_access_key": "own",
    "vault_file": "vault.yml",
}
WRITE = {"backup": {"backups": "readwrite"}}


def noun(api: SandboxApi, keys: dict[str, Any], **changes: Any) -> tuple[SpacesKeys, dict]:
    made = SpacesKeys(context(api, **SPACES, spaces_keys=keys, **changes))
    return made, {listing: read() for listing, read in made.reads().items()}


def run(api: SandboxApi, keys: dict[str, Any] = WRITE, **changes: Any) -> tuple[SpacesKeys, list]:
    made, account = noun(api, keys, **changes)
    assert made.problems(account) == []
    steps = ([] if made.context.is_absent else made.steps(account)) + made.surplus(account)
    for step in steps:
        if step.apply:
            step.apply()
    return made, steps


def grants(api: SandboxApi) -> dict[str, Any]:
    return {row["name"]: {g["bucket"]: g["permission"] for g in row["grants"]} for row in api.rows("spaces/keys")}


def made_and_held(api: SandboxApi) -> dict[str, Any]:
    """What the vault has after the first run."""
    return {"spaces_keys_held": {"backup": run(api)[0].secrets()["vault_backup_access_key"]}}


def test_a_new_key_tells_its_secret_to_the_vault_and_to_nobody_else():
    api = SandboxApi()
    made, (step,) = run(api)
    assert (step.action, step.name) == ("create", NAME)
    assert grants(api) == {NAME: {BUCKET: "readwrite"}}
    secrets = made.secrets()
    assert list(secrets) == ["vault_backup_access_key", "vault_backup_secret_key"]
    assert made.outputs() == {"spaces_keys": {"backup": secrets["vault_backup_access_key"]}}
    shown = json.dumps([step.show(), made.outputs(), made.context.known.row("spaces_key", NAME)])
    assert secrets["vault_backup_secret_key"] not in shown


def test_what_is_as_declared_and_in_the_vault_stays():
    api = SandboxApi()
    held = made_and_held(api)
    made, (step,) = run(api, **held)
    assert (step.action, made.secrets()) == ("noop", {})


@pytest.mark.parametrize("held", [{}, {"backup": "DO00OTHER"}])
def test_a_key_that_the_vault_does_not_have_is_made_anew(held):
    api = SandboxApi()
    old = made_and_held(api)["spaces_keys_held"]["backup"]
    made, (step,) = run(api, spaces_keys_held=held)
    assert (step.action, [change.field for change in step.changes]) == ("replace", ["secret"])
    assert grants(api) == {NAME: {BUCKET: "readwrite"}}
    assert made.secrets()["vault_backup_access_key"] != old


def test_grants_change_in_place():
    api = SandboxApi()
    held = made_and_held(api)
    made, (step,) = run(api, {"backup": {"backups": "read", "assets": "readwrite"}}, **held)
    assert (step.action, [change.field for change in step.changes]) == ("update", ["grants"])
    assert grants(api) == {NAME: {BUCKET: "read", "shop-staging-assets": "readwrite"}}
    assert made.secrets() == {}


def test_a_key_for_all_buckets_cannot_become_a_limited_one():
    api = SandboxApi()
    body = {"name": NAME, "grants": [{"bucket": "", "permission": "fullaccess"}]}
    id = api.make("spaces/keys", **body)["access_key"]
    _, (step,) = run(api, spaces_keys_held={"backup": id})
    assert (step.action, [change.field for change in step.changes]) == ("replace", ["grants"])
    assert grants(api) == {NAME: {BUCKET: "readwrite"}}


def test_an_api_that_leaves_the_grants_as_they_were_is_told():
    api = SandboxApi()
    held = made_and_held(api)
    answer = api.answer

    def deaf(method: str, path: str, url: str, body: bytes | None) -> Reply:
        return answer("GET", path, url, None) if method == "PUT" else answer(method, path, url, body)

    api.answer = deaf
    with pytest.raises(ApiError, match="Delete it: it is made anew then"):
        run(api, {"backup": {"backups": "read"}}, **held)


def test_two_of_a_name_are_told():
    api = SandboxApi()
    for _ in range(2):
        api.make("spaces/keys", name=NAME, grants=[])
    made, account = noun(api, WRITE)
    assert "has 2 keys named shop-staging-backup" in made.problems(account)[0]


def test_surplus_has_our_name():
    api = SandboxApi()
    for name in ("shop-staging-old", "shop-staging-dev-old", "shop-production-old", "mine"):
        api.make("spaces/keys", name=name, grants=[])
    _, steps = run(api, {}, state="absent")
    assert [(step.action, step.name) for step in steps] == [("delete", "shop-staging-old")]
    assert set(grants(api)) == {"shop-staging-dev-old", "shop-production-old", "mine"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"Backup": {"backups": "read"}}, "is not a name"),
        ({"backup": {}}, "is not a dictionary of buckets"),
        ({"backup": "backups"}, "is not a dictionary of buckets"),
        ({"backup": {"other": "read"}}, "there is no bucket other in spaces"),
        ({"backup": {"backups": "fullaccess"}}, "'fullaccess' is not a permission. Use one of read, readwrite"),
    ],
)
def test_bad_input_is_named(keys, words):
    problems = complete(declaration(**SPACES, spaces_keys=keys), RESOURCES)[1]
    assert len(problems) == 1
    assert words in problems[0]
    assert problems[0].startswith("spaces_keys")


def test_secrets_need_a_place():
    problems = complete(declaration(**{**SPACES, "vault_file": ""}, spaces_keys=WRITE), RESOURCES)[1]
    assert problems == [
        "spaces_keys: their secrets have no place. Set vault_file (provision_vault_file) to the vault file."
    ]
