# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.nginx_problems import FilterModule


def test_it_is_the_filter_of_that_name():
    assert "declare at least one site" in FilterModule().filters()["nginx_problems"]({})[0]


def test_a_certificate_that_is_declared_is_checked_too():
    tls = {"source": "files", "certificate": "nonsense", "key": "key"}
    site = {"locations": [{"path": "/", "service": "web"}]}
    found = FilterModule().filters()["nginx_problems"]({"shop": site | {"tls": tls}, "blog": site | {"listen": 8080}})
    assert found == [
        "nginx_sites.shop.tls: The certificate cannot be read. Give PEM text: -----BEGIN CERTIFICATE----- ..."
    ]
