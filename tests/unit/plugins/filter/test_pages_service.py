# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.pages_service import pages_service

GIVEN = {"app": "shop", "image": "nginx:1.28", "password": "a password that is long", "sources": ["203.0.113.7"]}


def test_a_swarm_gets_one_service_on_the_guides_ports():
    assert pages_service({**GIVEN, "mail": "mail:1080"})["services"]["operators"]["ports"] == ["8080:8080", "8025:8025"]


def test_what_would_let_everybody_in_is_refused():
    with pytest.raises(AnsibleFilterError, match="pages_sources is empty"):
        pages_service({**GIVEN, "sources": []})


def test_a_certificate_is_a_secret_or_what_is_carried_to_the_node():
    declared = pages_service({**GIVEN, "certificate": "edge_shop.pem"})["services"]["operators"]
    assert declared["secrets"] == ["operators_users", "edge_shop.pem"]
    assert declared["entrypoint"] == ["nginx", "-g", "daemon off;"]
    carried = pages_service({**GIVEN, "certificate_site": "shop"})
    service = carried["services"]["operators"]
    assert service["entrypoint"] == ["sh", "/etc/nginx/izzzi-watch.sh", "shop"]
    assert {"source": "operators_watch.sh", "target": "/etc/nginx/izzzi-watch.sh"} in service["configs"]
    assert "operators_watch.sh" in carried["configs"]
