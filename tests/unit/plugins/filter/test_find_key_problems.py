from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.find_key_problems import FilterModule


def test_it_numbers_the_unfit_keys():
    (problem,) = FilterModule().filters()["find_key_problems"](["nothing of the kind"])
    assert problem.startswith("key 1 ('nothing of the kind'): it is not of the form")
