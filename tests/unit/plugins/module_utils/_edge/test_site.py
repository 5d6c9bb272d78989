# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of sites and locations, and headers; on a host, since test_files.py holds a Swarm to the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.places import Host
from ansible_collections.izzzi.infra.plugins.module_utils._edge.site import site_lines
from ansible_collections.izzzi.infra.plugins.module_utils._edge.text import text

SHARED = {"client_max_body_size": "10m", "connections_per_address": 5, "security_headers": {"X-Frame-Options": "DENY"}}
SETTINGS = {
    "client_max_body_size": "client_max_body_size",
    "read_timeout": "proxy_read_timeout",
    "send_timeout": "proxy_send_timeout",
    "connect_timeout": "proxy_connect_timeout",
    "client_body_timeout": "client_body_timeout",
    "response_header_size": "proxy_buffer_size",
}
GIVEN = dict.fromkeys(SETTINGS, "7") | {"client_max_body_size": "7m", "response_header_size": "64k"}


def location(**given: Any) -> dict[str, Any]:
    return {"path": "/", "upstream": "127.0.0.1:3000", **given}


def site(**given: Any) -> str:
    declared = {"locations": [location()], **given}
    return text(site_lines("shop", declared, Host(SHARED, {"shop": declared})))


def block(written: str, head: str) -> str:
    return re.search(rf"location {re.escape(head)} {{(.*?)\n\s*}}", written, re.DOTALL)[1]


@pytest.mark.parametrize(("setting", "directive"), SETTINGS.items())
def test_a_location_has_its_settings(setting, directive):
    written = site(locations=[location(**{setting: GIVEN[setting]})])
    assert f"{directive} {GIVEN[setting]};" in block(written, "/")


@pytest.mark.parametrize(("setting", "directive"), SETTINGS.items())
def test_a_site_has_settings_for_its_locations_and_a_location_the_last_word(setting, directive):
    assert f"{directive} {GIVEN[setting]};" in site(**{setting: GIVEN[setting]})
    own = location(**{setting: "9m" if setting.endswith("size") else "9"})
    written = site(**{setting: GIVEN[setting]}, locations=[own])
    assert f"{directive} {own[setting]};" in block(written, "/")


def test_buffers_fit_together():
    written = site(response_header_size="64k")
    assert written.count("proxy_buffers 8 64k;") == written.count("proxy_buffer_size 64k;") == 1


@pytest.mark.parametrize(
    ("given", "buffered"),
    [
        ({}, True),
        ({"websocket": True}, False),
        ({"buffering": False}, False),
        ({"websocket": True, "buffering": True}, True),
    ],
)
def test_answers_are_collected_but_for_websockets_and_events(given, buffered):
    assert ("proxy_buffering off;" not in block(site(locations=[location(**given)]), "/")) is buffered


def test_directives_stand_in_their_place():
    own = "location = /own {\n    return 418;\n}"
    written = site(directives=[own], locations=[location(directives=["expires 1h;"])])
    assert "expires 1h;" in block(written, "/")
    assert written.rstrip().endswith("    location = /own {\n        return 418;\n    }\n}")


def test_a_password_is_asked_of_all_but_open_locations():
    locations = [location(), location(path="/hooks/", basic_auth=[]), location(path="/ops/", basic_auth=["ops"])]
    written = site(basic_auth=["team"], locations=locations)
    assert "auth_basic shop;\n    auth_basic_user_file /etc/nginx/izzzi-users/shop;" in written
    assert "auth_basic off;" in block(written, "/hooks/")
    assert "auth_basic_user_file /etc/nginx/izzzi-users/shop-3;" in block(written, "/ops/")
    assert "auth_basic" not in block(written, "/")
    assert "auth_basic_user_file" not in site()


def test_the_page_of_an_app_that_does_not_answer_asks_for_no_password():
    assert "auth_basic off;" in block(site(basic_auth=["team"]), "^~ /izzzi-pages/")


@pytest.mark.parametrize(("given", "count"), [({}, 0), ({"tls": {"source": "acme"}}, 1), ({"tls": {}, "hsts": "x"}, 0)])
def test_only_a_site_with_tls_says_so_for_years(given, count):
    """Twice each: for answers, and for the pages of errors."""
    assert site(**given).count("Strict-Transport-Security") == 2 * count
    assert "Strict-Transport-Security" not in site(tls={"source": "acme"}, hsts="")


def test_headers_of_a_site_come_over_those_of_all():
    written = site(headers={"X-Frame-Options": None, "X-Own": "a b"})
    assert 'add_header X-Own "a b" always;' in written
    assert "X-Frame-Options" not in written
    assert 'add_header X-Frame-Options "DENY" always;' in site()


def test_one_upstream_serves_all_locations_that_name_it():
    written = site(locations=[location(), location(path="/api"), location(path="/x/", upstream="127.0.0.1:4000")])
    assert re.findall(r"server (\S+:\d+);", written) == ["127.0.0.1:3000", "127.0.0.1:4000"]
    assert "proxy_pass http://shop_1;" in block(written, "/api/")
    assert "proxy_pass http://shop_2;" in block(written, "/x/")
