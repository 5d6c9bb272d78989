# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.nginx_secrets import FilterModule


def test_it_is_the_filter_of_that_name():
    sites = {"shop": {"locations": [], "basic_auth": ["ops"]}}
    found = FilterModule().filters()["nginx_secrets"](sites, "host", {"ops": "hunter22"}, "host")
    assert found[0]["path"] == "/etc/nginx/izzzi-users/shop"
