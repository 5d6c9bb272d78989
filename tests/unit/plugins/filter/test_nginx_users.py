from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.nginx_users import FilterModule


def test_it_is_the_filter_of_that_name():
    assert FilterModule().filters()["nginx_users"]({"ops": "hunter22"}, ["ops"], "host", "shop").startswith("ops:$6$")
