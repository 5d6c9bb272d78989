from __future__ import annotations

import copy
import threading
import time

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError, heartbeat
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import Conflict, NotFound, NotInSwarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.lock import SwarmLock, hold
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.store import Store, object_name


class Configs:
    """The engine's /configs: names are unique, only labels change, and only against the version that was read."""

    def __init__(self):
        self.items: dict[str, dict] = {}
        self.last = 0

    def get(self, path, filters=None, **_query):
        assert path == "/configs"
        wanted = dict(label.split("=") for label in filters["label"])
        found = [i for i in self.items.values() if wanted.items() <= i["Spec"]["Labels"].items()]
        return copy.deepcopy(found)

    def post(self, path, body=None, headers=None, version=None):
        self.last += 1
        if path == "/configs/create":
            if any(item["Spec"]["Name"] == body["Name"] for item in self.items.values()):
                raise Conflict(409, "name")
            self.items[str(self.last)] = {"ID": str(self.last), "Version": {"Index": self.last}, "Spec": body}
            return {"ID": str(self.last)}
        item = self.items[path.split("/")[2]]
        if item["Version"]["Index"] != version:
            raise Conflict(500, "update out of sequence")
        assert body["Data"] == item["Spec"]["Data"], "only labels may change"
        item |= {"Spec": body, "Version": {"Index": self.last}}
        return None

    def delete(self, path, **_query):
        name = path.split("/")[2]
        found = [id for id, item in self.items.items() if name in (id, item["Spec"]["Name"])]
        if not found:
            raise NotFound(404, "none")
        del self.items[found[0]]


@pytest.fixture
def swarm():
    return Swarm(Configs(), "shop")


def test_releases_are_remembered_and_the_last_live_one_comes_first(swarm):
    store = Store(swarm)
    first = Manifest("r1", "s1", "f1", GOOD, services={"shop_web": {"Name": "shop_web"}}, live_at=1.5)
    store.write(first)
    store.write(Manifest("r2", "s2", "f2", GOOD, live_at=2.0))
    assert list(store.releases().values())[1] == first
    store.write(Manifest("r1", "s1", "f1", GOOD, services={"shop_web": {"Name": "shop_web"}}, live_at=3.0))
    assert list(store.releases()) == ["r1", "r2"]
    store.write(Manifest("r2", "s2", "f2 changed", "bad", reason="it crashed"))
    assert store.releases()["r2"].reason == "it crashed"
    store.forget_release("r2")
    store.forget_release("r2")
    assert list(store.releases()) == ["r1"]


def test_an_open_transaction_is_seen_by_the_next_run(swarm):
    store = Store(swarm)
    assert store.journal is None
    store.open({"release": "r1", "snapshot": {"shop_web": {}}})
    with pytest.raises(Conflict):
        store.open({"release": "r2"})
    assert Store(swarm).journal["release"] == "r1"
    store.close()
    assert store.journal is None


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


def test_long_names_fit():
    assert object_name("shop", "release", "r1") == "shop.release.r1"
    assert len(object_name("shop", "release", "r" * 80)) == 64
    assert object_name("shop", "release", "r" * 80) != object_name("shop", "release", "r" * 81)
