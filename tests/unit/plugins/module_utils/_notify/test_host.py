# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._notify import host, settings

GIVEN = {"urls": ["slack://A/B/C"], "off": [], "place": "shop", "disk": 85, "certificate_days": 14, "names": []}


def test_the_addresses_stand_in_a_file_of_their_own_and_the_program_reads_both(tmp_path):
    written = {file["path"]: file["content"] for file in [*host.files(GIVEN), *host.secrets(GIVEN)]}
    for path, content in written.items():
        if path.startswith("/etc/izzzi/notify/"):
            (tmp_path / path.rpartition("/")[2]).write_text(content)
    assert settings.read(tmp_path) == settings.Settings("shop", [], 85, 14, [], ["slack://A/B/C"])
    assert "slack://A" not in json.dumps(host.files(GIVEN))
    assert "/usr/local/lib/izzzi/infra/_notify/readings.py" in written
    assert "/usr/local/lib/izzzi/infra/_app/events.py" in written


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"urls": ["pa55word"]}, "notify_urls[0] is not an address"),
        ({"urls": [{"a": "pa55word"}]}, "notify_urls[0] is not an address"),
        ({"urls": ["a://pa55word", "a://pa55word"]}, "notify_urls has the same address twice."),
        ({"off": ["gossip"]}, "notify_off: gossip is not a kind of message. There are: release_live, "),
        ({"disk": 100}, "notify_disk is 100; it is per cent, from 1 to 99."),
        ({"certificate_days": 0}, "notify_certificate_days is 0; at least 1."),
    ],
)
def test_what_is_not_valid_is_told_without_an_address(given, told):
    [problem] = host.problems({**GIVEN, **given})
    assert problem.startswith(told)
    assert "pa55word" not in problem


def test_nothing_is_wrong_with_the_defaults():
    assert host.problems(GIVEN) == []


def test_damaged_settings_are_one_sentence(tmp_path):
    with pytest.raises(
        settings.NotifyError, match=r"cannot be read \(FileNotFoundError\). Run playbooks/configure.yml."
    ):
        settings.read(tmp_path)


def test_what_no_message_holds_is_what_apps_and_backups_hide(tmp_path):
    (tmp_path / "apps/shop.hidden").mkdir(parents=True)
    (tmp_path / "apps/shop.hidden/1").write_text('["pa55word"]')
    (tmp_path / "apps/shop.hidden/2").write_text("{damaged")
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup/shop.env").write_text("RESTIC_PASSWORD=hunter22\nAWS_DEFAULT_REGION=fra1\n")
    assert settings.hidden(tmp_path) == ["hunter22", "pa55word"]
