# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds import domain as domain_module
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.record.form import Record
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.record.record import Records, pairs
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.record.register import Register
from izzzi_sandbox.account.records import DomainRecord

from tests.unit.sandbox_api import SandboxApi, context

REGISTER = "_izzzi.shop-staging.example.com TXT"
TAG = "izzzi:shop:staging"


def domain(*records: dict, **changes) -> dict:
    empty = {"name": "@", "data": "", "target": "", "ttl": None, "tag": None}
    empty |= dict.fromkeys(("priority", "port", "weight", "flags"))
    return {
        "name": "example.com",
        "hosts": ["@", "www"],
        "target": "",
        "ttl": 300,
        "records": [{**empty, **record} for record in records],
        **changes,
    }


@pytest.fixture
def api() -> SandboxApi:
    """A domain, and one droplet."""
    api = SandboxApi()
    api.make("domains", name="example.com")
    api.droplet("shop-staging-app", TAG)
    return api


def record(api: SandboxApi, **fields) -> dict:
    return api.make("domains/example.com/records", ttl=1800, **fields)


def rows(api: SandboxApi) -> list[dict]:
    return [row for row in api.rows("domains/example.com/records") if row["type"] not in ("NS", "SOA")]


def address(api: SandboxApi, number: int = 1) -> str:
    networks = api.rows("droplets")[number - 1]["networks"]["v4"]
    return next(network["ip_address"] for network in networks if network["type"] == "public")


def run(api: SandboxApi, declared: dict | None, *, knows: bool = True, **changes) -> list:
    """Register and records, planned and carried out. `knows`: whether the droplet is there already."""
    shared = context(api, domain=declared, **changes)
    account = {listing: read() for listing, read in Records(shared).reads().items()}
    if knows:
        shared.known.put("droplet", "shop-staging-app", api.rows("droplets")[0])
    register, records = Register(shared), Records(shared)
    assert records.problems(account) == []
    makings = [] if shared.is_absent else [*records.steps(account), *register.steps(account)]
    removals = [*records.surplus(account), *register.surplus(account)] if shared.may_delete else []
    shared.known.put("droplet", "shop-staging-app", api.rows("droplets")[0])
    for step in makings + removals:
        if step.apply:
            step.apply()
    return [(step.action, step.name) for step in makings + removals]


def held(api: SandboxApi) -> set:
    return {(row["type"], row["name"], row["data"]) for row in rows(api)}


def test_create_then_nothing(api):
    declared = domain({"type": "MX", "data": "mail", "priority": 10})
    assert run(api, declared, knows=False) == [
        ("create", "example.com A"),
        ("create", "www.example.com A"),
        ("create", "example.com MX"),
        ("create", "_izzzi.shop-staging.example.com TXT"),
    ]
    ids = {row["type"] + row["name"]: row["id"] for row in rows(api)}
    assert held(api) == {
        ("TXT", "_izzzi.shop-staging", f"{TAG} owns A:@:{ids['A@']} A:www:{ids['Awww']} MX:@:{ids['MX@']}"),
        ("A", "@", address(api)),
        ("A", "www", address(api)),
        ("MX", "@", "mail.example.com"),
    }
    api.calls.clear()
    assert {action for action, _ in run(api, declared)} == {"noop"}
    assert api.writes == []


@pytest.mark.parametrize("drift", [{"data": "192.0.2.9"}, {"ttl": 1800}])
def test_what_differs_is_changed_in_place(api, drift):
    run(api, domain())
    api.change(DomainRecord, next(row["id"] for row in rows(api) if row["name"] == "www"), **drift)
    assert run(api, domain()) == [("noop", "example.com A"), ("update", "www.example.com A"), ("noop", REGISTER)]
    assert {a for a, _ in run(api, domain())} == {"noop"}


def test_what_is_too_much_of_a_declared_name_goes(api):
    run(api, domain())
    record(api, type="A", name="www", data="192.0.2.9")
    assert ("delete", "www.example.com A") in run(api, domain())
    assert ("A", "www", "192.0.2.9") not in held(api)


