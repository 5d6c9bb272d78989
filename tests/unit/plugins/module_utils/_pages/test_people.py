# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.izzzi.infra.plugins.module_utils._pages.people import makers, person


def line(to: str, result: str = "ok", **who: str) -> str:
    of_history = {"id": "5a1f0c9e7b21", "when": "2026-11-29T10:05:03Z"}
    return json.dumps({**of_history, "to": to, "result": result, "who": who, "detail": "secret"})


def test_the_last_who_made_a_release_live_counts(tmp_path):
    texts = [line("r1", user="ana", host="laptop"), line("r1", user="bo", host="ci"), line("r2", "failed", user="ana")]
    (tmp_path / "shop.jsonl").write_text("\n".join([*texts, "{", "[]", "null", line("", user="ana")]))
    assert makers("shop", tmp_path) == {"r1": "bo@ci"}


def test_a_name_is_said_before_the_machine():
    assert person({"user": "ana", "host": "laptop", "author": "Ana B."}) == "Ana B. (ana@laptop)"
    assert person({"author": "Ana B."}) == "Ana B."
    assert person({}) == ""


def test_a_long_name_is_cut_and_never_its_bracket_left_open():
    assert person({"user": "u" * 60, "host": "laptop", "author": "Ana Bell"}) == "Ana Bell"
    assert person({"user": "ana", "author": "A" * 80}) == "A" * 57 + "..."


def test_both_files_are_read_and_none_is_needed(tmp_path):
    assert makers("shop", tmp_path) == {}
    (tmp_path / "shop.1.jsonl").write_text(line("r1", user="ana") + "\n" + line("r2", user="ana") + "\n")
    (tmp_path / "shop.jsonl").write_text(line("r2", user="bo") + "\n")
    assert makers("shop", tmp_path) == {"r1": "ana", "r2": "bo"}
