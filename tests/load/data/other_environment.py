# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of one environment in another one: what is personal is removed before anybody can reach it."""

from __future__ import annotations

from tests.load.data.harness import Proof, Row
from tests.load.swarm.cluster import Cluster

HOOK = "UPDATE people SET mail = 'nobody' || id || '@example.org';\n"


def other_environment(proof: Proof) -> None:
    """A second environment begins with the first one's data. Without a hook it is refused."""
    row = Row("another environment, site.yml -e restore_from, personal data removed")
    proof.sql(
        "CREATE TABLE people AS SELECT id, 'person' || id || '@real.example' AS mail FROM generate_series(1, 500) id"
    )
    proof.timed(Row(""), "backup")
    (folder := proof.cluster.folder / "staging").mkdir()
    (hook := folder / "hook.sql").write_text(HOOK)
    own = proof.own | {"provision_vpc": {"ip_range": "10.77.0.0/24"}}
    with Cluster(folder, own, environment="staging") as cluster:
        copy = Proof(cluster, own, proof.container)
        asked = ("-e", "restore=latest", "-e", "restore_from=../inventory")
        refused = cluster.playbook("playbooks/site.yml", *asked)
        if refused.status == 0 or "data of another environment may be personal" not in refused.output:
            row.problems.append(f"without a hook: exit {refused.status}: {refused.output[-1500:]}")
        copy.timed(row, "site", *asked, "-e", f"hook={hook}")
        found = copy.sql("SELECT count(*), count(*) FILTER (WHERE mail LIKE '%@real.example') FROM people")
        if found != "500|0":
            row.problems.append(f"people and those with their real address: {found}")
        if left := cluster.on(copy.home(), "sh -c 'ls -d /etc/izzzi/backup-from 2>/dev/null'", check=False).strip():
            row.problems.append(f"the other environment's key is still there: {left}")
        copy.timed(row, "backup")
    proof.add(row)
