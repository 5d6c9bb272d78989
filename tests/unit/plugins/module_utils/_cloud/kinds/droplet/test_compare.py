# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.droplet import compare
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.droplet.declared import Wanted, wanted
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names

from tests.unit.sandbox_api import APP, row

NAMES = Names("shop", "staging")
OWNER, WEB = "izzzi:shop:staging", "izzzi:shop:staging:web"
DECLARED = {"region": "fra1", "allow_resize": False, "allow_replace": [], "replace": []}


def app(**changes) -> Wanted:
    return wanted({"app": {**APP, **changes}}, NAMES)[0]


def problems(*rows: dict, consent: dict | None = None, **changes) -> list[str]:
    return compare.problems([app(**changes)], {**DECLARED, **(consent or {})}, "v1", NAMES, list(rows))


def changes(current: dict, **declared) -> list[tuple]:
    return [(c.field, c.before, c.after) for c in compare.changes(app(**declared), current, "v1", NAMES)]


def test_nothing_stands_against_what_is_as_declared_or_missing():
    assert problems(row()) == []
    assert problems(row(status="new", networks={"v4": []})) == []
    assert problems(row(status="off")) == [], "it is powered on"
    assert problems() == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([row(), row(id=8)], ["2 droplets are named shop-staging-app", "7, 8"]),
        ([row(tags=[], vpc_uuid="v2")], ["id 7", f"without the tag {OWNER}"]),
        ([row(status="archive")], ["id 7", "status archive"]),
        ([row(size_slug="s-2vcpu-4gb")], ["droplets.app.size", "has s-2vcpu-4gb", "s-1vcpu-1gb", "allow_resize"]),
        ([row(image={"slug": "debian-12-x64"})], ["droplets.app.image", "debian-12-x64", "allow_replace"]),
        ([row(region={"slug": "ams3"})], ["region: ", "ams3", "fra1"]),
        ([row(vpc_uuid="v2")], ["vpc: shop-staging-app has v2", "allow_replace"]),
        ([row(features=["ipv6"])], ["droplets.app.ipv6", "cannot be turned off"]),
    ],
)
def test_what_cannot_be_changed_without_consent_is_a_problem(found, words):
    (problem,) = problems(*found)
    assert [word for word in words if word not in problem] == []


def test_consent_lifts_the_problem():
    assert problems(row(size_slug="s-2vcpu-4gb"), consent={"allow_resize": True}) == []
    renewed = {"allow_replace": ["shop-staging-app"]}
    assert problems(row(image={"slug": "debian-12-x64"}, size_slug="s-2vcpu-4gb"), consent=renewed) == []
    assert problems(row(size_slug="s-2vcpu-4gb"), consent=renewed) != [], "a size takes no new droplet"


def test_it_is_ours_by_tag_or_by_its_vpc():
    assert compare.is_ours(row(vpc_uuid="v2"), "v1", NAMES)
    assert compare.is_ours(row(tags=["project:shop"]), "v1", NAMES)
    assert not compare.is_ours(row(tags=[WEB], vpc_uuid="v2"), "v1", NAMES)
    assert not compare.is_ours({**row(tags=[]), "vpc_uuid": ""}, "", NAMES)


@pytest.mark.parametrize(
    ("current", "declared", "change"),
    [
        (row(image={"slug": "debian-12-x64"}), {}, ("image", "debian-12-x64", "debian-13-x64")),
        (row(image={"id": 1, "slug": None}), {"image": "194722834"}, ("image", "1", "194722834")),
        (row(vpc_uuid="v2"), {}, ("vpc", "v2", "v1")),
        (row(status="off"), {}, ("status", "off", "active")),
        (row(), {"size": "s-2vcpu-4gb"}, ("size", "s-1vcpu-1gb", "s-2vcpu-4gb")),
        (row(tags=[OWNER, f"{OWNER}:old", "x"]), {}, ("tags", [OWNER, f"{OWNER}:old"], [OWNER, WEB])),
        (row(tags=[OWNER, WEB]), {"tags": ["x"]}, ("tags", [OWNER, WEB], [OWNER, WEB, "x"])),
        (row(), {"backups": True}, ("backups", False, True)),
        (row(), {"ipv6": True}, ("ipv6", False, True)),
    ],
)
def test_each_field_is_compared(current, declared, change):
    assert changes(current, **declared) == [change]


@pytest.mark.parametrize(
    "current",
    [
        row(),
        row(status="new"),
        row(tags=[OWNER, WEB, "cost-centre-7"]),
        row(image={"slug": None}),
        row(image=None),
        row(features=["droplet_agent", "private_networking", "monitoring"]),
    ],
)
def test_what_is_no_difference(current):
    assert changes(current) == []


def test_a_missing_monitoring_agent_is_a_warning():
    assert "droplets.app.monitoring" in compare.warnings([app(monitoring=True)], [row()])[0]
    assert compare.warnings([app(monitoring=True)], [row(features=["monitoring"])]) == []
    assert compare.warnings([app(monitoring=True)], []) == []


@pytest.mark.parametrize(
    ("changes", "ready"),
    [
        ({}, True),
        ({"status": "new"}, False),
        ({"locked": True}, False),
        ({"networks": {"v4": []}}, False),
        ({"networks": {"v4": [{"type": "private", "ip_address": "10.0.0.2"}]}}, False),
    ],
)
def test_a_droplet_is_ready_when_it_is_active_and_has_both_addresses(changes, ready):
    assert compare.is_ready(row(**changes)) is ready


def test_shown():
    shown = compare.show(row(tags=["other", WEB, OWNER]), NAMES, {"shop-staging-app"})
    assert (shown["public_ip"], shown["private_ip"], shown["ipv6"]) == ("203.0.113.7", "10.66.0.7", "")
    assert (shown["groups"], shown["created"]) == (["web"], True)
    assert compare.show(row(networks={"v4": []}), NAMES, set())["public_ip"] == ""


def test_weekly_backups_are_a_fifth_of_the_price():
    assert compare.current_cost(row(size={"price_monthly": 6.0}, features=["backups"])) == 7.2
