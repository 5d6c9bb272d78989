# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.exposure import exposure
from ansible_collections.izzzi.infra.plugins.filter.widened_exposure import FilterModule

widened_exposure = FilterModule().filters()["widened_exposure"]
OPEN = {"addresses": ["0.0.0.0/0", "::/0"]}


def declared(*ports: int, host=(80,), services=None) -> dict:
    rules = [{"protocol": "tcp", "ports": str(port), "sources": OPEN} for port in ports]
    return exposure({"web": {"inbound": rules}}, [{"name": "x", "protocol": "tcp", "ports": list(host)}], services)


def widened(after: dict, before: dict, published=()) -> list[str]:
    return widened_exposure(after, before["cloud"], before["host"], published)


def test_nothing_new_is_no_line():
    assert widened(declared(80), declared(80)) == []
    assert widened(declared(80), declared(80, 5432)) == []


def test_what_both_walls_open_is_said_once_and_a_wall_alone_is_named():
    assert widened(declared(80, 5432, host=(80, 5432)), declared(80)) == ["5432/tcp open to everybody"]
    assert widened(declared(80, host=(80, 5432)), declared(80)) == ["5432/tcp open to everybody (host firewall)"]
    assert widened(declared(80, 5432), declared(80)) == ["5432/tcp open to everybody (cloud firewall)"]


def test_a_container_behind_an_open_port_is_said():
    wanted = declared(80, services={"web": {"ports": ["0.0.0.0:80:80"]}})
    assert widened(wanted, declared(80)) == ["80/tcp open to everybody (IPv4) (a container answers)"]
    door = {"service": "web", "protocol": "tcp", "first": 80, "last": 80, "address": "0.0.0.0"}
    assert widened(wanted, declared(80), [door]) == []


def test_rubbish_is_refused():
    with pytest.raises(AnsibleFilterError, match="widened_exposure"):
        widened_exposure(declared(80), [{"first": 1}], [])
