# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.keys import declare

from tests.unit.adopted import droplet, ours
from tests.unit.sandbox_api import FINGERPRINT, KEY


def key(name: str, fingerprint: str = "00", public_key: str = "ssh-ed25519 AAAA\n") -> dict:
    return {"name": name, "fingerprint": fingerprint, "public_key": public_key}


def declared(*rows: dict, own: str = "") -> Adoption:
    adoption = Adoption()
    declare(ours(droplet(1, "app"), ssh_keys=list(rows)), own, adoption)
    return adoption


def names(adoption: Adoption) -> list[str]:
    return [row["name"] for row in adoption.declared["ssh_keys"]]


def test_keys_of_the_project_and_of_whoever_asks():
    rows = [key("shop-deploy-key"), key("shop-staging-ci"), key("shop-production-ci"), key("shopping"), key("Shop")]
    adoption = declared(*rows, key("ada", FINGERPRINT, KEY), own=KEY)
    assert names(adoption) == ["shop-deploy-key", "shop-staging-ci", "Shop", "ada"]
    assert [row["name"] for row in adoption.other_keys] == ["shop-production-ci", "shopping"]
    assert "may not log in" in adoption.assumed[0]
    assert adoption.todo == []
    assert adoption.declared["ssh_keys"][0]["public_key"] == "ssh-ed25519 AAAA"


def test_without_such_a_name_all_are_declared_and_somebody_is_to_look():
    assert declared(key("ada")).todo == []
    adoption = declared(key("ada"), key("bob\n# x"))
    assert names(adoption) == ["ada", "bob # x"]
    assert "all may log in as the user deploy: ada, bob" in adoption.todo[0]


def test_an_account_without_the_key_of_whoever_asks():
    assert "your own key in ~/.ssh is not one of the account" in declared(key("shop"), own=KEY).todo[0]
    assert declared(key("shop"), own="what ssh would not take").todo == []
    assert "the account has no SSH key" in declared(own=KEY).todo[0]
