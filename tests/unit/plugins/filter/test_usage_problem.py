# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

USAGE = "scale.yml -e service=NAME -e replicas=NUMBER"


def test_it_compares_templated_values_with_the_usage():
    templar = Templar(DataLoader(), variables={"usage": USAGE, "values": {"service": "web", "replicas": "many"}})
    told = templar.template(trust_as_template("{{ values | izzzi.infra.usage_problem(usage) }}"))
    usage = f"Usage: ansible-playbook playbooks/{USAGE}"
    assert told == f"scale.yml: replicas is 'many', and must be a whole number. {usage}"
