# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import maintenance
from ansible_collections.izzzi.infra.plugins.module_utils._app.edge_files import EdgeFiles


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


ASKED = {"project": "shop", "retry_after": 60, "page": "<p>", "purpose": "", "state": "present", "allow": []}


def test_networks_are_networks():
    closed = maintenance.files(ASKED, ["10.0.0.7", "10.0.0.7"], "/edge")
    assert closed[maintenance.HTTP].count("10.0.0.7/32 0;") == 1
    assert "try_files /edge/maintenance.html" in closed[maintenance.SERVER]
    assert closed.keys() == maintenance.OPEN.keys()
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/33"):
        maintenance.files(ASKED, ["10.0.0.0/33"], "/edge")


class Files(EdgeFiles):
    """Files that nobody tests."""

    def check(self):
        pass

    reload = check


def told(place, **asked) -> tuple[bool, bool, str]:
    found = maintenance.switch(Files(place), ASKED | asked, check_mode=False, directory="/edge")
    return found["changed"], found["was_closed"], found["was_closed_for"]


def test_a_verb_opens_what_one_like_it_has_closed(tmp_path):
    assert told(tmp_path, purpose="restore") == (True, False, "")
    assert told(tmp_path, purpose="restore") == (False, True, "restore"), "another one was killed"
    assert told(tmp_path, purpose="restore", state="absent") == (True, True, "restore")
    assert told(tmp_path, purpose="restore", state="absent") == (False, False, "")


def test_a_verb_leaves_what_a_person_or_another_verb_has_closed(tmp_path):
    told(tmp_path, allow=["203.0.113.7"])
    assert told(tmp_path, purpose="restore") == (False, True, "")
    assert told(tmp_path, purpose="restore", state="absent") == (False, True, "")
    assert "203.0.113.7/32 0;" in (tmp_path / maintenance.HTTP).read_text()
    told(tmp_path, state="absent")
    told(tmp_path, purpose="upgrade")
    assert told(tmp_path, purpose="restore", state="absent") == (False, True, "upgrade")
    assert told(tmp_path, state="absent") == (True, True, "upgrade"), "a person opens whatever is closed"


def test_the_host_itself_is_let_in(tmp_path):
    told(tmp_path)
    assert "127.0.0.1/32 0;" in (tmp_path / maintenance.HTTP).read_text()
    assert (tmp_path / maintenance.PAGE).stat().st_mode & 0o777 == 0o644
