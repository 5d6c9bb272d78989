# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL goes to another major version while the app is written to, and a run that is killed on its way."""

from __future__ import annotations

from tests.e2e.driver import ssh
from tests.load.data.harness import CONSENT, Proof, Row
from tests.load.data.writer import TABLE, Writer
from tests.load.swarm.cluster import Node


def through_app(proof: Proof, node: Node) -> list:
    """Take SQL for as long as the app's visitors get an answer: each row is written by somebody who came to it."""
    met = '[ "$(curl -s -o /dev/null -w %{http_code} http://127.0.0.1/health)" = 200 ] || exit'
    gate = f'while read -r line; do {met}; echo "$line"; done'
    psql = f"sudo sh -c 'docker exec -i $(docker ps -q --filter name={proof.container}) psql -qAt -U proof -d proof'"
    where = proof.cluster.folder / "known_hosts"
    return ssh(node.public, f"{gate} | {psql}", "-oConnectTimeout=5", known_hosts=where)


def require_version(proof: Proof, row: Row, wanted: int) -> None:
    """Compare the version that runs, and ask the app as a visitor."""
    found = proof.sql("SELECT current_setting('server_version_num')::int / 10000")
    row.problems += [] if found == str(wanted) else [f"PostgreSQL {found} runs in place of {wanted}"]
    asked = "curl -s -o /dev/null -w %{http_code} http://127.0.0.1/health"
    status = proof.cluster.on(proof.home(), asked, check=False)
    row.problems += [] if status == "200" else [f"the app answers {status}"]


def killed(proof: Proof, after: float) -> None:
    row = Row(f"upgrade killed after {after} s, undone")
    before = set(proof.there())
    proof.killed(after, "upgrade_database", *CONSENT)
    # What a kill leaves at work on the host has the lock until it ends, or for 70 s.
    proof.timed(row, "upgrade_database", "-e", "to=undo", "-e", "lock_wait=300")
    require_version(proof, row, 15)
    row.lost = len(before - set(proof.there()))
    row.problems += [f"{row.lost} rows are gone"] if row.lost else []
    proof.add(row)


def upgraded(proof: Proof) -> None:
    """PostgreSQL goes from 15 to 17; all that was acknowledged is there afterwards."""
    proof.cluster.declare(proof.own | {"proof_postgres": 17})
    proof.sql(TABLE)
    for after in (20, 40):
        killed(proof, after)
    row = Row("PostgreSQL 15 to 17, upgrade_database.yml")
    with Writer(lambda: through_app(proof, proof.home())) as writer:
        writer.wait_for(200)
        proof.timed(row, "upgrade_database", *CONSENT)
        writer.wait_for(100)
    require_version(proof, row, 17)
    proof.lost(row, list(writer.rows))
    row.problems += [f"{row.lost} acknowledged rows are lost"] if row.lost else []
    run = proof.cluster.playbook("playbooks/upgrade_database.yml", *CONSENT)
    again = run.total("changed")
    row.problems += [] if run.status == again == 0 else [f"the second run: exit {run.status}, {again} changed"]
    proof.add(row)
