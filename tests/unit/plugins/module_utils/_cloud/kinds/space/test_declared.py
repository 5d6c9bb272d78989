# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.space import declared

from tests.unit.sandbox_api import declaration


def test_the_endpoint():
    assert declared.endpoint(declaration(spaces_region="ams3")) == "https://ams3.digitaloceanspaces.com"
    assert declared.endpoint(declaration(spaces_endpoint_url="http://127.0.0.1:8782")) == "http://127.0.0.1:8782"


def test_what_is_not_declared_is_not_compared():
    found = {"acl": "private", "versioning": None, "lifecycle": None, "cors": None}
    assert declared.wanted(found) == {"acl": "private"}
