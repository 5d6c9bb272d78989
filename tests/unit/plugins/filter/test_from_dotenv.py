# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.filter.from_dotenv import FilterModule

from_dotenv = FilterModule().filters()["from_dotenv"]


def test_text_becomes_variables():
    assert from_dotenv("# c\nexport A=1 # one\nB='x y'\n") == {"A": "1", "B": "x y"}


@pytest.mark.parametrize(
    ("text", "message"), [("A\n", "from_dotenv: line 1 is not NAME=value"), ({"A": 1}, "needs text, not dict")]
)
def test_an_error_says_where(text, message):
    with pytest.raises(AnsibleFilterError, match=message):
        from_dotenv(text)


def test_it_undoes_to_dotenv_in_a_template():
    templar = Templar(DataLoader(), variables={"environment": {"A": "$x \"y\"\n'z'"}})
    template = "{{ environment | izzzi.infra.to_dotenv | izzzi.infra.from_dotenv }}"
    assert templar.template(trust_as_template(template)) == {"A": "$x \"y\"\n'z'"}
