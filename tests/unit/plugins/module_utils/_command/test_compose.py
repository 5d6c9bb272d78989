# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.logs import asked
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._command.compose import Runner
from ansible_collections.izzzi.infra.plugins.module_utils._command.settings import App, CommandFailed

from tests.unit.plugins.module_utils._compose.conftest import engine, transaction  # noqa: F401 they are fixtures
from tests.unit.plugins.module_utils._compose.engine import new

LIVE = Manifest("r0", "r0", "f", GOOD, services={"api": {"image": "x:1"}}, colour="green", live_at=1)


@pytest.fixture
def runner(transaction, engine, tmp_path):  # noqa: F811 the fixtures above
    transaction(LIVE)
    engine.has(new("shop-green", "api", "shop/api:r0"), new("shop-blue", "api", "shop/api:r9", status="exited"))
    params = {"project": "shop", "directory": str(tmp_path / "shop")}
    return Runner(App("shop", "compose", params), "ann@host")


def test_the_live_colour_is_the_one_that_is_asked(runner):
    assert runner.container("api") == "shop-green-api"
    (source,) = runner.sources(asked({}, 0), "--follow")
    assert (source.name, source.command[-2:]) == ("api-1", ("--follow", "shop-green-api"))
    with pytest.raises(CommandFailed, match=r"db does not run on this host\. There run: api\."):
        runner.container("db")


def test_ps_has_a_line_for_each_container(runner):
    assert [line.split() for line in runner.ps()] == [["green", "api", "running"]]
    assert runner.act("info")["listed"][0].startswith("r0 ")
