# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs on the live app, as people type them: with nothing, with each argument alone, and with what does not fit.

None of them changes anything: the secrets' file, the containers and the release are what they were.
"""

from __future__ import annotations

import pytest

from tests.e2e.driver import SANDBOX_HOME, Run, on_droplet, run_playbook

# What is typed, the exit status, and what is said.
VERBS = {
    "logs": ([], 0, "backend-1 "),
    "logs lines": (["logs", "-e", "lines=5"], 0, "backend-1 "),
    "logs service": (["logs", "-e", "service=postgres"], 0, "postgres-1 "),
    "logs unknown": (
        ["logs", "-e", "service=nope"],
        2,
        "There is no service nope in the live release. There are: backend",
    ),
    "logs check": (["logs", "--check"], 0, "backend-1 "),
    "status": ([], 0, "Release      "),
    "status check": (["status", "--check"], 0, "Release      "),
    "status format": (["status", "-e", "format=xml"], 2, "format is 'xml', and must be text or json. Usage: "),
    "releases": ([], 0, " live  "),
    "run": (["run", "-e", "service=backend", "-e", '{"command": "sh -c \\"echo one two\\""}'], 0, "\none two\n"),
    "run list": (["run", "-e", "service=backend", "-e", '{"command": ["sh", "-c", "echo one two"]}'], 0, "\none two\n"),
    "run status": (["run", "-e", "service=backend", "-e", '{"command": "sh -c \\"exit 3\\""}'], 2, "exited with 3."),
    "run unknown": (
        ["run", "-e", "service=redis", "-e", "command=ls"],
        2,
        "There is no service redis in the live release.",
    ),
    "run check": (["run", "-e", "service=backend", "-e", "command=ls", "--check"], 0, ""),
    "maintenance check": (["maintenance", "-e", "state=on", "--check"], 0, ""),
    "restart check": (["restart", "--check"], 0, "would be restarted."),
    "restart unknown": (["restart", "-e", "service=nope"], 2, "There is no service nope in the live release."),
    "stop check": (["stop", "--check"], 0, "Would stop backend, frontend, mail, postgres, redis."),
    "start": ([], 0, "is live and answers as declared."),
    "logs grep": (["logs", "-e", '{"grep": "no such words"}'], 0, "No line"),
    "logs since": (["logs", "-e", "since=soon"], 2, "a duration such as 10m"),
    "rollback unknown": (["rollback", "-e", "release=nope"], 2, "There is no release nope on the server. Kept are: "),
    "scale": (
        ["scale", "-e", "service=backend", "-e", "replicas=2"],
        2,
        "the number of containers is part of a release",
    ),
    "drain": (["drain", "-e", "node=nope"], 2, "drain.yml is for an app in a Swarm"),
}


def containers() -> str:
    return on_droplet("sudo docker ps --all --format '{{.ID}} {{.Names}} {{.State}}' | sort")


@pytest.fixture(scope="module")
def before() -> dict:
    return {"vault": (SANDBOX_HOME / "vault.yml").read_bytes(), "containers": containers()}


def play(typed: list[str]) -> Run:
    return run_playbook(f"playbooks/{typed[0]}.yml", *typed[1:], timeout=120)


@pytest.mark.parametrize("case", VERBS)
def test_a_verb_says_what_it_should(case, before):
    typed, status, said = VERBS[case]
    done = play(typed or [case])
    assert done.status == status, done.output[-3000:]
    assert said in done.output, done.output[-3000:]
    assert "caused by" not in done.output, "a trace instead of a sentence"


def test_nothing_was_changed(before):
    assert (SANDBOX_HOME / "vault.yml").read_bytes() == before["vault"]
    assert containers() == before["containers"]


def test_a_dump_comes_back_as_the_runbook_says():
    """The line of docs/runbook.md. User deploy may not read the file, the shell that sudo starts may."""
    query = "sudo docker exec izzzi-postgres-1 psql -U izzzi -d izzzi -tAc"
    on_droplet(f"{query} \"CREATE TABLE IF NOT EXISTS kept (t text); INSERT INTO kept VALUES ('before')\"")
    try:
        dump = "docker exec izzzi-postgres-1 pg_dump -U izzzi --format=custom izzzi > /opt/izzzi/backups/verbs.dump"
        on_droplet(f"sudo sh -c 'umask 077; mkdir -p /opt/izzzi/backups; {dump}'")
        on_droplet(f'{query} "DELETE FROM kept"')
        restore = (
            "docker exec -i izzzi-postgres-1 pg_restore -U izzzi -d izzzi --clean --if-exists --single-transaction"
        )
        on_droplet(f"sudo sh -c '{restore} < /opt/izzzi/backups/verbs.dump'")
        assert on_droplet(f'{query} "SELECT t FROM kept"').split() == ["before"]
    finally:
        on_droplet(f'{query} "DROP TABLE kept"; sudo rm -f /opt/izzzi/backups/verbs.dump')