def test_other_names_and_other_texts_stay(api):
    record(api, type="TXT", name="@", data="google-site-verification=abc")
    record(api, type="A", name="blog", data="192.0.2.9")
    declared = domain({"type": "TXT", "data": "v=spf1 -all"})
    run(api, declared, prune=True)
    assert {("TXT", "@", "google-site-verification=abc"), ("A", "blog", "192.0.2.9")} <= held(api)
    run(api, domain(), state="absent")
    assert held(api) == {("TXT", "@", "google-site-verification=abc"), ("A", "blog", "192.0.2.9")}


def test_an_alias_makes_room_for_addresses_and_back(api):
    record(api, type="CNAME", name="www", data="old.example.org.")
    assert ("replace", "www.example.com A") in run(api, domain())
    alias = domain({"type": "CNAME", "name": "www", "data": "@"}, hosts=["@"])
    assert ("replace", "www.example.com CNAME") in run(api, alias)
    assert ("CNAME", "www", "@") in held(api)
    assert {a for a, _ in run(api, alias)} == {"noop"}


def test_prune_takes_what_is_not_declared_any_more(api):
    run(api, domain({"type": "MX", "data": "mail", "priority": 10}))
    assert {action for action, _ in run(api, domain(hosts=["@"]))} == {"noop"}
    assert run(api, domain(hosts=["@"]), prune=True) == [
        ("noop", "example.com A"),
        ("noop", REGISTER),
        ("delete", "www.example.com A"),
        ("delete", "example.com MX"),
        ("update", REGISTER),
    ]


def test_a_domain_that_is_not_declared_any_more_is_searched_too(api):
    run(api, domain({"type": "MX", "data": "mail", "priority": 10}))
    assert run(api, None) == []
    assert len(run(api, None, prune=True)) == 4
    assert held(api) == set()


def test_a_register_that_was_cut_off_is_finished(api):
    """The new text was there, and the old one not gone yet."""
    run(api, domain())
    (line,) = [row["data"] for row in rows(api) if row["name"].startswith("_izzzi")]
    record(api, type="TXT", name="_izzzi.shop-staging", data=f"{line} A:gone:999")
    assert run(api, domain())[-1] == ("update", REGISTER)
    assert [row["data"] for row in rows(api) if row["name"].startswith("_izzzi")] == [line]
    assert run(api, domain())[-1] == ("noop", REGISTER)


def test_what_goes_is_taken_out_of_the_register_by_the_same_run(api):
    run(api, domain({"type": "MX", "data": "a", "priority": 1}, {"type": "MX", "data": "b", "priority": 2}))
    fewer = domain({"type": "MX", "data": "a", "priority": 1})
    assert ("update", REGISTER) in run(api, fewer)
    assert {action for action, _ in run(api, fewer)} == {"noop"}


def test_a_name_of_another_environment_is_refused(api):
    api.droplet("shop-production-app", "izzzi:shop:production", vpc_uuid=None)
    record(api, type="A", name="www", data=address(api, 2))
    shared = context(api, domain=domain())
    account = {listing: read() for listing, read in Records(shared).reads().items()}
    (problem,) = Records(shared).problems(account)
    assert f"www.example.com A ({address(api, 2)}) belongs to the environment izzzi:shop:production" in problem


def test_an_address_that_nobody_knows_is_an_error_that_names_it(api):
    declared = domain({"type": "AAAA", "target": "app"}, hosts=[])
    with pytest.raises(ApiError, match="shop-staging-app has no IPv6 address"):
        run(api, declared)


def test_pairs_keep_what_is_the_same_and_change_the_rest():
    one, two, three = (Record("A", "@", f"192.0.2.{n}", 300) for n in (1, 2, 3))
    matched, rest = pairs([(7, two), (8, three)], [one, two])
    assert matched == [(8, three, one), (7, two, two)]
    assert rest == []
    assert pairs([], [one]) == ([(None, None, one)], [])
    assert pairs([(7, one), (8, one)], [one]) == ([(7, one, one)], [(8, one)])


@pytest.mark.parametrize("others", [[], [("A", "blog", "192.0.2.9")]])
def test_the_domain_goes_with_its_last_record(api, others):
    for kind, name, data in others:
        record(api, type=kind, name=name, data=data)
    run(api, domain())
    shared = context(api, domain=domain(), state="absent")
    account = {listing: read() for listing, read in Records(shared).reads().items()}
    assert [step.action for step in domain_module.Domain(shared).surplus(account)] == (
        ["keep"] if others else ["delete"]
    )
