from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._compose.upstream import (
    Assets,
    http_file,
    maintenance_file,
    maintenance_http_file,
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


def test_a_closed_app_is_open_for_the_allow_list_and_the_release():
    assert "10.0.0.0/8 0;" in maintenance_http_file("shop", ["10.0.0.0/8"])
    text = maintenance_file("shop", "secret", 120, "/page.html")
    assert 'if ($http_x_izzzi_candidate = "secret") { set $izzzi_closed 0; }' in text
    assert "add_header Retry-After 120 always;" in text


def test_a_closed_app_tells_browsers_by_its_page_and_programs_in_json():
    assert '"~text/html" html;' in maintenance_http_file("shop", [])
    text = maintenance_file("shop", "secret", 120, "/page.html")
    assert "error_page 503 @izzzi_maintenance_$shop_closed_as;" in text
    page, _, program = text.partition("location @izzzi_maintenance_json {")
    assert "try_files /page.html =503;" in page
    assert 'return 503 \'{"error": "maintenance", ' in program
    assert text.count("add_header Retry-After 120 always;") == 2
