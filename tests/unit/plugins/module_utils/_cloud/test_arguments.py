# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.arguments import connect
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems

GIVEN = {"api_url": "https://api.test/v2", "api_token": " dop_v1_secret\n", "ca_path": None}


def test_a_client_for_the_arguments():
    assert connect(GIVEN, timeout=1).url == "https://api.test"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"api_token": ""}, "api_token: it is empty"),
        ({"api_token": "two words"}, "characters that no token has"),
        ({"api_url": "http://api.test"}, "would carry the API token unencrypted"),
        ({"ca_path": "/nowhere"}, "ca_path: /nowhere cannot be used: "),
        ({"ca_path": __file__}, f"ca_path: {__file__} cannot be used: "),
    ],
)
def test_what_can_be_no_client_is_told(given, words):
    with pytest.raises(Problems) as refused:
        connect({**GIVEN, **given})
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)
