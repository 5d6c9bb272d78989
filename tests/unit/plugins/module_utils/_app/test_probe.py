# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import Answer, Expectation
from ansible_collections.izzzi.infra.plugins.module_utils._app.probe import (
    EdgeAddress,
    Probe,
    Watch,
    edge_probes,
    own_probes,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import ReleaseError

SERVICES = {
    "api": {"checks": [{"path": "/health", "json": {"status": "ok"}, "release": "id"}, {"path": "/in", "edge": False}]},
    "worker": {},
}
PORTS = {"api": [20000, 20001]}


@dataclass
class Script:
    """Answers in their order, the last one for ever."""

    statuses: list[int]
    url: str = "http://x/"
    headers: dict = field(default_factory=dict)

    def send(self, timeout: float) -> Answer:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Answer(status, headers=self.headers)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    clock = Clock()
    return Watch(clock, clock.sleep)


def probe(*statuses: int, **more) -> Probe:
    return Probe("api", Script(list(statuses)), Expectation(), **more)


def lives() -> None:
    pass


def test_every_replica_is_asked_at_its_own_port():
    urls = [p.request.url for p in own_probes(SERVICES, PORTS, "r1")]
    assert urls == [f"http://127.0.0.1:{port}{path}" for port in (20000, 20001) for path in ("/health", "/in")]


def test_the_edge_is_asked_for_public_checks_by_the_sites_name():
    (found,) = edge_probes(SERVICES, PORTS, "r1", EdgeAddress("https://127.0.0.1", "shop.example", "token"))
    assert found.request.url == "https://shop.example/health"
    assert found.request.connect_to == ("127.0.0.1", 443)
    assert found.request.headers == {"X-Izzzi-Candidate": "token"}
    assert found.expectation.json == {"status": "ok", "id": "r1"}


def test_somebody_elses_answer_at_the_edge_does_not_count():
    old = Probe("api", Script([200], headers={"x-izzzi-upstream": "127.0.0.1:20100"}), Expectation(), (20000,))
    new = Probe("api", Script([200], headers={"x-izzzi-upstream": "127.0.0.1:20000"}), Expectation(), (20000,))
    assert "127.0.0.1:20100 answered and not the new release" in old.unmet(old.request.send(1))
    assert new.unmet(new.request.send(1)) == ""


def test_it_waits_for_answers_in_a_row(watch):
    flapping = probe(502, 200, 502, 200, 200, 200)
    watch.until_met([flapping], timeout=30, in_a_row=3, alive=lives)
    assert flapping.request.statuses == [200]


def test_it_gives_up_in_time_and_says_what_came_instead(watch):
    with pytest.raises(ReleaseError, match=r"api: http://x/ does not answer as asked within 5 s: status 500") as raised:
        watch.until_met([probe(500)], timeout=5, in_a_row=1, alive=lives)
    assert raised.value.service == "api"


def test_a_dead_container_ends_the_wait(watch):
    def dead() -> None:
        raise ReleaseError("api: its container exited with 3.", "api")

    with pytest.raises(ReleaseError, match="exited with 3"):
        watch.until_met([probe(502)], timeout=1000, in_a_row=1, alive=dead)
    assert watch.clock() < 2, "it looks about once a second"


def test_one_stumble_is_forgiven_and_two_in_a_row_are_not(watch):
    watch.stays_met([probe(200, 500, 200)], seconds=5, interval=0.5, alive=lives)
    with pytest.raises(ReleaseError, match="any more, after it did at first"):
        watch.stays_met([probe(200, 500, 500, 200)], seconds=5, interval=0.5, alive=lives)
