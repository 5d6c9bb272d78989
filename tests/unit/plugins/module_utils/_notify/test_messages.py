# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._notify.messages import LENGTH, compose
from ansible_collections.izzzi.infra.plugins.module_utils._secrets.mask import masker


def test_secrets_are_taken_out_of_title_and_body():
    event = {"title": "it said pa55word", "detail": "API_TOKEN=hunter22 and pa55word", "result": "failed"}
    title, body, result = compose([event], "shop", "web-1", masker(["pa55word"]))
    assert (title, result) == ("shop: it said ********", "failed")
    assert body == "API_TOKEN=******** and ********\nweb-1"


def test_a_long_text_is_one_that_discord_takes():
    _title, body, _result = compose([{"title": "x", "detail": "a" * 3000 + "end"}], "shop", "web-1", str)
    assert len(body) <= LENGTH
    assert body.endswith("end\nweb-1")


def test_a_long_burst_says_how_many_more():
    told = [{"title": f"event {number}", "result": "unheard of"} for number in range(40)]
    title, body, result = compose(told, "shop", "web-1", str)
    assert title == "shop: 40 messages"
    assert "- event 14\n- and 25 more\nweb-1" in body
    assert result == "unheard of"
