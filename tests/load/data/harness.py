# SPDX-License-Identifier: GPL-3.0-or-later
"""An app with backups and somebody who writes, on droplets of its own, and what each deed of a proof is measured by."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.e2e.driver import BIN, ROOT, Run, ssh
from tests.load.data.writer import TABLE, Acknowledged, Writer
from tests.load.swarm.cluster import Cluster, Node

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
    p95: float | None = None
    problems: list[str] = field(default_factory=list)


class Proof:
    """An app with backups, and somebody who writes."""

    def __init__(self, cluster: Cluster, own: dict, container: str):
        self.cluster, self.own, self.container = cluster, own, container
        self.rows: list[Row] = []

    # What is in the database.

    def home(self) -> Node:
        """The node that runs PostgreSQL now. Raise LookupError when for half a minute none does, or none answers."""
        if len(self.cluster.nodes) == 1:
            return self.cluster.nodes[0]
        named = f"docker ps --quiet --filter name={self.container}"
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for node in self.cluster.nodes:
                if self.cluster.on(node, named, check=False).strip():
                    return node
            time.sleep(1)
        raise LookupError(f"{self.container} runs on none of {', '.join(node.name for node in self.cluster.nodes)}.")

    def psql(self, node: Node) -> list:
        inner = (
            f"sudo sh -c 'docker exec -i $(docker ps -q --filter name={self.container}) psql -qAt -U proof -d proof'"
        )
        return ssh(node.public, inner, "-oConnectTimeout=5", known_hosts=self.cluster.folder / "known_hosts")

    def sql(self, text: str, timeout: float = 120) -> str:
        done = subprocess.run(
            self.psql(self.home()), input=text, text=True, capture_output=True, timeout=timeout, check=False
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

    def killed(self, after: float, name: str, *arguments: str) -> None:
        """Runs a verb and kills it after so many seconds."""
        command = [BIN / "ansible-playbook", "-i", str(self.cluster.folder / "inventory"), f"playbooks/{name}.yml"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([*command, *arguments], cwd=ROOT, **quiet, start_new_session=True)
        time.sleep(after)
        process.kill()
        process.wait()

    def red(self, row: Row, name: str, told: str, *arguments: str) -> None:
        """Runs a verb that has to fail with these words, and leave the live data as it is."""
        before = set(self.there())
        run = self.cluster.playbook(f"playbooks/{name}.yml", *arguments)
        row.status = run.status
        if run.status == 0 or told not in run.output:
            row.problems.append(f"{name}: exit {run.status} without {told!r}: {run.output[-2500:]}")
        if not before <= set(self.there()):
            row.problems.append(f"{name}: rows are gone from the live database")

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
