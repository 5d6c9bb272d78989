# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError, heartbeat
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotInSwarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.lock import SwarmLock, hold

from tests.unit.plugins.module_utils._swarm.stack.fake_configs import Configs


@pytest.fixture
def swarm():
    return Swarm(Configs(), "shop")


def test_one_run_holds_the_lock_until_it_gives_it_back_or_dies(swarm):
    now = [1000.0]
    lock = SwarmLock(swarm, lambda: now[0])
    token = lock.acquire("me", "deploy", 60).token
    with pytest.raises(LeaseError, match="me has held the lock"):
        SwarmLock(swarm, lambda: now[0]).acquire("you", "deploy", 60)
    now[0] += 50
    lock.renew(token)
    now[0] += 50
    assert lock.read().is_held(now[0])
    now[0] += 20
    other = lock.acquire("you", "deploy", 60).token
    with pytest.raises(LeaseError, match="has lost its lock"):
        lock.renew(token)
    assert not lock.release(token)
    assert lock.release(other)
    assert lock.read() is None


def test_two_that_take_the_lock_at_the_same_moment_do_not_both_get_it(swarm):
    lock = SwarmLock(swarm, lambda: 0)
    lock._item = lambda: None  # it looked before the other one wrote
    SwarmLock(swarm, lambda: 0).acquire("me", "deploy", 60)
    with pytest.raises(LeaseError, match="at this very moment"):
        lock.acquire("you", "deploy", 60)


def test_a_held_lock_is_given_back_whatever_happens(swarm):
    with pytest.raises(LeaseError, match="ann has held the lock"), hold(swarm, "ann", "drain", 60, 0):
        SwarmLock(swarm, time.time).acquire("bob", "deploy", 60)
    with hold(swarm, "bob", "deploy", 60, 0):
        assert SwarmLock(swarm, time.time).read().owner == "bob"


def test_a_swarm_without_a_leader_for_a_moment_does_not_end_the_heartbeat(swarm):
    lock = SwarmLock(swarm, time.time)
    token = lock.acquire("ann", "deploy", 60).token
    answers = [None, NotInSwarm(503, "no leader")]
    asked = threading.Event()

    class Flaky:
        passing = SwarmLock.passing

        def renew(self, token):
            if not answers:
                asked.set()
            elif answer := answers.pop(0):
                raise answer
            return lock.renew(token)

    with heartbeat(Flaky(), token, 0.01):
        assert asked.wait(5), "it went on after the error"
