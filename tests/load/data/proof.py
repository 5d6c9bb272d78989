"""Data that survives its server: what is lost, how long it takes to have it back, and what goes wrong without harm.

Standard output gets a table; problems come last and make the exit status 1. What one host alone can show (wrong key,
damaged files, full disks, killed backups, two at once, clocks) stands in molecule/backup/faults.py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.driver import BIN, ROOT, Run, cloud, power, ssh
from tests.load.data.writer import TABLE, Acknowledged, Writer
from tests.load.releases import app
from tests.load.swarm.cluster import Cluster, Node
from tests.load.swarm.visitors import Visitors

HERE = Path(__file__).parent
MOST_LOST = 60.0  # seconds of writes
CONSENT = ("-e", "confirm=proof-dev")


@dataclass
class Row:
    """`lost` counts acknowledged rows that are not back, `lost_seconds` from the last one that is."""

    what: str
    status: int = 0
    seconds: float = 0
    lost: int | None = None
    lost_seconds: float | None = None
    failed: int | None = None
    problems: list[str] = field(default_factory=list)


class Proof:
    """An app with backups, and somebody who writes."""

    def __init__(self, cluster: Cluster, container: str):
        self.cluster, self.container = cluster, container
        self.rows: list[Row] = []

    # What is in the database.

    def home(self) -> Node:
        """The node that runs PostgreSQL now."""
        if len(self.cluster.nodes) == 1:
            return self.cluster.nodes[0]
        named = f"docker ps --quiet --filter name={self.container}"
        found = [node for node in self.cluster.nodes if self.cluster.on(node, named, check=False).strip()]
        return found[0]

    def psql(self, node: Node) -> list:
        inner = (
            f"sudo sh -c 'docker exec -i $(docker ps -q --filter name={self.container}) psql -qAt -U proof -d proof'"
        )
        return ssh(node.public, inner, "-oConnectTimeout=5", known_hosts=self.cluster.folder / "known_hosts")

    def sql(self, text: str) -> str:
        done = subprocess.run(
            self.psql(self.home()), input=text, text=True, capture_output=True, timeout=120, check=False
        )
        return done.stdout.strip()

    def there(self) -> dict[int, float]:
        """The rows that are in the database, with their times."""
        pairs = (line.split("|") for line in self.sql("SELECT n, extract(epoch FROM at) FROM numbered").splitlines())
        return {int(n): float(at) for n, at in pairs}

    def writer(self) -> Writer:
        self.sql(TABLE)
        return Writer(lambda: self.psql(self.home()))

    def now(self) -> float:
        return float(self.sql("SELECT extract(epoch FROM clock_timestamp())"))

    # What is done.

    def timed(self, row: Row, name: str, *arguments: str) -> Run:
        begun = time.monotonic()
        run = self.cluster.playbook(f"playbooks/{name}.yml", *arguments)
        row.seconds, row.status = time.monotonic() - begun, run.status
        if run.status:
            row.problems.append(f"{name}: exit {run.status}: {run.output[-2500:]}")
        return run

    def add(self, row: Row) -> Row:
        print(
            f"# {row.what}: exit {row.status}, {row.seconds:.0f} s, {len(row.problems)} problems",
            file=sys.stderr,
            flush=True,
        )
        print("\n".join(row.problems), file=sys.stderr, flush=True)
        self.rows.append(row)
        return row

    def lost(self, row: Row, written: list[Acknowledged]) -> None:
        """Compares what was acknowledged with what is there."""
        there = self.there()
        gone = [one for one in written if one.n not in there]
        row.lost = len(gone)
        row.lost_seconds = (
            written[-1].at - max((one.at for one in written if one.n in there), default=0) if gone else 0.0
        )
        if gone and gone != written[-len(gone) :]:
            row.problems.append(f"rows are missing in the middle: {[one.n for one in gone][:5]}")
        if row.lost_seconds > MOST_LOST:
            row.problems.append(f"{row.lost_seconds:.0f} s of writes are lost, more than {MOST_LOST:.0f}")


def utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def first_backup(proof: Proof) -> None:
    row = Row("first backup, proven")
    proof.timed(row, "backup")
    proof.add(row)


def dropped(proof: Proof) -> None:
    """A table is dropped while it is written to; the second before it comes back with exactly its rows."""
    row = Row("table dropped, restored to one second before")
    with proof.writer() as writer:
        writer.wait_for(200)
        proof.sql("CREATE TABLE precious AS SELECT generate_series(1, 1000) AS id")
        writer.wait_for(60)
        moment = proof.now()
        time.sleep(1)
        proof.sql("DROP TABLE precious")
        writer.wait_for(60)
    written = list(writer.rows)
    time.sleep(25)  # until it is archived
    proof.timed(row, "restore", "-e", f"to={utc(moment)}", *CONSENT)
    if proof.sql("SELECT count(*) FROM precious") != "1000":
        row.problems.append("the dropped table is not back")
    expected, there = {one.n for one in written if one.at <= moment}, set(proof.there())
    row.lost = len(expected - there)
    if there != expected:
        row.problems.append(f"{len(there)} rows are there in place of {len(expected)}")
    proof.add(row)


def killed(proof: Proof) -> None:
    """A restore is killed at several moments: the database is the one from before or the restored one. The next run
    ends well."""
    for after in (3, 8, 12, 16, 20):
        row = Row(f"restore killed after {after} s, next run")
        before = proof.there()
        command = [BIN / "ansible-playbook", "-i", str(proof.cluster.folder / "inventory"), "playbooks/restore.yml"]
        process = subprocess.Popen(
            [*command, "-e", "to=latest", *CONSENT], cwd=ROOT, stdin=-3, stdout=-3, stderr=-3, start_new_session=True
        )
        time.sleep(after)
        process.kill()
        process.wait()
        proof.cluster.on(proof.home(), "pkill -KILL -f 'mitogen:|AnsiballZ_backup'", check=False)
        left = proof.there()
        if left != before and not set(left) < set(before):
            row.problems.append(f"{len(left)} rows after the kill, {len(before)} before it")
        proof.timed(row, "restore", "-e", "to=latest", *CONSENT)
        leftover = proof.sql("SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE '%restoring%'")
        row.problems += [f"left over: {leftover}"] if leftover else []
        proof.add(row)


def beside(proof: Proof) -> None:
    """Visitors meanwhile: how many requests fail, and how slow the slowest is."""
    for what, name in (("backup beside visitors", "backup"), ("drill beside visitors", "backup_drill")):
        row = Row(what)
        with Visitors(proof.cluster.nodes, 80, 20) as visitors:
            proof.timed(row, name)
        row.failed = visitors.failed
        row.problems += [f"visitors: {text}" for text in visitors.first_failures]
        proof.add(row)


def revoked(proof: Proof) -> None:
    """The server's key is revoked: the backup is red, and two commands make it green again."""
    row = Row("key revoked: backup is red, then provision and deploy")
    (key,) = [key for key in cloud("/spaces/keys?per_page=200")["keys"] if key["name"].startswith("proof-dev")]
    cloud(f"/spaces/keys/{key['access_key']}", "DELETE")
    run = proof.cluster.playbook("playbooks/backup.yml")
    if run.status == 0 or "refuses the key" not in run.output:
        row.problems.append(f"exit {run.status}: {run.output[-1500:]}")
    proof.timed(row, "provision")
    proof.timed(row, "deploy")
    proof.timed(row, "backup")
    proof.add(row)


