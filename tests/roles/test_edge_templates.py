"""The settings of sites and locations in nginx's configuration, on one server and in a Swarm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).resolve().parents[2] / "roles"
SETTINGS = {
    "client_max_body_size": "client_max_body_size",
    "read_timeout": "proxy_read_timeout",
    "send_timeout": "proxy_send_timeout",
    "connect_timeout": "proxy_connect_timeout",
    "client_body_timeout": "client_body_timeout",
    "response_header_size": "proxy_buffer_size",
}
GIVEN = dict.fromkeys(SETTINGS, "7") | {"client_max_body_size": "7m", "response_header_size": "64k"}


def trusted(value: Any) -> Any:
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else value


def render(role: str, template: str, **given: Any) -> str:
    read = [yaml.safe_load((ROLES / role / part / "main.yml").read_text()) for part in ("defaults", "vars")]
    variables = trusted({**read[0], **read[1], "ansible_managed": "managed", **given})
    text = (ROLES / role / "templates/etc/nginx" / template).read_text()
    templar = Templar(loader=DataLoader(), variables=variables)
    return templar.template(trust_as_template(text))


def site(**given: Any) -> str:
    declared = {"locations": [{"path": "/", "upstream": "127.0.0.1:3000"}], **given}
    return render(
        "nginx", "sites-available/site.j2", item={"key": "shop", "value": declared}, nginx_sites={"shop": declared}
    )


def swarm(*locations: dict, **given: Any) -> str:
    app = {"services": {"web": {"port": 3000}}, "data_services": {}}
    known = {"swarm_stack_project": "shop", "__swarm_stack_app": app, "__swarm_stack_tls": False}
    return render("swarm_stack", "nginx.conf.j2", swarm_stack_edge_locations=list(locations), **known, **given)


def block(text: str, location: str) -> str:
    return re.search(rf"location {re.escape(location)} {{(.*?)\n\s*}}", text, re.DOTALL)[1]


@pytest.mark.parametrize(("setting", "directive"), SETTINGS.items())
def test_a_location_has_its_settings(setting, directive):
    locations = [{"path": "/", "upstream": "127.0.0.1:3000", setting: GIVEN[setting]}]
    assert f"{directive} {GIVEN[setting]};" in block(site(locations=locations), "/")
    assert f"{directive} {GIVEN[setting]};" in block(
        swarm({"path": "/", "service": "web", setting: GIVEN[setting]}), "/"
    )


@pytest.mark.parametrize(("setting", "directive"), SETTINGS.items())
def test_a_site_has_settings_for_its_locations_and_a_location_the_last_word(setting, directive):
    assert f"{directive} {GIVEN[setting]};" in site(**{setting: GIVEN[setting]})
    own = {"path": "/", "upstream": "127.0.0.1:3000", setting: "9m" if setting.endswith("size") else "9"}
    assert f"{directive} {own[setting]};" in block(site(**{setting: GIVEN[setting]}, locations=[own]), "/")


def test_buffers_fit_together():
    for text in (
        site(response_header_size="64k"),
        swarm({"path": "/", "service": "web", "response_header_size": "64k"}),
    ):
        assert text.count("proxy_buffers 8 64k;") == text.count("proxy_buffer_size 64k;") == 1


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
    for text in (
        site(locations=[{"path": "/", "upstream": "127.0.0.1:3000", **given}]),
        swarm({"path": "/", "service": "web", **given}),
    ):
        assert ("proxy_buffering off;" not in block(text, "/")) is buffered


def test_directives_stand_in_their_place():
    own = "location = /own {\n    return 418;\n}"
    text = site(
        directives=[own], locations=[{"path": "/", "upstream": "127.0.0.1:3000", "directives": ["expires 1h;"]}]
    )
    assert "expires 1h;" in block(text, "/")
    assert text.rstrip().endswith("    location = /own {\n        return 418;\n    }\n}")
    text = swarm({"path": "/", "service": "web", "directives": ["expires 1h;"]}, swarm_stack_edge_directives=[own])
    assert "expires 1h;" in block(text, "/")
    assert "        location = /own {\n            return 418;\n        }\n    }\n}" in text


def test_a_password_is_asked_of_all_but_open_locations():
    locations = [
        {"path": "/", "upstream": "127.0.0.1:3000"},
        {"path": "/hooks/", "upstream": "127.0.0.1:3000", "basic_auth": []},
        {"path": "/ops/", "upstream": "127.0.0.1:3000", "basic_auth": ["ops"]},
    ]
    text = site(basic_auth=["team"], locations=locations)
    assert "auth_basic shop;\n    auth_basic_user_file /etc/nginx/izzzi-users/shop;" in text
    assert "auth_basic off;" in block(text, "/hooks/")
    assert "auth_basic off;" in block(text, "^~ /izzzi-pages/")
    assert "auth_basic_user_file /etc/nginx/izzzi-users/shop-3;" in block(text, "/ops/")
    assert "auth_basic" not in block(text, "/")
    assert "auth_basic" not in site()


def test_a_release_enters_a_closed_site_by_its_header():
    text = site(basic_auth=["team"], app="my-shop", locations=[{"path": "/", "service": "web"}])
    assert "auth_basic $my_shop_realm;" in text
