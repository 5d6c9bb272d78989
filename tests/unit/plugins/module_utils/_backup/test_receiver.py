# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import receiver
from ansible_collections.izzzi.infra.plugins.module_utils._backup.containers import Container


def test_it_shares_the_network_of_the_server_and_its_image():
    words = receiver.command("shop", "postgres", Container("c1", "shop-postgres-1", "sha256:1"), Path("/x"), "5432")
    assert {"--network=container:c1", "--entrypoint=pg_receivewal", "--cap-drop=ALL", "sha256:1"} <= set(words)
    assert words.index("sha256:1") < words.index("--slot=izzzi_backup")


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("FATAL:  no pg_hba.conf entry for replication connection", receiver.HBA),
        ("FATAL:  replication slot is active", "slot is active"),
        ("", "says nothing"),
    ],
)
def test_why_it_has_ended(log, told):
    assert told in receiver.explain(log)
