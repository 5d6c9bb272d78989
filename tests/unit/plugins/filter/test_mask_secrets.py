# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.filter.mask_secrets import FilterModule

mask_secrets = FilterModule().filters()["mask_secrets"]


def test_names_are_enough():
    assert mask_secrets({"password": "abc", "log": "token=abc"}) == {"password": "********", "log": "token=********"}


@pytest.mark.parametrize(
    "secrets", [["hunter22"], "hunter22", {"a": {"b": ["hunter22", None, True]}}, ("x", {"c": "hunter22"})]
)
def test_secrets_may_be_a_text_or_any_structure(secrets):
    assert mask_secrets("it is hunter22", secrets) == "it is ********"


def test_numbers_are_secrets_too():
    assert mask_secrets("pin 123456", [123456]) == "pin ********"


def test_what_is_no_text_is_refused():
    with pytest.raises(AnsibleFilterError, match="secrets has a bytes"):
        mask_secrets("x", [b"hunter22"])


def test_it_works_on_lazy_values_in_a_template():
    variables = {"log": [trust_as_template("{{ vault }} {{ 1 }}")], "vault": "hunter22"}
    templar = Templar(DataLoader(), variables=variables)
    assert templar.template(trust_as_template("{{ log | izzzi.infra.mask_secrets([vault]) }}")) == ["******** 1"]
