# SPDX-License-Identifier: GPL-3.0-or-later
"""Data that survives its server: what is lost, how long it takes to have it back, and what goes wrong without harm.

Standard output gets a table; problems come last and make the exit status 1. What one host alone can show (wrong key,
full disks, killed backups, two at once, clocks) stands in molecule/backup/faults.py and tests/backup_docker.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.e2e.driver import BIN
from tests.load.data import losses, other_environment, runbook, size, storage, take_over, upgrades
from tests.load.data.harness import Proof, Row, first_backup
from tests.load.releases import app
from tests.load.swarm.cluster import Cluster

HERE = Path(__file__).parent
COMPOSE: dict[str, Callable[[Proof], None]] = {
    "dropped": losses.dropped,
    "killed": losses.killed,
    "beside": losses.beside,
    "storage": storage.storage,
    "damaged": storage.damaged,
    "revoked": losses.revoked,
    "bucket_gone": storage.bucket_gone,
    "other_environment": other_environment.other_environment,
    "taken_over": take_over.taken_over,
    "one_gib": size.one_gib,
    "volume_deleted": losses.volume_deleted,
    "destroyed": losses.destroyed,
    "runbook": runbook.runbook,
}
SWARM: dict[str, Callable[[Proof], None]] = {
    "dropped": losses.dropped,
    "killed": losses.killed,
    "beside": losses.beside,
    "damaged": storage.damaged,
    "volume_deleted": losses.volume_deleted,
    "node_lost": losses.node_lost,
}
# What begins with an older PostgreSQL, on each runner.
OLDER: dict[str, Callable[[Proof], None]] = {"upgraded": upgrades.upgraded}


def carry_out(folder: Path, orchestrator: str, parts: list[Callable[[Proof], None]], **more: int) -> list[Row]:
    source = app(folder / "source", kind="good", number=1)
    own = yaml.safe_load((HERE / "environment.yml").read_text())
    own |= {"proof_orchestrator": orchestrator, "load_source": str(source), **more}
    with Cluster(folder, own) as cluster:
        cluster.must("playbooks/deploy.yml")
        proof = Proof(cluster, own, {"compose": "proof-postgres-1", "swarm": "proof_postgres"}[orchestrator])
        try:
            for part in [first_backup, *parts]:
                tried(part, proof)
        finally:
            print(f"\n{orchestrator}\n\n{table(proof.rows)}", flush=True)
        return proof.rows


def tried(part: Callable[[Proof], None], proof: Proof) -> None:
    """Carries a part out. What breaks it off is a problem, and the next one is tried."""
    try:
        part(proof)
    except Exception as error:
        proof.add(Row(f"{part.__name__} broke off", problems=[f"{type(error).__name__}: {str(error)[-2500:]}"]))


def table(rows: list[Row]) -> str:
    lines = [
        "| what | exit | seconds | rows lost | seconds of writes lost | failed requests | p95 of requests |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lost = None if row.lost_seconds is None else f"{row.lost_seconds:.1f}"
        p95 = None if row.p95 is None else f"{row.p95 * 1000:.0f} ms"
        cells = ["" if value is None else str(value) for value in (row.lost, lost, row.failed, p95)]
        lines.append(f"| {row.what} | {row.status} | {row.seconds:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {**COMPOSE, **SWARM, **OLDER}
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(parts)}; by default all")
    parser.add_argument("--on", choices=["compose", "swarm"], help="one runner; by default both")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"there is no part {', '.join(unknown)}")
    chosen, rows = options.parts or list(parts), []
    with tempfile.TemporaryDirectory() as name:
        if set(chosen) & set(OLDER):
            subprocess.run([BIN / "izzzi-sandbox", "images", "postgres:15"], check=True)
        old = {"proof_postgres": 15}
        runs = (("compose", COMPOSE, {}), ("swarm", SWARM, {}), ("compose", OLDER, old), ("swarm", OLDER, old))
        for number, (orchestrator, known, more) in enumerate(runs):
            if (wanted := [known[part] for part in chosen if part in known]) and options.on in (None, orchestrator):
                (folder := Path(name) / f"{orchestrator}-{number}").mkdir()
                rows += carry_out(folder, orchestrator, wanted, **more)
    found = [f"problem: {row.what}: {problem}" for row in rows for problem in row.problems]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
