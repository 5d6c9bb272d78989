# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._compose.upstream import (
    Assets,
    http_file,
    server_file,
)


def test_visitors_go_to_the_live_colour_and_the_token_to_the_candidate():
    text = http_file("my-app", "secret", {"web": [20000]}, {"web": [20100, 20101]})
    assert "upstream my_app_web {\n    server 127.0.0.1:20000;" in text
    assert "upstream my_app_web_candidate {\n    server 127.0.0.1:20100;\n    server 127.0.0.1:20101;" in text
    assert '$my_app_web {\n    default my_app_web;\n    "secret" my_app_web_candidate;\n}' in text
    assert '"secret" my_app_web_candidate_sticky;' in text


def test_without_a_candidate_the_token_only_shows_who_answered():
    text = http_file("shop", "secret", {"web": [20000]})
    assert "candidate" not in text.replace("$http_x_izzzi_candidate", "")
    assert '$shop_seen {\n    default "";\n    "secret" $upstream_addr;' in text


def test_a_service_that_one_side_does_not_have_is_down_and_not_missing():
    text = http_file("shop", "t", {}, {"web": [20100]})
    assert "upstream shop_web {\n    server 127.0.0.1:9 down;" in text


def test_a_sites_password_is_not_asked_of_the_release():
    text = http_file("my-shop", "secret", {"web": [1]})
    assert 'map $http_x_izzzi_candidate $my_shop_realm {\n    default "my-shop";\n    "secret" off;\n}' in text


def test_static_files_of_earlier_releases_come_before_the_service():
    text = server_file("shop", "r2", [Assets("/_next/static", "web", ["/opt/r2/assets", "/opt/r1/assets"])])
    assert 'set $izzzi_release "r2";' in text
    assert "try_files /opt/r2/assets$uri /opt/r1/assets$uri @izzzi_assets_0;" in text
    assert "location @izzzi_assets_0 {\n    proxy_pass http://$shop_web;" in text
