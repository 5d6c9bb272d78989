# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._certificate import host
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.certificate import placeholder
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.host import Host, global_addresses, misdirected
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Failure, Settings, Site


def test_addresses_of_a_host_are_those_that_others_reach():
    one = {"addr_info": [{"local": "203.0.113.7", "scope": "global"}, {"local": "fe80::1", "scope": "link"}]}
    assert global_addresses(json.dumps([one])) == {"203.0.113.7"}


def test_a_name_must_lead_to_this_host_alone():
    names = {"a.example": {"203.0.113.7"}, "b.example": set(), "c.example": {"203.0.113.7", "192.0.2.7"}}
    assert misdirected(names, {"203.0.113.7"}) == ["b.example has no address record", "c.example points to 192.0.2.7"]


def test_a_wrong_record_is_told_before_the_authority_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(host, "addresses_of", lambda _name: {"192.0.2.7"})
    monkeypatch.setattr(host, "own_addresses", lambda _settings: {"203.0.113.7"})
    with pytest.raises(Failure, match=r"a.example points to 192.0.2.7. This host is 203.0.113.7. .*was not asked."):
        Host(Settings(), tmp_path).check_names(Site(["a.example"]))
    Host(Settings(), tmp_path).check_names(Site(["a.example"], challenge="dns-01"))


def test_certificates_and_holds_are_files(tmp_path):
    place = Host(Settings(), tmp_path, tmp_path)
    with place.locked():
        assert place.current("shop") is None
        assert place.held_until("shop") == 0
        place.install("shop", placeholder(["shop.example"]))
        place.hold("shop", 7.5)
    assert place.current("shop").names == {"shop.example"}
    assert place.held_until("shop") == 7.5
    assert (tmp_path / "shop.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "webroot").is_dir()
