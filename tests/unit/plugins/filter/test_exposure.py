# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.filter.exposure import FilterModule

exposure = FilterModule().filters()["exposure"]
OPEN = {"addresses": ["0.0.0.0/0", "::/0"]}
FIREWALLS = {"web": {"inbound": [{"protocol": "tcp", "ports": "80", "sources": OPEN}]}}
RULES = [{"name": "web", "protocol": "tcp", "ports": [80, 443]}]


def test_it_tells_in_words_and_rows():
    found = exposure(FIREWALLS, RULES)
    assert found["text"] == ["80/tcp open to everybody"]
    assert [(row["first"], row["network"]) for row in found["reach"]] == [(80, "0.0.0.0/0"), (80, "::/0")]
    assert found["answered"] == []


def test_an_error_is_the_users():
    with pytest.raises(AnsibleFilterError, match="exposure: '9-1' is not a port"):
        exposure({}, [{"name": "x", "protocol": "tcp", "ports": ["9-1"]}])


def test_secrets_of_services_are_not_looked_at():
    """The vault is not open when a plan is made: only `ports` may be templated."""
    variables = {
        "services": {"web": {"ports": ["0.0.0.0:80:80"], "environment": {"KEY": trust_as_template("{{ vault }}")}}}
    }
    templar = Templar(DataLoader(), variables={**variables, "firewalls": FIREWALLS, "rules": RULES})
    template = "{{ (firewalls | izzzi.infra.exposure(rules, services)).answered | map(attribute='first') }}"
    assert templar.template(trust_as_template(template)) == [80]
