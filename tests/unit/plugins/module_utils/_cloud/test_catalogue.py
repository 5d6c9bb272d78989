# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import catalogue

from tests.unit.sandbox_api import SandboxApi

SIZES = [
    {"slug": "s-1vcpu-1gb", "available": True, "regions": ["fra1"], "price_monthly": 6.0},
    {"slug": "s-1vcpu-2gb", "available": True, "regions": ["fra1"], "price_monthly": 12.0},
    {"slug": "m-2vcpu-16gb", "available": True, "regions": ["ams3"], "price_monthly": 84.0},
    {"slug": "s-1vcpu-3gb", "available": False, "regions": ["fra1", "sfo1"], "price_monthly": 18.0},
]
WHERE = "droplets.app.size"


@pytest.mark.parametrize("region", ["fra9", "sfo1"])
def test_a_region_is_where_something_is_sold(region):
    (problem,) = catalogue.region_problems(region, SIZES)
    assert f"region: '{region}'" in problem
    assert "fra1" in problem
    assert catalogue.region_problems("ams3", SIZES) == []


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("s-1vcpu-1g", [WHERE, "s-1vcpu-1gb"]),
        ("m-2vcpu-16gb", ["not to be had in fra1, but in ams3"]),
        ("s-1vcpu-3gb", ["but in no region", "s-1vcpu-2gb"]),
        ("???", ["There are: s-1vcpu-1gb, s-1vcpu-2gb"]),
    ],
)
def test_a_size_that_cannot_be_had_is_named_with_what_is_near(size, words):
    (problem,) = catalogue.size_problems(WHERE, size, "fra1", SIZES)
    assert [word for word in words if word not in problem] == []
    assert catalogue.size_problems(WHERE, "s-1vcpu-1gb", "fra1", SIZES) == []


def test_all_images_are_asked_for_only_when_one_cannot_be_had():
    api = SandboxApi()
    row = catalogue.image(api.client(), "debian-13-x64")
    assert catalogue.image_problems("i", "debian-13-x64", "fra1", row, api.client()) == []
    assert [path for _, path, _ in api.calls] == ["/images/debian-13-x64"]
    (problem,) = catalogue.image_problems("i", "debian-31-x64", "fra1", None, api.client())
    assert problem.startswith("i: 'debian-31-x64' is not a valid image")
    assert "debian-13-x64" in problem


def test_prices_by_size():
    assert catalogue.prices(SIZES)["s-1vcpu-2gb"] == 12.0
