# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.firewalls import declare
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems

from tests.unit.adopted import droplet, ours
from tests.unit.sandbox_api import OWNER, row

EVERYONE = ["0.0.0.0/0", "::/0"]
ALL_OUT = [
    {"protocol": protocol, "ports": "0", "destinations": {"addresses": EVERYONE}} for protocol in ("tcp", "udp", "icmp")
]
STRANGER = row(id=9, name="blog", tags=["project:shop"])


def firewall(name: str, *rules: dict, ids=(1,), tags=(), outbound=None) -> dict:
    inbound = [{"protocol": "tcp", "ports": "443", "sources": {"addresses": EVERYONE}, **rule} for rule in rules]
    outbound = ALL_OUT if outbound is None else outbound
    return {"name": name, "inbound_rules": inbound, "outbound_rules": outbound, "droplet_ids": [*ids], "tags": [*tags]}


def declared(*rows: dict) -> Adoption:
    adoption = Adoption()
    declare(ours(droplet(1, "app"), droplet(2, "db"), others=(STRANGER,), firewalls=list(rows)), adoption)
    return adoption


def test_rules_in_the_form_of_a_declaration():
    rules = [
        {"ports": "0"},
        {"protocol": "icmp", "ports": "0"},
        {"sources": {"tags": [OWNER, f"{OWNER}:web"], "addresses": ["203.0.113.7"]}},
    ]
    found = declared(firewall("shop-staging-fw-web", *rules, ids=(1, 2))).declared["firewalls"]
    assert found == {
        "web": {
            "inbound": [
                {"protocol": "tcp", "ports": "all", "sources": {"addresses": EVERYONE}},
                {"protocol": "icmp", "sources": {"addresses": EVERYONE}},
                {
                    "protocol": "tcp",
                    "ports": "443",
                    "sources": {"addresses": ["203.0.113.7/32"], "groups": ["web"], "members": True},
                },
            ]
        }
    }
    nothing_out = declared(firewall("shop-staging-fw-web", {}, outbound=[])).declared["firewalls"]["web"]
    assert nothing_out["outbound"] == []


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({"droplet_ids": [1]}, "names droplet_ids"),
        ({"load_balancer_uids": ["a"], "kubernetes_ids": ["b"]}, "names kubernetes_ids and load_balancer_uids"),
        ({"tags": ["office"]}, "names the tag office"),
        ({"tags": [f"{OWNER}:A B"]}, f"names the tag {OWNER}:A B"),
    ],
)
def test_a_rule_that_cannot_be_said_leaves_its_firewall_as_it_is(sources, words):
    adoption = declared(firewall("shop-staging-fw-web", {"sources": sources}))
    assert adoption.declared["firewalls"] == {}
    assert words in adoption.todo[0]
    assert "So it is not declared; it stays as it is" in adoption.todo[0]
    with pytest.raises(Problems, match="Change that rule"):
        declared(firewall("shop-staging-fw-web", {"sources": sources}, tags=[OWNER]))


def test_for_whom_rules_begin_and_for_whom_they_end():
    told = "\n".join(declared(firewall("shop-staging-fw-web", {}, tags=["project:shop"])).todo)
    assert "is not on shop-staging-db now, and provision.yml puts it on all" in told
    assert "so that these let in tcp 443, too" in told
    assert "protects blog, too, which is not shop-staging's, and provision.yml ends that" in told
    assert "shop-staging-db is behind no firewall" in told
    assert declared(firewall("shop-staging-fw-web", {}, ids=(1, 2))).todo == []


def test_who_may_use_ssh():
    office = {"ports": "22", "sources": {"addresses": ["203.0.113.7/32"]}}
    wide = {"ports": "20-25", "sources": {"addresses": ["198.51.100.0/24", "203.0.113.7/32", "10.66.0.0/20"]}}
    adoption = declared(
        firewall("shop-staging-fw-ssh", office, ids=(1, 2)), firewall("mine", wide), firewall("x", ids=(9,))
    )
    assert adoption.allowed_ssh_ips == ["198.51.100.0/24", "203.0.113.7/32"]
    assert "SSH from the network itself (10.66.0.0/20) stays let in" in adoption.assumed[0]
    assert "allow_open_ssh" not in adoption.declared
    assert "rename it to shop-staging-fw-mine" in adoption.todo[0]
    adoption = declared(firewall("shop-staging-fw-ssh", {"ports": "22"}, ids=(1, 2)))
    assert adoption.declared["allow_open_ssh"]
    assert "the whole world may try SSH" in adoption.todo[0]


def test_doors_for_ssh_are_nobodys_to_rename():
    assert declared(firewall("shop-staging-door-1-2-3-4", {}, ids=(1, 2))).todo == []
