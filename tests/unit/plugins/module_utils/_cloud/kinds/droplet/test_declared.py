# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems of a declaration: test__declaration.py."""

from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.droplet.declared import wanted
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names

from tests.unit.sandbox_api import APP

NAMES = Names("shop", "staging")
OWNER, WEB = "izzzi:shop:staging", "izzzi:shop:staging:web"


def test_a_group_is_its_numbered_droplets():
    droplets = wanted({"app": {**APP, "count": 2}, "db": {**APP, "count": 0}}, NAMES)
    assert [droplet.name for droplet in droplets] == ["shop-staging-app", "shop-staging-app-2"]
    assert droplets[0].where == "droplets.app"


def test_tags_are_the_owners_the_groups_and_more():
    (droplet,) = wanted({"app": {**APP, "groups": ["web", "web"], "tags": ["cost-centre-7"]}}, NAMES)
    assert droplet.tags == (OWNER, WEB, "cost-centre-7"), "named twice is tagged once"
