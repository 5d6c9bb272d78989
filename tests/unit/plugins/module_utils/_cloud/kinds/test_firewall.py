# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds import firewall
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import DROPLETS
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from hypothesis import given, settings
from hypothesis import strategies as st
from izzzi_sandbox.account.records import Firewall

from tests.unit.sandbox_api import OWNER, SandboxApi, context, declaration

NAMES = Names("shop", "staging")
WORLD = {"addresses": ["0.0.0.0/0", "::/0"]}
HTTPS = {"protocol": "tcp", "ports": "443", "sources": WORLD}


def firewalls(**given) -> dict:
    declared, found = complete(declaration(firewalls=given, allow_open_ssh=True), RESOURCES)
    assert found == []
    return declared["firewalls"]


def account(*rows: dict) -> dict:
    return {"firewalls": list(rows)}


def noun(api: SandboxApi | None = None, **given) -> firewall.Firewalls:
    return firewall.Firewalls(context(api, firewalls=given, allow_open_ssh=True))


def stored(body: dict) -> dict:
    """As DigitalOcean gives back what it was sent: "all" and icmp as "0", empty targets left out, another order."""
    rules = {
        field: [
            {**rule, "ports": "0" if rule.get("ports") in (None, "all") else rule["ports"]}
            for rule in reversed(body[field])
        ]
        for field in ("inbound_rules", "outbound_rules")
    }
    return {"id": "f1", **body, **rules, "droplet_ids": [], "created_at": "2026-01-05T10:00:00Z", "status": "succeeded"}


def test_icmp_is_sent_without_ports_and_everything_may_go_out_by_default():
    web = firewalls(web={"inbound": [HTTPS, {"protocol": "icmp", "ports": "all", "sources": WORLD}]})["web"]
    body = firewall.body("web", web, NAMES)
    assert body["inbound_rules"] == [
        {"protocol": "tcp", "ports": "443", "sources": WORLD},
        {"protocol": "icmp", "sources": WORLD},
    ]
    assert [(r["protocol"], r.get("ports")) for r in body["outbound_rules"]] == [
        ("tcp", "all"),
        ("udp", "all"),
        ("icmp", None),
    ]
    assert (body["name"], body["tags"], body["droplet_ids"]) == ("shop-staging-fw-web", ["izzzi:shop:staging"], [])


def test_members_and_groups_become_tags_of_this_environment():
    rule = {"protocol": "udp", "ports": "all", "sources": {"members": True, "groups": ["web"]}}
    body = firewall.body("x", firewalls(x={"inbound": [rule]})["x"], NAMES)
    assert body["inbound_rules"] == [
        {"protocol": "udp", "ports": "all", "sources": {"tags": ["izzzi:shop:staging", "izzzi:shop:staging:web"]}}
    ]


@pytest.mark.parametrize("sources", [{}, {"addresses": []}, {"members": False}, {"groups": []}])
def test_a_rule_that_names_nobody_is_left_out_not_opened(sources):
    rule = {"protocol": "tcp", "ports": "22", "sources": sources}
    assert firewall.body("x", firewalls(x={"inbound": [rule]})["x"], NAMES)["inbound_rules"] == []


@pytest.mark.parametrize("ports", ["1", "65535", "1-65535", "8000-9000", "all", "0", "80-80"])
def test_ports_that_do(ports):
    firewalls(x={"inbound": [{**HTTPS, "ports": ports}]})


@pytest.mark.parametrize("ports", ["", "65536", "-1", "9000-8000", "http", "80,443", "1-", "-", "٣", "0-80"])
def test_ports_that_do_not(ports):
    _, found = complete(declaration(firewalls={"x": {"inbound": [HTTPS, {**HTTPS, "ports": ports}]}}), RESOURCES)
    assert found == [f"firewalls.x.inbound[1].ports: {ports!r} is not a port, a range (8000-9000) or all."]


@pytest.mark.parametrize("address", ["203.0.113.7/33", "10.0.0.1/8", "office", "", "izzzi:shop:staging"])
def test_addresses_that_do_not(address):
    _, found = complete(
        declaration(firewalls={"x": {"inbound": [{**HTTPS, "sources": {"addresses": [address]}}]}}), RESOURCES
    )
    assert len(found) == 1
    assert found[0].startswith("firewalls.x.inbound[0].sources.addresses: ")
    assert repr(address) in found[0] or address in found[0]


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({"ports": "22"}, True),
        ({"ports": "all"}, True),
        ({"ports": "20-30"}, True),
        ({"ports": "22", "sources": {"addresses": ["128.0.0.0/1"]}}, True),
        ({"ports": "22", "sources": {"addresses": ["2000::/3"]}}, True),
        ({"ports": "22", "sources": {"addresses": ["203.0.113.0/24", "2001:db8::/32"]}}, False),
        ({"ports": "23-80"}, False),
        ({"ports": "22", "protocol": "udp"}, False),
    ],
)
def test_ssh_for_the_whole_world_needs_consent(changes, is_open):
    given = {"x": {"inbound": [{**HTTPS, "sources": {"addresses": ["0.0.0.0/0"]}, **changes}]}}
    _, found = complete(declaration(firewalls=given), RESOURCES)
    assert ["firewalls.x.inbound[0]" in problem and "allow_open_ssh" in problem for problem in found] == [
        True
    ] * is_open
    assert complete(declaration(firewalls=given, allow_open_ssh=True), RESOURCES)[1] == []


