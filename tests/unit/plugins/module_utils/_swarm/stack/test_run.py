# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import StackError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.run import Told, told

LIVE = Manifest("r1", "r1", "f")
CRASH = StackError(
    "shop_web: it exited with 3 on node a", "shop_web", "PORT is not set\n", ["shop_web: its health check said: no"]
)

WORDS = {
    "a rollback": (
        CRASH, "r0", LIVE, "",
        """\
Release r0 is not live.
shop_web: it exited with 3 on node a
shop_web: its health check said: no
--- last log lines of shop_web
PORT is not set
Every service is what it was: r1 goes on serving.""",
    ),
    "the live release, which does not run": (
        CRASH, "r1", LIVE, "",
        """\
Release r1 is live, but is not as it is declared.
shop_web: it exited with 3 on node a
shop_web: its health check said: no
--- last log lines of shop_web
PORT is not set
Every service is what it was: playbooks/status.yml says what of it runs.""",
    ),
    "a scale": (
        StackError("shop_web: no node has room for it", "shop_web"), "", LIVE, "shop_web was not scaled to 9",
        """\
shop_web was not scaled to 9.
shop_web: no node has room for it
Every service is what it was: r1 goes on serving.""",
    ),
    "an engine that refuses, and an undo that it refuses, too": (
        StackError("shop_web: it exited with 3 on node a", failures=["shop_api could not be restored: no leader"]),
        "r2", LIVE, "",
        """\
Release r2 is not live.
shop_web: it exited with 3 on node a
Not undone: shop_api could not be restored: no leader
Release r1 was live before: playbooks/status.yml says what of it runs.""",
    ),
    "an engine that is gone": (
        EngineError(0, "The Docker engine does not answer in time."), "r1", None, "",
        """\
Release r1 is not live.
The Docker engine does not answer in time.
No release is live.""",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_every_verb_tells_a_failure_in_the_same_words(case):
    error, release, live, opening, text = WORDS[case]
    with pytest.raises(Told) as caught, told(release, live, opening):
        raise error
    assert str(caught.value) == text
    assert caught.value.reason == str(error)
    assert caught.value.service == getattr(error, "service", "")
