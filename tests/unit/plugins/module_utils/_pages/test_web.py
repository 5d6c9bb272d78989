# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._pages.web import Web, configuration

BARE = Web("/web", "/state", "/users", sources=("203.0.113.7/32",))


def servers(text: str) -> list[str]:
    return text.split("    server {\n")[1:]


def test_every_door_asks_for_an_address_and_a_login():
    web = Web("/web", "/state", "/users", mail="127.0.0.1:1080", sources=("203.0.113.7/32",))
    text = configuration(web, "# managed")
    assert text.startswith("# managed\n")
    system, mail = servers(text)
    for door in (system, mail):
        assert "allow 203.0.113.7/32;" in door
        assert door.index("allow 203.0.113.7/32;") < door.index("deny all;")
        assert "auth_basic_user_file /users;" in door
        assert "satisfy any" not in door
    assert "listen 8080;" in system
    assert "listen 8025;" in mail
    assert 'proxy_set_header Authorization "";' in mail, "the login stays at the door"


def test_without_a_mail_catcher_its_door_is_not_there():
    assert len(servers(configuration(BARE, ""))) == 1


def test_with_a_certificate_it_is_tls_and_who_asks_without_is_sent_there():
    text = configuration(Web("/web", "/state", "/users", certificate="/c.pem", addresses=("", "[::]:")), "")
    assert "listen 8080 ssl;" in text
    assert "listen [::]:8080 ssl;" in text
    assert "error_page 497 =301 https://$host:$server_port$request_uri;" in text
    assert "ssl" not in configuration(BARE, "").replace("ssl_protocols", "")


def test_in_a_swarm_nodes_ask_each_other_and_the_app_is_told_to_whoever_has_the_login():
    system, inner = servers(configuration(Web("/web", "/state", "/users", inner=True), ""))
    assert "try_files /state.json @managers;" in system
    assert "listen 8079;" in inner
    assert "auth_basic_user_file /users;" in inner.split("location = /state.json")[1]
    assert "auth_basic" not in inner.split("location = /state.json")[0]
