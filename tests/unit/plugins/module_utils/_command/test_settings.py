# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._command import host
from ansible_collections.izzzi.infra.plugins.module_utils._command.settings import (
    App,
    CommandFailed,
    choose,
    remembered,
)


@pytest.fixture
def noted(tmp_path):
    """Settings as the roles write them, of apps by name."""

    def note(*names: str) -> None:
        for name in names:
            given = {"app": name, "runner": "compose", "params": {"project": name}, "hidden": ["hunter22", "", None]}
            written = host.written(given)
            (settings,) = [file for file in written["files"] if file["path"].endswith(f"{name}.json")]
            (tmp_path / f"{name}.json").write_text(settings["content"])
            (tmp_path / f"{name}.hidden").mkdir()
            (tmp_path / f"{name}.hidden" / "a").write_text(written["secrets"][0]["content"])

    return note


def test_the_only_app_is_the_one_that_is_meant(noted, tmp_path):
    noted("shop")
    assert choose("", tmp_path) == App("shop", "compose", {"project": "shop", "services": {}}, hidden=("hunter22",))
    assert choose("shop", tmp_path).app == "shop"


def test_of_several_one_is_chosen(noted, tmp_path):
    noted("shop", "blog")
    with pytest.raises(CommandFailed, match=r"several apps on this host: blog, shop\. .*izzzi -a blog"):
        choose("", tmp_path)
    with pytest.raises(CommandFailed, match=r"no app wiki on this host\. There are: blog, shop\."):
        choose("wiki", tmp_path)
    assert choose("blog", tmp_path).params["project"] == "blog"


def test_a_host_without_an_app_says_so(tmp_path):
    with pytest.raises(CommandFailed, match="There is no app on this host"):
        choose("", tmp_path)


@pytest.mark.parametrize("text", ["{", json.dumps({"app": "shop"}), "[]"])
def test_damaged_settings_say_what_to_do(noted, tmp_path, text):
    noted("shop")
    (tmp_path / "shop.json").write_text(text)
    with pytest.raises(CommandFailed, match=r"shop\.json cannot be read: .*Run playbooks/deploy\.yml"):
        choose("", tmp_path)


def test_secrets_of_earlier_releases_are_hidden_too(noted, tmp_path):
    noted("shop")
    (tmp_path / "shop.hidden" / "b").write_text('["former8", 7]')
    assert choose("", tmp_path).hidden == ("7", "former8", "hunter22")
    assert remembered("shop", tmp_path) == ["7", "former8", "hunter22"]
    (tmp_path / "shop.hidden" / "c").write_text("[")
    assert remembered("shop", tmp_path) == []
    assert remembered("blog", tmp_path) == []
