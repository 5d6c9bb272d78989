from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.plan_text import FilterModule

plan_text = FilterModule().filters()["plan_text"]


def test_the_modules_result_becomes_text():
    assert plan_text({"plan": [], "monthly_cost": {"before": 0, "after": 0}}).startswith("Nothing to do")


@pytest.mark.parametrize("value", [None, "text", {}, {"plan": []}])
def test_anything_else_is_an_error(value):
    with pytest.raises(AnsibleFilterError, match=r"izzzi\.infra\.environment"):
        plan_text(value)
