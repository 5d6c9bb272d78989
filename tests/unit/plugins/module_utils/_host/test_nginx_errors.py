from __future__ import annotations

import re

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.nginx_errors import (
    http_part,
    location_part,
    server_part,
)

STATUSES = {status for line in re.findall(r"error_page ([0-9 ]+)", location_part()) for status in line.split()}


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
    assert re.search(rf"map \$status \$izzzi_error {{[^}}]*\b{status} {name};", http_part())


def test_every_error_leads_to_the_page_and_nginx_own_statuses_become_public_ones():
    assert {"400", "413", "414", "429", "503"} <= STATUSES
    assert "error_page 494 =431 /izzzi-pages/error.$izzzi_page;" in location_part()
    assert "error_page 495 496 497 =400 /izzzi-pages/error.$izzzi_page;" in location_part()
    assert location_part() in server_part()


def test_an_app_that_does_not_answer_has_a_page_of_its_own():
    assert STATUSES.isdisjoint({"502", "504"})


def test_whoever_may_try_again_is_told_when():
    assert re.search(r"map \$status \$izzzi_error_retry_after {\s+default \"\";\s+429 1;\s+503 10;\s+}", http_part())
    assert "add_header Retry-After $izzzi_retry_after always;" in server_part()


def test_no_text_ends_a_directive_early():
    for line in http_part().splitlines():
        assert line.count('"') % 2 == 0, line
        assert "'" not in line, line
