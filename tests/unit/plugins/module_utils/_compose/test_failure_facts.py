# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import failure_facts as facts

NEVER = "0001-01-01T00:00:00Z"


def container(service: str, status: str, code: int = 0, *, id: str = "a", health=None, **more) -> dict:
    """As `docker container inspect` has it."""
    state = {"Status": status, "ExitCode": code, "StartedAt": more.pop("started", NEVER), **more}
    if health is not None:
        state["Health"] = {
            "Status": "unhealthy" if health[0] else "healthy",
            "Log": [{"ExitCode": health[0], "Output": health[1]}],
        }
    return {
        "Id": id,
        "Name": f"/shop-green-{service}-1",
        "Created": "2026-11-28T10:00:00.123456789Z",
        "Config": {"Labels": {"com.docker.compose.service": service}},
        "State": state,
    }


@pytest.mark.parametrize(
    ("item", "exits", "told"),
    [
        (container("web", "exited", 3), {}, ["web: container shop-green-web-1 exited with 3."]),
        (
            container("web", "running", 0),  # again: it has forgotten that it had ended
            {"a": [1, 1]},
            ["web: container shop-green-web-1 exited with 1, 2 times."],
        ),
        (
            container("web", "exited", 137, OOMKilled=True),
            {},
            ["web: container shop-green-web-1 exited with 137 (out of memory)."],
        ),
        (
            container("web", "exited", 137),
            {},
            ["web: container shop-green-web-1 exited with 137 (killed: out of memory, or too slow to stop)."],
        ),
        (
            container("web", "created", 0, Error="driver failed programming external connectivity"),
            {},
            ["web: container shop-green-web-1 is created: driver failed programming external connectivity."],
        ),
        (
            container("web", "running", health=(1, "connect ECONNREFUSED\n 127.0.0.1:4000 ")),
            {},
            ["web: its health check said: connect ECONNREFUSED 127.0.0.1:4000 (exit code 1)"],
        ),
        (
            container("web", "running", health=(0, "ok")),
            {},
            ["web: its health check said: ok (exit code 0)"],
        ),
        (container("other", "running", health=(0, "ok")), {}, []),
        (container("web", "running"), {}, []),
    ],
)
def test_what_a_candidate_says(item, exits, told):
    assert facts.of_containers([item], exits, "web") == told


def test_only_what_this_run_made_or_started_is_the_candidate():
    since = facts.seconds("2026-11-28T11:00:00Z")
    kept = container("web", "exited", started="2026-11-28T10:00:01Z")
    assert not facts.is_younger(kept, since)
    assert facts.is_younger(container("web", "running", started="2026-11-28T11:00:02.5Z"), since)
    assert facts.is_younger(kept, facts.seconds("2026-11-28T09:00:00Z"))


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([container("postgres", "running")], []),
        ([container("postgres", "exited", 0)], ["postgres, a data service, is stopped with exit code 0."]),
        ([container("postgres", "paused")], ["postgres, a data service, is paused."]),
        ([container("postgres", "restarting", 1)], ["postgres, a data service, exits with 1 again and again."]),
        (
            [container("postgres", "running", health=(2, "no response"))],
            ["postgres, a data service, is unhealthy: no response (exit code 2)"],
        ),
        ([], ["postgres, a data service, has no container."]),
    ],
)
def test_a_data_service_that_is_not_well_is_named(items, told):
    assert facts.of_data(items, ["postgres"]) == told


def test_a_full_disk_is_told_in_the_words_that_people_look_for():
    free = {"/": (5000, 100), "/var/lib/docker": (0, 100), "/opt": (5000, 0), "/tmp": (3, 100)}
    assert facts.of_disks(free) == [
        "The disk is full: no inode is free at /opt (No space left on device).",
        "Only 3 MiB are free at /tmp. That may be the cause.",
        "The disk is full: not one MiB is free at /var/lib/docker (No space left on device).",
    ]


def test_exit_codes_come_from_the_engines_events():
    assert facts.parse_exits("aa 1\nbb 0\naa 137\n\n") == {"aa": [1, 137], "bb": [0]}


def test_a_reason_gets_the_exit_code_that_the_container_forgot():
    again = [container("web", "running", id="aa"), container("api", "running", id="bb")]
    reason = "web: its container ended and was restarted once."
    told = "web: its container exited with 7 and was restarted once."
    assert facts.with_code(reason, "web", again, {"aa": [1, 7], "bb": [3]}) == told
    assert facts.with_code(reason, "web", again, {"bb": [3]}) == reason
