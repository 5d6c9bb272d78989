from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.nginx_problems import FilterModule


def test_it_is_the_filter_of_that_name():
    assert "declare at least one site" in FilterModule().filters()["nginx_problems"]({})[0]
