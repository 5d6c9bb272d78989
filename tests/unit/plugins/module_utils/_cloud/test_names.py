# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names, address_owners

NAMES = Names("shop", "staging")


def test_names_follow_from_project_and_environment():
    assert NAMES.vpc == "shop-staging-vpc"
    assert NAMES.firewall("web") == "shop-staging-fw-web"
    assert [NAMES.droplet("app", number) for number in (1, 2, 10)] == [
        "shop-staging-app",
        "shop-staging-app-2",
        "shop-staging-app-10",
    ]
    assert NAMES.owner_tag == "izzzi:shop:staging"
    assert NAMES.group_tag("web") == "izzzi:shop:staging:web"


@pytest.mark.parametrize(
    ("tag", "owned"),
    [
        ("izzzi:shop:staging", True),
        ("izzzi:shop:staging:web", True),
        ("izzzi:shop:stagingx", False),
        ("izzzi:shop:production", False),
        ("izzzi:shop", False),
        ("web", False),
    ],
)
def test_tags_of_other_environments_are_not_ours(tag, owned):
    assert NAMES.owns_tag(tag) is owned


@pytest.mark.parametrize(
    ("name", "tags", "droplets", "owned"),
    [
        ("shop-staging-fw-web", ["izzzi:shop:staging"], [], True),
        ("shop-staging-fw-web", ["izzzi:shop:staging"], [7], True),
        ("shop-staging-fw-web", [], [], True),
        ("shop-staging-fw-web", [], [7], False),
        ("shop-staging-fw-staging-fw-web", ["izzzi:shop-staging-fw:staging"], [], False),
        ("shop-production-fw-web", [], [], False),
        ("shop-staging-web", ["izzzi:shop:staging"], [], False),
    ],
)
def test_a_firewall_is_ours_by_name_and_what_it_protects(name, tags, droplets, owned):
    assert NAMES.owns_firewall(name, tags, droplets) is owned


@pytest.mark.parametrize(
    ("description", "watched", "owned"),
    [
        ("shop-staging cpu", ["izzzi:shop:staging:web"], True),
        ("shop-staging cpu", [], True),
        ("shop-staging cpu", ["7"], False),
        ("cpu", ["izzzi:shop:staging"], False),
    ],
)
def test_an_alert_is_ours_by_name_and_what_it_watches(description, watched, owned):
    assert NAMES.owns_alert(description, watched) is owned


def test_the_owner_of_a_reserved_ip_is_in_a_tag():
    tag = NAMES.address_tag("192.0.2.7")
    assert address_owners([tag, "web", "other:ip:192-0-2-8"]) == {"192.0.2.7": "izzzi:shop:staging"}
