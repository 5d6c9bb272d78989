# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of every kind of failure, whole: what a person reads when a release is not live."""

from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.failure import Failure, headline, render

ROOM = "Make room on the host and run again: `docker system df` says who has it, `docker builder prune` frees some."
START_DATA = (
    "playbooks/deploy.yml starts a data service that was stopped by hand; playbooks/logs.yml shows why it ended."
)

WORDS = {
    "a crash, beside a live release": (
        Failure(
            "web: its container exited with 1.",
            "r2",
            "cut_over | Start the new colour",
            "r1",
            facts=["web: container shop-green-web-1 exited with 1, 3 times."],
            service="web",
            logs="Error: PORT is not set\n",
        ),
        """\
Release r2 is not live: cut_over | Start the new colour
web: its container exited with 1.
web: container shop-green-web-1 exited with 1, 3 times.
--- last log lines of web
Error: PORT is not set
Release r1 goes on serving.""",
    ),
    "the first release": (
        Failure("web did not get healthy within 60 s: 0 of 1 up (starting).", "r1", "start"),
        """\
Release r1 is not live: start
web did not get healthy within 60 s: 0 of 1 up (starting).
No release is live.""",
    ),
    "before the release has a name": (
        Failure("ann@laptop has the lock for deploy, for 12 s.", step="lock | Take the lock", serving="r1"),
        """\
Nothing was released: lock | Take the lock
ann@laptop has the lock for deploy, for 12 s.
Release r1 goes on serving.""",
    ),
    "of the release that is live": (
        Failure("web: its health check fails.", "r1", "repair | Mend what differs from the live release", "r1"),
        """\
Release r1 is live, but is not as it is declared: repair | Mend what differs from the live release
web: its health check fails.
Nothing else is live: playbooks/status.yml says what of it runs.""",
    ),
    "a health check, with its output": (
        Failure(
            "api: its health check fails.",
            "r2",
            "start",
            "r1",
            facts=["api: its health check said: connect ECONNREFUSED 127.0.0.1:4000 (exit code 1)"],
            logs="--- last log lines of api\nlistening on 5000",
        ),
        """\
Release r2 is not live: start
api: its health check fails.
api: its health check said: connect ECONNREFUSED 127.0.0.1:4000 (exit code 1)
--- last log lines of api
listening on 5000
Release r1 goes on serving.""",
    ),
    "a database that somebody stopped": (
        Failure(
            "api: http://127.0.0.1:20100/health does not answer as asked within 60 s: no answer",
            "r1",
            "start",
            "r2",
            facts=["postgres, a data service, is stopped with exit code 0."],
        ),
        f"""\
Release r1 is not live: start
api: http://127.0.0.1:20100/health does not answer as asked within 60 s: no answer
postgres, a data service, is stopped with exit code 0.
Release r2 goes on serving.
{START_DATA}""",
    ),
    "a full disk": (
        Failure(
            "docker compose --project-name ... exited with 1:\nwriting blob: unexpected EOF",
            "r2",
            "build | Build or pull the images",
            "r1",
            facts=["The disk is full: 0 MiB are free at /var/lib/docker (No space left on device)."],
        ),
        f"""\
Release r2 is not live: build | Build or pull the images
docker compose --project-name ... exited with 1:
writing blob: unexpected EOF
The disk is full: 0 MiB are free at /var/lib/docker (No space left on device).
Release r1 goes on serving.
{ROOM}""",
    ),
    "an undo that did not get far": (
        Failure("web: its container exited with 1.", "r2", "switch", "r1", trouble=["could not switch nginx back: no"]),
        """\
Release r2 is not live: switch
web: its container exited with 1.
Not undone: could not switch nginx back: no
Release r1 was live before: playbooks/status.yml says what of it runs.""",
    ),
    "no release, but a number of tasks": (
        Failure("shop_web: no node has room for it", serving="r1", opening="shop_web was not scaled"),
        """\
shop_web was not scaled.
shop_web: no node has room for it
Release r1 goes on serving.""",
    ),
    "a stack": (
        Failure("shop_web: it exited with 3 on node a", "r2", serving="r1", kept="Every service is what it was"),
        """\
Release r2 is not live.
shop_web: it exited with 3 on node a
Every service is what it was: r1 goes on serving.""",
    ),
    "a stack, of the release that is live": (
        Failure("shop_web: it exited with 3 on node a", "r1", serving="r1", kept="Every service is what it was"),
        """\
Release r1 is live, but is not as it is declared.
shop_web: it exited with 3 on node a
Every service is what it was: playbooks/status.yml says what of it runs.""",
    ),
    "nothing is said twice": (
        Failure("web: its container exited with 1.", "r2", "", "r1", facts=["web: its container exited with 1."]),
        """\
Release r2 is not live.
web: its container exited with 1.
Release r1 goes on serving.""",
    ),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(case):
    failure, text = WORDS[case]
    assert render(failure) == text


@pytest.mark.parametrize("case", WORDS)
def test_no_text_has_a_hole_or_says_of_one_release_that_it_is_live_and_is_not(case):
    text = render(WORDS[case][0])
    assert "  " not in text
    assert " ." not in text.replace(" ... ", " ")
    for release in ("r1", "r2"):
        assert not (f"Release {release} is not live" in text and f"Release {release} goes on serving" in text)


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("", ""),
        ("web: its container exited with 1.\nmore", "web: its container exited with 1."),
        (
            "docker compose --project-name ... exited with 17:\n#5 RUN npm ci\nError: Cannot find module 'x'\n"
            "Run 'npm help' for usage",
            "docker compose --project-name ... exited with 17: Error: Cannot find module 'x'",
        ),
        (
            "docker compose --project-name ... exited with 1:\n Container shop-green-web-1  Creating\n"
            "Error response from daemon: write /var/lib/docker/x: no space left on device",
            "docker compose --project-name ... exited with 1: Error response from daemon: write /var/lib/docker/x: no"
            " space left on device",
        ),
        (
            "An image cannot be built: docker exited with 17, in the step [web 2/4] RUN npm ci.\n  npm error missing: a"
            "\nAll that the build said is in /opt/shop/build-logs/r2.log.",
            "An image cannot be built: docker exited with 17, in the step [web 2/4] RUN npm ci: npm error missing: a",
        ),
        (
            "New migrations may break the release that is live, and going back to it:\n  2.sql drops a\nSplit",
            "New migrations may break the release that is live, and going back to it: 2.sql drops a",
        ),
    ],
)
def test_the_reason_of_a_bad_release_is_the_line_that_says_why(reason, line):
    assert headline(reason) == line


def test_a_long_reason_keeps_its_beginning_and_its_end():
    line = headline("web: " + "x" * 300 + " the end")
    assert len(line) <= 200
    assert line.startswith("web: xxx")
    assert line.endswith("xxx the end")
