from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.nginx_location_problems import FilterModule


def test_settings_are_judged_as_those_of_sites():
    problems = FilterModule().filters()["nginx_location_problems"]
    well = {"path": "/", "service": "web", "read_timeout": "1h", "directives": ["expires 1h;"]}
    assert problems([well, well], "locations") == []
    assert problems([well, {"read_timeout": "long"}], "locations") == [
        "locations[2].read_timeout: 'long' is not understood. Use for example 60s."
    ]
    assert "edge.directives: 'a' is no whole directive" in problems([{"directives": ["a"]}], "edge")[0]
