# SPDX-License-Identifier: GPL-3.0-or-later
"""The short walk of hosts, on the walk's droplet in the sandbox: a fixed seed, and what longer walks have found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.walk import hosts_docker
from tests.walk.hosts import GROUND, Hosts
from tests.walk.walk import Found, walk

# Each was a fault once: a run did not make it good or did not say why, or a check did not foretell it.
FOUND = (
    "nginx masked",
    "nginx's guard cannot be run",
    "nginx's folder gone",
    "nginx's logs gone, then a restart",
    "somebody else on port 80",
    "a site of another owner",
    "the engine masked",
    "containerd masked",
    "daemon.json for root alone",
    "SSH disabled",
    "SSH's settings overruled",
    "keys of root",
)


@pytest.fixture(scope="module")
def host():
    return Hosts()


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(host, what):
    try:
        host.by_hand(what=what)
    except Found as found:
        pytest.fail(found.tell())


@pytest.mark.parametrize("call", range(3, 8))
def test_a_run_of_docker_that_is_killed_before_a_task_is_made_good(host, call):
    """The proxy, the authorities and the timer are read at a start, by `update-ca-certificates` and by systemd."""
    wish = {**hosts_docker.SIMPLE, "proxy": "http://127.0.0.1:3128", "ca": True, "prune": True, "calendar": "daily"}
    moment = {"call": call, "event": 0, "group": True}
    try:
        host.killed(role="docker", wish=wish, moment=moment, after="this", other={})
        host.killed(role="docker", wish=hosts_docker.SIMPLE, moment=moment, after="this", other={})
    except Found as found:
        pytest.fail(found.tell())


@pytest.mark.parametrize("seed", [201])
def test_a_walk_with_a_fixed_seed(seed):
    outcome = walk(replace(GROUND, walks=2, steps=6), seed)
    assert not outcome.failure, outcome.failure
    assert outcome.steps > 0
