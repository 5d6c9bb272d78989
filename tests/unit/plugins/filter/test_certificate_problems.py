from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.certificate_problems import FilterModule


def test_it_is_the_filter_of_that_name():
    assert "cannot be read" in FilterModule().filters()["certificate_problems"]("nonsense", "key")[0]
