# SPDX-License-Identifier: GPL-3.0-or-later
"""A job every minute on three managers over deploys, a killed manager and a reboot: each moment once, and only once.

The job itself writes a row with the moment for which it ran, into a Redis that has it on disk when it answers. The
manager that has this Redis stays; of the others one is killed a moment before a run is due, the leader where it is one
of them, and one is rebooted. The exit status is 1 when a moment has no row, or two.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.driver import power
from tests.load.swarm.cluster import Cluster, Node

HERE = Path(__file__).parent
BEFORE = 3  # seconds before a run is due, at which a manager is killed


def moments(rows: list[str]) -> list[str]:
    """Return all whole minutes from the first row to the last one."""
    stamps = [datetime.fromisoformat(row.replace("Z", "+00:00")).timestamp() for row in rows]
    found = range(int(min(stamps)), int(max(stamps)) + 1, 60)
    return [datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for stamp in found]


def judge(rows: list[str]) -> tuple[list[str], list[str]]:
    """Return the moments that have no row, and those that have several."""
    counted = Counter(rows)
    return [m for m in moments(rows) if m not in counted], [m for m, number in counted.items() if number > 1]


def until_before(seconds: float) -> None:
    """Wait until so many seconds before the next whole minute."""
    time.sleep((60 - seconds - time.time() % 60) % 60)


class Proof:
    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.began = time.monotonic()
        self.events: list[str] = []

    def note(self, what: str) -> None:
        self.events.append(f"{time.strftime('%H:%M:%S', time.gmtime())} {what}")
        print(self.events[-1], file=sys.stderr, flush=True)

    def deploy(self, number: int) -> None:
        self.cluster.must("playbooks/deploy.yml", "-e", f"step={number}")
        self.note(f"deploy {number}")

    def data_node(self) -> Node:
        (name,) = self.cluster.places("proof_redis", self.cluster.manager())
        return next(node for node in self.cluster.nodes if node.name == name)

    def rows(self) -> list[str]:
        inner = "docker exec $(docker ps --quiet --filter name=proof_redis) redis-cli lrange runs 0 -1"
        return self.cluster.on(self.data_node(), f"sh -c '{inner}'").split()

    def kill(self, node: Node) -> None:
        boot = self.cluster.booted(node)
        until_before(BEFORE)
        power(node.id, "power_off")
        self.note(f"killed {node.name}")
        time.sleep(75)
        power(node.id, "power_on")
        self.back(node, boot)

    def reboot(self, node: Node) -> None:
        boot = self.cluster.booted(node)
        power(node.id, "reboot")
        self.note(f"rebooted {node.name}")
        self.back(node, boot)

    def back(self, node: Node, boot: str) -> None:
        assert self.cluster.seconds_until(lambda: self.cluster.is_back(node, boot), 240) is not None, (
            f"{node.name} is away"
        )
        self.note(f"{node.name} is back")

    def run(self, deploys: int) -> int:
        self.deploy(0)
        data, leader = self.data_node(), self.cluster.leader()
        others = sorted((n for n in self.cluster.nodes if n != data), key=lambda node: node != leader)
        for number in range(1, deploys + 1):
            self.deploy(number)
            if number == deploys // 3:
                self.kill(others[0])
            if number == 2 * deploys // 3:
                self.reboot(others[1])
        until_before(-20 if time.time() % 60 < 20 else 40)  # the last run has ended
        return self.told(data)

    def told(self, data: Node) -> int:
        rows = self.rows()
        missing, double = judge(rows)
        listed = self.cluster.on(data, "izzzi -a proof jobs --format json", check=False)
        last = json.loads(listed)[0]["last"] if listed else None
        print(f"{len(rows)} rows for {len(moments(rows))} moments, {len(missing)} missing, {len(double)} twice.")
        print(*self.events, sep="\n")
        for what, found in (("no row", missing), ("several rows", double)):
            print(*(f"{moment} has {what}" for moment in found), sep="\n", end="\n" if found else "")
        print(f"The ledger's last run: {last['state']}, {last['id']}" if last else "The ledger has no run")
        return int(bool(missing or double or not last or last["state"] != "ok" or len(rows) < 5))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deploys", type=int, default=10, help="how many, 3 at least")
    options = parser.parse_args()
    own = yaml.safe_load((HERE / "vars.yml").read_text())
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), own, environment="production") as cluster:
        return Proof(cluster).run(max(options.deploys, 3))


if __name__ == "__main__":
    sys.exit(main())
