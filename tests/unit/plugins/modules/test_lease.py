from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError, LeaseFile
from ansible_collections.izzzi.infra.plugins.modules.lease import main, take


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "lease.json")


def test_it_is_taken_refused_and_given_back(run_module, path):
    mine = run_module(main, {"path": path, "owner": "ann", "purpose": "deploy"})
    assert mine["changed"] is False
    refused = run_module(main, {"path": path, "owner": "bob"})
    assert "ann has held the lock" in refused["msg"]
    assert run_module(main, {"path": path, "state": "absent", "token": mine["token"]})["released"] is True
    assert run_module(main, {"path": path, "owner": "bob"})["token"]


def test_check_mode_takes_nothing(run_module, path, tmp_path):
    assert run_module(main, {"path": path, "owner": "ann"}, check=True)["token"] == ""
    assert list(tmp_path.iterdir()) == []


def test_check_mode_fails_like_a_run_when_somebody_has_it(run_module, path):
    run_module(main, {"path": path, "owner": "ann", "purpose": "deploy"})
    assert "ann has held the lock" in run_module(main, {"path": path, "owner": "bob"}, check=True)["msg"]


def test_taking_it_makes_its_directory_for_others_to_enter(run_module, tmp_path):
    run_module(main, {"path": str(tmp_path / "opt/shop/lease.json")})
    assert (tmp_path / "opt/shop").stat().st_mode & 0o777 == 0o755


def test_a_directory_that_cannot_be_is_named(run_module, tmp_path):
    (tmp_path / "file").touch()
    failed = run_module(main, {"path": str(tmp_path / "file/shop/lease.json")})
    assert "file/shop/lease.json: Not a directory" in failed["msg"]


@pytest.mark.parametrize(("wait", "gets_it"), [(50, False), (61, True)])
def test_waiting_ends_when_it_is_free_or_the_time_is_over(tmp_path, wait, gets_it):
    now = [1000.0]
    lease = LeaseFile(tmp_path / "lease.json", lambda: now[0])
    lease.acquire("killed", "deploy", 60)
    params = {"owner": "bob", "purpose": "deploy", "ttl": 60, "wait": wait}

    def sleep(seconds: float) -> None:
        now[0] += seconds

    if gets_it:
        assert take(lease, params, lambda: now[0], sleep)["waited"] == 60
    else:
        with pytest.raises(LeaseError, match="killed has held"):
            take(lease, params, lambda: now[0], sleep)
