# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.errors import (
    PAGES,
    UNAVAILABLE,
    http_part,
    location_part,
    server_part,
)
from ansible_collections.izzzi.infra.plugins.module_utils._edge.text import text

HTTP, SERVER, LOCATION = (text(part()) for part in (http_part, server_part, location_part))
STATUSES = {status for line in re.findall(r"error_page ([0-9 ]+)", LOCATION) for status in line.split()}


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "bad_request"),
        (413, "content_too_large"),
        (414, "uri_too_long"),
        (429, "too_many_requests"),
        (431, "header_fields_too_large"),
        (503, "unavailable"),
    ],
)
def test_an_error_of_nginx_has_a_name_for_programs(status, name):
    assert re.search(rf"map \$status \$izzzi_error {{[^}}]*\b{status} {name};", HTTP)


def test_every_error_leads_to_the_page_and_nginx_own_statuses_become_public_ones():
    assert {"400", "413", "414", "429", "503"} <= STATUSES
    assert "error_page 494 =431 /izzzi-pages/error.$izzzi_page;" in LOCATION
    assert "error_page 495 496 497 =400 /izzzi-pages/error.$izzzi_page;" in LOCATION
    assert LOCATION in SERVER


def test_an_app_that_does_not_answer_has_a_page_of_its_own():
    assert STATUSES.isdisjoint({"502", "504"})


def test_whoever_may_try_again_is_told_when():
    assert re.search(r"map \$status \$izzzi_error_retry_after {\s+default \"\";\s+429 1;\s+503 10;\s+}", HTTP)
    assert "add_header Retry-After $izzzi_retry_after always;" in SERVER


def test_no_text_ends_a_directive_early():
    for line in HTTP.splitlines():
        assert line.count('"') % 2 == 0, line
        assert "'" not in line, line


def test_what_says_that_the_app_does_not_answer_is_there_for_programs_and_people():
    said = {path.rpartition(".")[2]: words for path, words in PAGES.items()}
    assert json.loads(said["json"]) == {"error": "unavailable", "message": UNAVAILABLE}
    assert f"<p>{UNAVAILABLE}</p>" in said["html"]
