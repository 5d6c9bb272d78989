from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import maintenance


def test_a_closed_app_is_open_for_the_allow_list_and_the_release():
    assert "10.0.0.0/8 0;" in maintenance.http_file("shop", ["10.0.0.0/8"])
    text = maintenance.server_file("shop", "secret", 120, "/page.html")
    assert 'if ($http_x_izzzi_candidate = "secret") { set $izzzi_closed 0; }' in text
    assert "add_header Retry-After 120 always;" in text


def test_a_closed_app_tells_browsers_by_its_page_and_programs_in_json():
    assert '"~text/html" html;' in maintenance.http_file("shop", [])
    text = maintenance.server_file("shop", "secret", 120, "/page.html")
    assert "error_page 503 @izzzi_maintenance_$shop_closed_as;" in text
    page, _, program = text.partition("location @izzzi_maintenance_json {")
    assert "try_files /page.html =503;" in page
    assert 'return 503 \'{"error": "maintenance", ' in program
    assert text.count("add_header Retry-After 120 always;") == 2


def test_without_a_token_nobody_else_is_let_in():
    assert "$http_" not in maintenance.server_file("shop", "", 120, "/page.html")


def test_networks_are_networks():
    closed = maintenance.files("shop", ["10.0.0.7"], 60, "<p>", "/edge")
    assert "10.0.0.7/32 0;" in closed[maintenance.HTTP]
    assert "try_files /edge/maintenance.html" in closed[maintenance.SERVER]
    assert closed.keys() == maintenance.OPEN.keys()
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/33"):
        maintenance.files("shop", ["10.0.0.0/33"], 60, "<p>", "/edge")
