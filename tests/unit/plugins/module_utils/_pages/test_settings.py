# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._pages.settings import Settings, SettingsError, read


def test_the_role_writes_what_the_writer_reads(tmp_path):
    given = {"app": "shop", "runner": "swarm", "certificates": [{"name": "shop.example"}], "mail_port": 8025, "x": 1}
    (tmp_path / "settings.json").write_text(json.dumps(given))
    assert read(tmp_path) == Settings("shop", "swarm", certificates=(("shop.example", 443),), mail_port=8025)


def test_several_apps_of_a_server_follow_the_first(tmp_path):
    apps = [{"app": app, "directory": f"/opt/{app}", "edge_directory": f"/etc/{app}"} for app in ("blog", "shop")]
    (tmp_path / "settings.json").write_text(json.dumps({"app": "corner", "mail_port": 8025, "apps": apps}))
    blog, shop = (Settings(app, "compose", f"/opt/{app}", f"/etc/{app}", mail_port=8025) for app in ("blog", "shop"))
    found = read(tmp_path)
    assert found.others == (shop,)
    assert replace(found, others=()) == blog


@pytest.mark.parametrize("text", [None, "", "[]", "{}"])
def test_damaged_settings_say_what_to_do(tmp_path, text):
    if text is not None:
        (tmp_path / "settings.json").write_text(text)
    with pytest.raises(SettingsError, match=r"cannot be read\. Run playbooks/deploy\.yml\."):
        read(tmp_path)
