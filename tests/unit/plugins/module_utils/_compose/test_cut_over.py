# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.cut_over import unproven

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1)


@pytest.mark.parametrize(("kind", "waits"), [("deploy", {"api": 2, "worker": 1}), ("rollback", {"worker": 1})])
def test_docker_need_not_confirm_what_a_kept_release_proves_itself(transaction, kind, waits):
    api = {"image": "x:1", "port": 80, "replicas": 2, "checks": [{"path": "/"}]}
    t = transaction(LIVE, app={"services": {"api": api, "worker": {"image": "x:1"}}})
    begin(t, "r0", kind)
    assert unproven(t) == waits
