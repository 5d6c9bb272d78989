# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.containers import (
    Container,
    culprit,
    ended,
    parse,
    running,
    stopped,
    superfluous,
    surplus,
    trouble,
    unhealthy,
    waiting,
)


def container(service: str, status="running", health=None, code=0, restarts=0, oneoff="False") -> dict:
    return {
        "Id": service,
        "Name": f"/{service}-1",
        "Image": "sha256:1",
        "RestartCount": restarts,
        "State": {"Status": status, "ExitCode": code, **({"Health": {"Status": health}} if health else {})},
        "Config": {"Labels": {"com.docker.compose.service": service, "com.docker.compose.oneoff": oneoff}},
    }


def test_what_is_up_is_not_waited_for():
    containers = parse(
        json.dumps([container("web"), container("api", health="healthy"), container("x", oneoff="True")])
    )
    assert waiting(containers, {"web": 1, "api": 1}) == {}
    assert waiting(containers, {"web": 2, "db": 1}) == {"web": "1 of 2 up (missing)", "db": "0 of 1 up (missing)"}


def test_an_unhealthy_container_waits_but_runs():
    containers = parse(json.dumps([container("web", health="unhealthy"), container("api", "exited")]))
    assert waiting(containers, {"web": 1}) == {"web": "0 of 1 up (unhealthy)"}
    assert stopped(containers, {"web": 1, "api": 1}) == {"api": "0 of 1 up (exited)"}


def test_what_cannot_come_up_is_named_with_its_reason():
    found = [
        container("web", "exited", code=3),
        container("api", "running", restarts=2, code=1),
        container("again", "running", restarts=1, code=0),
        container("db", health="starting"),
        container("old", health="unhealthy"),
    ]
    containers = parse(json.dumps(found))
    assert trouble(containers) == {
        "web": "its container exited with 3",
        "api": "its container exited with 1 and was restarted 2 times",
        "again": "its container ended and was restarted once",
    }
    assert unhealthy(containers) == {"old"}


def test_more_containers_than_are_declared_are_drift():
    containers = parse(json.dumps([container("db"), container("db", "restarting"), container("web", "exited")]))
    assert running(containers) == {"db"}
    assert surplus(containers, {"db": 1, "web": 1}) == {"db": "2 run, declared is 1"}
    assert surplus(containers, {"db": 2}) == {}


def test_containers_that_ended_since_they_were_looked_at_are_told():
    found = [
        container("fell", "exited", code=1),
        container("loops", "running", restarts=1, code=0),
        container("stands", "running", restarts=4),
        container("other", "exited", code=1),
    ]
    assert ended(parse(json.dumps(found)), {"fell": 0, "loops": 0, "stands": 4}) == {
        "fell": "its container exited with 1",
        "loops": "its container ended and was restarted once",
    }


def test_of_too_many_those_that_were_made_last_go():
    numbers = {2: "running", 10: "restarting", 1: "running", 3: "exited"}
    found = [Container(str(n), f"app-blue-web-{n}", "web", status, "", 0, 0, "x", "") for n, status in numbers.items()]
    assert [c.id for c in superfluous(found, {"web": 1})] == ["2", "10"]
    assert [c.id for c in superfluous(found, {"web": 2, "db": 0})] == ["10"]
    assert superfluous(found, {"web": 3}) == superfluous(found, {"db": 1}) == []


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([container("web", "created"), container("api", health="unhealthy")], ("api", "its health check fails")),
        ([container("web", "created"), container("api", "exited", code=3)], ("api", "its container exited with 3")),
        ([container("api", "created"), container("web", health="starting")], ("web", "0 of 1 up (starting)")),
        ([container("web")], ("api", "0 of 1 up (missing)")),
        ([container("web"), container("api"), container("gone", "exited")], None),
    ],
)
def test_the_service_that_others_wait_for_is_named(found, named):
    assert culprit(parse(json.dumps(found)), {"web": 1, "api": 1}) == named