def switched_off(proof: Proof) -> tuple[Node, list[Acknowledged]]:
    """Switches the node with the data off while it is written to. Returns it, and what was acknowledged before."""
    node = proof.home()
    with proof.writer() as writer:
        writer.wait_for(1200, 180)
        power(node.id, "power_off")
    return node, list(writer.rows)


def destroyed(proof: Proof) -> None:
    """The droplet is deleted while it is written to; one command brings all of it back."""
    row = Row("droplet destroyed, site.yml -e restore=end")
    node, written = switched_off(proof)
    cloud(f"/droplets/{node.id}", "DELETE")
    for _ in range(90):
        if not any(droplet["id"] == node.id for droplet in cloud("/droplets?per_page=200")["droplets"]):
            break
        time.sleep(2)
    proof.timed(row, "site", "-e", "restore=end")
    proof.cluster.look()
    proof.lost(row, written)
    proof.add(row)
    row = Row("first backup of the new droplet")
    proof.timed(row, "backup")
    proof.add(row)


def node_lost(proof: Proof) -> None:
    """The node with the data is switched off while it is written to; another one gets the data."""
    row = Row("data node switched off, recover_node.yml -e to=end")
    _node, written = switched_off(proof)
    time.sleep(25)  # until the managers know
    proof.timed(row, "recover_node", "-e", "to=end", *CONSENT)
    proof.lost(row, written)
    proof.add(row)


COMPOSE: dict[str, Callable[[Proof], None]] = {
    "dropped": dropped,
    "killed": killed,
    "beside": beside,
    "revoked": revoked,
    "destroyed": destroyed,
}
SWARM: dict[str, Callable[[Proof], None]] = {"node_lost": node_lost}


def carry_out(folder: Path, orchestrator: str, parts: list[Callable[[Proof], None]]) -> list[Row]:
    own = yaml.safe_load((HERE / "environment.yml").read_text())
    source = app(folder / "source", kind="good", number=1)
    with Cluster(folder, own | {"proof_orchestrator": orchestrator, "load_source": str(source)}) as cluster:
        cluster.must("playbooks/deploy.yml")
        proof = Proof(cluster, {"compose": "proof-postgres-1", "swarm": "proof_postgres"}[orchestrator])
        try:
            for part in [first_backup, *parts]:
                part(proof)
        finally:
            print(f"\n{orchestrator}\n\n{table(proof.rows)}", flush=True)
        return proof.rows


def table(rows: list[Row]) -> str:
    lines = [
        "| what | exit | seconds | rows lost | seconds of writes lost | failed requests |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        shown = [row.lost, None if row.lost_seconds is None else f"{row.lost_seconds:.1f}", row.failed]
        cells = ["" if value is None else value for value in shown]
        lines.append(f"| {row.what} | {row.status} | {row.seconds:.0f} | {cells[0]} | {cells[1]} | {cells[2]} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {**COMPOSE, **SWARM}
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(parts)}; by default all")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"there is no part {', '.join(unknown)}")
    chosen, rows = options.parts or list(parts), []
    with tempfile.TemporaryDirectory() as name:
        for orchestrator, known in (("compose", COMPOSE), ("swarm", SWARM)):
            if wanted := [known[part] for part in chosen if part in known]:
                (folder := Path(name) / orchestrator).mkdir()
                rows += carry_out(folder, orchestrator, wanted)
    found = [f"problem: {row.what}: {problem}" for row in rows for problem in row.problems]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
