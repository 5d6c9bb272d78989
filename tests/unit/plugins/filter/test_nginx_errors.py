from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.nginx_errors import FilterModule


def test_it_is_the_filter_of_that_name():
    nginx_errors = FilterModule().filters()["nginx_errors"]
    assert "map $status $izzzi_error {" in nginx_errors("http")
    assert "location = /izzzi-pages/error.json {" in nginx_errors("server")
    assert "location" not in nginx_errors("location")
