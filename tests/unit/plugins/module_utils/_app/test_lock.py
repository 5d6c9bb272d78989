# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import resource

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError, LeaseFile


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def lease(tmp_path, now):
    return LeaseFile(tmp_path / "lease.json", lambda: now[0])


def test_a_second_run_is_told_who_holds_the_lock_and_for_how_long(lease, now):
    lease.acquire("ann@laptop", "deploy", 60)
    now[0] += 10
    with pytest.raises(
        LeaseError, match=r"ann@laptop has held the lock for 10 s \(deploy\).*50 s until the lock expires"
    ):
        lease.acquire("bob@ci", "rollback", 60)


def test_a_killed_runs_lock_expires_and_its_late_steps_are_refused(lease, now):
    killed = lease.acquire("ann", "deploy", 60)
    now[0] += 61
    taken = lease.acquire("bob", "deploy", 60)
    with pytest.raises(LeaseError, match=r"lost its lock: bob \(deploy\) has"):
        lease.renew(killed.token)
    assert lease.release(killed.token) is False
    assert lease.read() == taken


def test_a_heartbeat_keeps_it(lease, now):
    held = lease.acquire("ann", "deploy", 60)
    for _ in range(5):
        now[0] += 50
        lease.renew(held.token)
    with pytest.raises(LeaseError):
        lease.acquire("bob", "deploy", 60)


def test_a_released_lock_leaves_nothing(lease):
    held = lease.acquire("ann", "deploy", 60)
    assert lease.release(held.token) is True
    assert not lease.path.exists()


def test_a_file_cut_short_is_no_lock(lease):
    lease.path.write_text('{"owner": "ann"')
    assert lease.acquire("bob", "deploy", 60).owner == "bob"


def test_a_full_disk_leaves_no_lock_behind(lease):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            lease.acquire("ann", "deploy", 60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not lease.path.exists()
