# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.filter.to_dotenv import FilterModule

to_dotenv = FilterModule().filters()["to_dotenv"]


def test_variables_become_text():
    assert to_dotenv({"B": "a b", "A": 1}) == 'B="a b"\nA=1\n'
    assert to_dotenv({"B": "a b", "A": 1}, sort=True) == 'A=1\nB="a b"\n'


def test_an_error_names_the_key():
    with pytest.raises(AnsibleFilterError, match="to_dotenv: A is a list"):
        to_dotenv({"A": [1]})


def test_it_takes_templated_values_by_its_full_name():
    variables = {
        "environment": {"PORT": trust_as_template("{{ port + 1 }}"), "URL": trust_as_template("http://{{ host }}/")},
        "port": 3999,
        "host": "é.example.com",
    }
    templar = Templar(DataLoader(), variables=variables)
    text = templar.template(trust_as_template("{{ environment | izzzi.infra.to_dotenv }}"))
    assert text == 'PORT=4000\nURL="http://é.example.com/"\n'
