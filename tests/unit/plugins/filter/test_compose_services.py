# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.compose_services import compose_services

TEXT = "x-all: &all {restart: always, user: '1000'}\nservices:\n  api: {<<: *all, image: 'x:1'}\n"


def test_anchors_are_resolved():
    result = compose_services(TEXT, "compose.yml", {"api": {"port": 1}})
    assert result == {
        "services": {"api": {"user": "1000", "image": "x:1", "port": 1}},
        "data_services": {},
        "volumes": {},
    }


DECLARED = ({"api": {"port": 1}}, {"db": {"image": "x:1"}}, {"files": {}})


@pytest.mark.parametrize(
    ("file", "more", "expected"),
    [
        ("", {}, DECLARED),
        ("", {"if_unread": "declared"}, DECLARED),
        ("compose.yml", {}, ({}, {}, {})),
        ("compose.yml", {"if_unread": "declared"}, DECLARED),
    ],
)
def test_an_app_whose_file_nobody_has_read(file, more, expected):
    result = compose_services(None, file, *DECLARED, **more)
    assert result == dict(zip(("services", "data_services", "volumes"), expected, strict=True))


@pytest.mark.parametrize(("text", "message"), [("a: [", "compose.yml is not YAML"), ("a: 1", "it has no `services`")])
def test_a_bad_file_is_named(text, message):
    with pytest.raises(AnsibleFilterError, match=message):
        compose_services(text, "compose.yml", {})