def test_limits_of_the_api():
    _, found = complete(declaration(firewalls={"x": {"outbound": []}}), RESOURCES)
    assert "none of its rules names anybody" in found[0]
    many = [{**HTTPS, "ports": str(port)} for port in range(1, 50)]
    _, found = complete(declaration(firewalls={"x": {"inbound": many}}), RESOURCES)
    assert "52 rules" in found[0]


def test_rules_are_described_in_words():
    rules = [
        {
            "protocol": "tcp",
            "ports": "22",
            "sources": {"addresses": ["203.0.113.7"], "tags": ["ops"], "droplet_ids": [4]},
        },
        {"protocol": "icmp", "ports": "0", "sources": {"addresses": ["::/0", "0.0.0.0/0"]}},
        {"protocol": "tcp", "ports": "0", "sources": {"load_balancer_uids": ["x"]}},
    ]
    assert firewall.described(rules, "sources") == [
        "icmp from 0.0.0.0/0, ::/0",
        "tcp 22 from 203.0.113.7/32, droplet_id 4, tag ops",
        "tcp all from load_balancer_uid x",
    ]
    assert firewall.described(
        [{"protocol": "udp", "ports": "53", "destinations": {"tags": ["dns"]}}], "destinations"
    ) == ["udp 53 to tag dns"]


RULES = st.lists(
    st.fixed_dictionaries(
        {
            "protocol": st.sampled_from(["tcp", "udp", "icmp"]),
            "ports": st.sampled_from(["22", "8000-9000", "all", "0", "1-65535"]),
            "sources": st.fixed_dictionaries(
                {
                    "addresses": st.lists(
                        st.sampled_from(["10.0.0.1", "10.0.0.1/32", "203.0.113.0/24", "::/0"]), min_size=1, max_size=3
                    ),
                    "groups": st.lists(st.sampled_from(["web", "db"]), max_size=2),
                    "members": st.booleans(),
                }
            ),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(RULES)
def test_what_the_api_gives_back_is_never_a_change(rules):
    given = {"x": {"inbound": rules, "outbound": []}}
    current = account(stored(firewall.body("x", firewalls(**given)["x"], NAMES)))
    (step,) = noun(**given).steps(current)
    assert step.action == "noop", step.changes


@settings(deadline=None)
@given(RULES, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_is_a_change(rules, random):
    shuffled = [*rules, rules[0]]
    random.shuffle(shuffled)
    current = account(stored(firewall.body("x", firewalls(x={"inbound": rules})["x"], NAMES)))
    (step,) = noun(x={"inbound": shuffled}).steps(current)
    assert step.action == "noop", step.changes


def test_create():
    api = SandboxApi()
    api.make("tags", name=OWNER)
    web = noun(api, web={"inbound": [HTTPS]})
    (step,) = web.steps(account())
    assert step.action == "create"
    assert {c.field: c.after for c in step.changes}["inbound"] == ["tcp 443 from 0.0.0.0/0, ::/0"]
    step.apply()
    assert [(method, path) for method, path, _ in api.calls] == [("POST", "/firewalls")]
    assert web.outputs() == {"firewall_ids": {"web": api.rows("firewalls")[0]["id"]}}


@pytest.mark.parametrize(
    ("drift", "field"),
    [
        ({"inbound_rules": []}, "inbound"),
        ({"outbound_rules": []}, "outbound"),
        ({"tags": []}, "tags"),
        ({"droplet_ids": [4]}, "droplet_ids"),
    ],
)
def test_any_drift_is_replaced_as_a_whole(drift, field):
    api = SandboxApi()
    wanted = firewall.body("web", firewalls(web={"inbound": [HTTPS]})["web"], NAMES)
    api.make("tags", name=OWNER)
    id = api.make("firewalls", **wanted)["id"]
    api.change(Firewall, **drift)
    web = noun(api, web={"inbound": [HTTPS]})
    (step,) = web.steps(account(*api.rows("firewalls")))
    assert (step.action, [c.field for c in step.changes]) == ("update", [field])
    assert web.outputs() == {"firewall_ids": {"web": id}}
    step.apply()
    assert api.calls == [("PUT", f"/firewalls/{id}", wanted)]


@pytest.mark.parametrize("held", [{"droplet_ids": [4]}, {"tags": ["project:shop"]}])
def test_what_is_attached_otherwise_is_let_go_only_after_the_droplets_have_their_tag(held):
    wanted = firewall.body("web", firewalls(web={"inbound": [HTTPS]})["web"], NAMES)
    (step,) = noun(web={"inbound": [HTTPS]}).steps(account({**stored(wanted), **held}))
    assert step.phase > DROPLETS
    (step,) = noun(web={"inbound": [HTTPS]}).steps(account({**stored(wanted), "inbound_rules": []}))
    assert step.phase < DROPLETS


def test_surplus_is_ours_only():
    api = SandboxApi()
    rows = [
        {"id": "1", "name": "shop-staging-fw-web", "tags": ["izzzi:shop:staging"]},
        {"id": "2", "name": "shop-staging-fw-old", "tags": ["izzzi:shop:staging"]},
        {"id": "3", "name": "shop-staging-fw-old2", "tags": ["somebody"]},
        {"id": "4", "name": "shop-production-fw-old", "tags": ["izzzi:shop:production"]},
    ]
    (step,) = noun(api, web={"inbound": [HTTPS]}).surplus(account(*rows))
    step.apply()
    assert api.calls == [("DELETE", "/firewalls/2", None)]


def test_a_removal_takes_what_is_declared_whatever_its_tags():
    row = {"id": "1", "name": "shop-staging-fw-web", "tags": ["managedby:terraform"]}
    gone = firewall.Firewalls(context(state="absent"))
    assert [step.name for step in gone.surplus(account(row))] == ["shop-staging-fw-web"]
