# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._init.adopted import Adopted
from ansible_collections.izzzi.infra.plugins.module_utils._init.adopted_text import adopted_text
from ansible_collections.izzzi.infra.plugins.module_utils._init.arguments import Wish, problems
from ansible_collections.izzzi.infra.plugins.module_utils._init.inventory import make
from ansible_collections.izzzi.infra.plugins.module_utils._init.model import Notes

from tests.unit.apps import APPS, write

WISH = Wish("production", "shop", "app", region="", runner="", adopt=True)
LEAST: dict[str, Any] = {
    "region": "ams3",
    "vpc": {"ip_range": "10.9.0.0/20"},
    "ssh_keys": [{"name": "ada", "public_key": "ssh-ed25519 AAAA ada@home"}],
    "droplets": {},
    "firewalls": {},
}
NETWORKS = ["203.0.113.7/32", "198.51.100.0/24"]


def ssh(*addresses: str, **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "ports": "22", "sources": {"addresses": [*addresses], **more}}


def text_of(*, declared: dict[str, Any] | None = None, **more: Any) -> str:
    return adopted_text(WISH, Adopted({**LEAST, **(declared or {})}, **more))


def test_the_least_that_an_account_has():
    text = text_of()
    found = yaml.safe_load(text)
    assert (found["provision_region"], found["provision_vpc"]) == ("ams3", {"ip_range": "10.9.0.0/20"})
    assert (found["provision_droplets"], found["provision_firewalls"]) == ({}, {})
    assert (found["provision_allowed_ssh_ips"], found["app_orchestrator"]) == ([], "compose")
    assert text.count("# TODO") == 3
    assert "provision_domain" not in text
    assert "provision_ssh_keys: [] # TODO" in text_of(declared={"ssh_keys": []})


def test_networks_of_ssh_are_said_once():
    rules = [ssh(*reversed(NETWORKS), members=True), ssh("203.0.113.7/32"), {**ssh(*NETWORKS), "protocol": "udp"}]
    firewalls = {"ssh": {"inbound": rules, "outbound": []}}
    text = text_of(declared={"firewalls": firewalls, "allow_open_ssh": True}, allowed_ssh_ips=NETWORKS)
    found = yaml.safe_load(text)
    sources = [rule["sources"]["addresses"] for rule in found["provision_firewalls"]["ssh"]["inbound"]]
    assert sources == ["{{ provision_allowed_ssh_ips }}", ["203.0.113.7/32"], NETWORKS]
    assert found["provision_firewalls"]["ssh"]["outbound"] == []
    assert (found["provision_allowed_ssh_ips"], found["provision_allow_open_ssh"]) == (NETWORKS, True)


def test_no_text_of_the_account_is_a_template_or_ends_a_comment():
    evil = "{{ lookup('pipe', 'id') }}"
    keys = [{"name": evil, "public_key": f"ssh-ed25519 AAAA {evil}"}]
    text = text_of(declared={"ssh_keys": keys, "do_project": {"name": evil}}, other_keys=keys, project={"name": evil})
    for line in text.splitlines():
        assert evil not in line or line.count("!unsafe") == line.count(evil), line
    assert yaml.safe_load(text.replace("!unsafe ", ""))["provision_do_project"] == {"name": evil}
    assert text_of(project={"name": "a: b"}).endswith('# provision_do_project: {name: "a: b"}\n')


def test_what_hangs_on_droplets_and_buckets():
    more = {
        "volumes": {"data": {"droplets": "app", "size": 10}},
        "domain": {"name": "shop.test", "hosts": ["@"], "records": [{"type": "MX", "data": "mail", "priority": 10}]},
        "spaces": {"backups": {"versioning": True}},
        "spaces_region": "fra1",
    }
    found = yaml.safe_load(text_of(declared=more))
    for name, value in more.items():
        assert found[f"provision_{name}"] == value
    assert found["provision_spaces_keys"] == {}
    assert "SPACES_ACCESS_KEY_ID" in found["provision_spaces_access_key_id"]
    assert "provision_spaces_keys" not in text_of(declared={"spaces": {"assets": {}}})


def test_an_inventory_of_what_is_there(tmp_path):
    write(tmp_path / "app", APPS["one"])
    notes = Notes(["VPC shop-production-vpc"], ["a"], ["b"])
    served = ["shop.test", "www.shop.test"]
    made = make(WISH, tmp_path, tmp_path, Adopted(LEAST, "swarm", [], [], {}, served, notes))
    assert made.notes.found[0] == "VPC shop-production-vpc"
    assert made.notes.todo[:2] == ["b", "who may use SSH: set `provision_allowed_ssh_ips` in environment.yml"]
    assert not any("~/.ssh" in row for row in made.notes.todo), "the account's keys are declared"
    assert "app_orchestrator: swarm" in made.files["group_vars/all/environment.yml"]
    assert "# server_names: [shop.test, www.shop.test]" in made.files["group_vars/all/app.yml"]
    for words in (
        "izzzi.infra.provision",
        "shop.test leads to the account's droplets already",
        "the account and the app",
    ):
        assert words in made.files["README.md"]


def test_what_is_not_said_follows_from_the_account():
    assert problems(WISH) == []
    assert len(problems(Wish("production", "shop", "app", region="Frankfurt", runner="k8s", adopt=True))) == 2
    assert len(problems(Wish("production", "shop", "app", region="", runner=""))) == 2
