# SPDX-License-Identifier: GPL-3.0-or-later
"""A Swarm under load: releases, scale, nodes that are drained, rebooted and killed; beside it plain Docker commands.

Standard output gets a table with a line for each kind of operation; problems come last and make the exit status 1.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.driver import power
from tests.load.swarm import move, one_server
from tests.load.swarm.cluster import Cluster, Node
from tests.load.swarm.stacks import BAD, Ours, Outcome, Plain
from tests.load.swarm.visitors import Visitors, Watch

HERE = Path(__file__).parent
OUTDATED = HERE / "outdated.sh"
FULL_AGAIN = 240


@dataclass
class Row:
    what: str
    who: str
    seconds: float | None = 0  # None: not within the time that it got
    status: int = 0
    sent: int = 0
    failed: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)


class Proof:
    def __init__(self, cluster: Cluster, rate: int):
        self.cluster, self.rate = cluster, rate
        self.ours = Ours(cluster)
        self.rows: list[Row] = []
        self.written = 0

    def first(self) -> None:
        outcome = self.ours.release()
        assert outcome.status == 0, outcome.output[-4000:]
        self.beside = Plain(self.cluster, self.ours)

    # The database: one row before each operation, and all of them are there after it.

    def _redis(self, command: str) -> str:
        inner = f"docker exec $(docker ps --quiet --filter name=proof_redis) redis-cli {command}"
        for node in self.cluster.nodes:
            answer = self.cluster.on(node, f"sh -c '{inner} 2>/dev/null'", check=False).strip()
            if answer.isdigit():
                return answer
        return ""

    def _lost_rows(self) -> list[str]:
        found = self.cluster.seconds_until(lambda: self._redis("llen rows") == str(self.written), 60)
        return [] if found is not None else [f"of {self.written} rows there are {self._redis('llen rows') or 'none'}"]

    def _write_row(self, what: str) -> None:
        """Redis has it on disk when it answers."""
        self.written += 1
        assert self._redis(f"rpush rows {what.split()[0]}") == str(self.written), f"{self.written} rows are not there"

    def measure(
        self,
        what: str,
        stack: Ours | Plain,
        operation: Callable[[], Outcome],
        visited: Iterable[Node] = (),
        good: bool = True,
        settled: Callable[[], float | None] | None = None,
        write: bool = True,
        read: bool = True,
    ) -> Row:
        """`write` and `read` say whether the database stands at the beginning, and at the end."""
        row = Row(what, stack.name)
        if write:
            self._write_row(what)
        with Visitors(list(visited) or self.cluster.nodes, stack.port, self.rate) as visitors:
            begun = time.monotonic()
            outcome = operation()
            waited = settled() if settled else 0.0
            row.seconds, row.status = None if waited is None else time.monotonic() - begun, outcome.status
            time.sleep(2)
        row.sent, row.failed, row.changed = visitors.sent, visitors.failed, outcome.changed
        if stack is self.ours:
            if good != (row.status == 0):
                row.problems.append(f"exit {row.status}: {outcome.output[-1500:]}")
            if row.failed:
                row.problems.append(f"{row.failed} failed requests: {visitors.first_failures}")
            row.problems += self._lost_rows() if read else []
        self.rows.append(row)
        told(row, f"exit {row.status}", visitors.first_failures)
        return row

    # What is done.

    def releases(self, options: argparse.Namespace) -> None:
        for _ in range(options.good):
            self.measure("good release", self.ours, self.ours.release)
        for name, (kind, more) in itertools.islice(BAD.items(), options.bad):
            row = self.measure(f"bad release, {name}", self.ours, partial(self.ours.release, kind, more), good=False)
            if not row.problems and self.cluster.replicas(self.ours.service, self.cluster.manager()) != 2:
                row.problems.append("there are not 2 tasks after it")

    def scale(self, _options: argparse.Namespace) -> None:
        for replicas in (4, 2):
            row = self.measure(f"scale to {replicas}", self.ours, partial(self.ours.scale, replicas))
            if (found := self.cluster.replicas(self.ours.service, self.cluster.manager())) != replicas:
                row.problems.append(f"{found} tasks run")

    def drain(self, options: argparse.Namespace) -> None:
        """Visitors go to the other nodes meanwhile: nginx on a closed node ends."""
        one = self.cluster.busiest(self.workers, self.ours.service)
        for node in [one] if options.short else self.cluster.nodes:
            others = [other for other in self.cluster.nodes if other != node]
            self.measure("drain", self.ours, partial(self.ours.drain, node), others, read=False)
            if not options.short:
                reboot = partial(self._reboot, node)
                self.measure("reboot of a drained node", self.ours, reboot, others, write=False, read=False)
            self.measure("activate", self.ours, partial(self.ours.activate, node), others, write=False)

    @property
    def workers(self) -> list[Node]:
        return [node for node in self.cluster.nodes if not node.is_manager]

    def _reboot(self, node: Node) -> Outcome:
        before = self.cluster.booted(node)
        power(node.id, "reboot")
        back = self.cluster.seconds_until(lambda: self.cluster.is_back(node, before), 180)
        return Outcome(0 if back is not None else 1, "it did not come back")

    def update(self, _options: argparse.Namespace) -> None:
        """A new version of a package on every node asks for a reboot. Visitors come through a load balancer."""
        behind = [self.cluster.balancer()]
        for node in self.cluster.nodes:
            self.cluster.on(node, "sh -s", text=OUTDATED.read_text())
        before = {node.name: self.cluster.booted(node) for node in self.cluster.nodes}
        with Watch(self.cluster) as watch:
            row = self.measure("update with a reboot of each node", self.ours, self.ours.update, behind)
        row.problems += self._rebooted(before, watch)
        found = {
            self.cluster.on(n, "dpkg-query --show --showformat '${Version}' izzzi-proof") for n in self.cluster.nodes
        }
        row.problems += [] if found == {"1.1"} else [f"versions of the package: {found}"]
        again = self.measure("update without anything to do", self.ours, self.ours.update, behind)
        again.problems += [] if again.changed == 0 else [f"the second run changed {again.changed}"]

    def night(self, _options: argparse.Namespace) -> None:
        """All nodes want to reboot by themselves, and the nights of all managers begin at once. Then a person
        closes one."""
        behind = [self.cluster.balancer()]
        before = {node.name: self.cluster.booted(node) for node in self.cluster.nodes}
        with Watch(self.cluster) as watch:
            row = self.measure("all nodes want to reboot", self.ours, lambda: self._night(before), behind)
        row.problems += self._rebooted(before, watch)
        node, through = self.workers[0], "through a load balancer"
        self.measure(f"drain, {through}", self.ours, partial(self.ours.drain, node), behind, read=False)
        self.measure(f"activate, {through}", self.ours, partial(self.ours.activate, node), behind, write=False)

    def _night(self, before: dict[str, str]) -> Outcome:
        for node in self.cluster.nodes:
            self.cluster.on(node, "touch /run/reboot-required")
        for node in [node for node in self.cluster.nodes if node.is_manager]:
            self.cluster.on(node, "systemctl start --no-block izzzi-reboots.service")
        back = self.cluster.seconds_until(lambda: self._all_back(before), 1800)
        return Outcome(0 if back is not None else 1, "not all nodes are back and open")

    def _all_back(self, before: dict[str, str]) -> bool:
        if any(self.cluster.booted(node) in ("", before[node.name]) for node in self.cluster.nodes):
            return False
        listed = self.cluster.on(
            self.cluster.manager(), "docker node ls --format '{{.Status}} {{.Availability}}'", check=False
        )
        return listed.split("\n")[:-1] == ["Ready Active"] * len(self.cluster.nodes)

    def _rebooted(self, before: dict[str, str], watch: Watch) -> list[str]:
        left = [node.name for node in self.cluster.nodes if self.cluster.booted(node) == before[node.name]]
        found = [f"did not reboot: {', '.join(left)}"] if left else []
        return found + [f"away at once: {', '.join(names)}" for names in sorted(watch.together)]

    def replace(self, _options: argparse.Namespace) -> None:
        node = self.cluster.nodes[-1]
        others = self.cluster.nodes[:-1]
        self.measure("replacement of a node", self.ours, lambda: self.ours.replace(node), others)

    def plain(self, _options: argparse.Namespace) -> None:
        """The same by plain commands: they are measured, not judged."""
        plain = self.beside
        self._begin_beside()
        self.measure("good release", plain, plain.release, settled=lambda: plain.settled(2))
        self.measure(
            "bad release, unhealthy", plain, lambda: plain.release("unhealthy"), settled=lambda: plain.settled(2)
        )
        self.measure("scale to 4", plain, lambda: plain.scale(4), settled=lambda: plain.settled(4))
        self.measure("scale to 2", plain, lambda: plain.scale(2), settled=lambda: plain.settled(2))
        node = self.cluster.busiest(self.workers, plain.service)
        others = [other for other in self.cluster.nodes if other != node]
        self.measure("drain", plain, lambda: plain.drain(node), others, settled=lambda: plain.settled(2))
        self.measure("activate", plain, lambda: plain.activate(node), others, settled=lambda: plain.settled(2))

    def _begin_beside(self) -> None:
        """Plain Docker's stack; its nginx needs a moment longer than its tasks."""
        if self.cluster.replicas(self.beside.service, self.cluster.manager()) == 0:
            assert self.beside.release().status == 0
            assert self.beside.settled(2) is not None
            time.sleep(10)

    def kill(self, options: argparse.Namespace) -> None:
        """Of several nodes the one with most tasks of both stacks."""
        self._begin_beside()
        both = (self.ours.service, self.beside.service)
        self.killed("kill of a worker", self.cluster.busiest(self.workers, *both))
        if options.managers > 1:
            leader = self.cluster.leader()
            managers = [node for node in self.cluster.nodes if node.is_manager and node != leader]
            self.killed("kill of a manager", self.cluster.busiest(managers, *both))
            self.killed("kill of the leader", self.cluster.leader())

    def killed(self, what: str, node: Node) -> None:
        """Both stacks meet the same death; visitors go to the other nodes."""
        others = [other for other in self.cluster.nodes if other != node]
        asked = self.cluster.manager(node)
        stacks = [self.ours, self.beside]
        rows = {stack.name: Row(what, stack.name, seconds=None) for stack in stacks}
        self._write_row("kill")
        boot = self.cluster.booted(node)
        visitors = [Visitors(others, stack.port, self.rate) for stack in stacks]
        with visitors[0], visitors[1]:
            begun = time.monotonic()
            power(node.id, "power_off")  # a hard one: everything on the node is killed at once
            # The dead node's tasks count until Swarm has noticed.
            self.cluster.seconds_until(lambda: node.name not in self.cluster.ready(asked), FULL_AGAIN)
            missing = list(stacks)
            while missing and time.monotonic() - begun < FULL_AGAIN:
                for stack in [s for s in missing if self.cluster.replicas(s.service, asked) == 2]:
                    rows[stack.name].seconds = time.monotonic() - begun
                    missing.remove(stack)
                time.sleep(0.5)
            power(node.id, "power_on")
            back = self.cluster.seconds_until(lambda: self.cluster.is_back(node, boot), 180)
        for stack, seen in zip(stacks, visitors, strict=True):
            row = rows[stack.name]
            row.sent, row.failed = seen.sent, seen.failed
            self.rows.append(row)
            told(row, "all tasks again", seen.first_failures)
        ours = rows[self.ours.name]
        ours.problems += self._lost_rows()
        ours.problems += [] if ours.seconds is not None else [f"not all tasks were back within {FULL_AGAIN} s"]
        ours.problems += [] if back is not None else [f"{node.name} did not come back"]


def told(row: Row, what: str, failures: list[str]) -> None:
    """On standard error, as soon as it is known."""
    text = f"# {row.who}, {row.what}: {what} after {seconds(row.seconds)}, {row.failed} of {row.sent} requests failed"
    print("\n#   ".join([text, *(failures if row.failed else []), *row.problems]), file=sys.stderr, flush=True)


def seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"


def table(rows: list[Row]) -> str:
    """A line for each kind of operation of each side; of several the longest time and the sum of the requests."""
    lines = ["| operation | by | runs | exit | seconds | requests | failed |", "|---|---|---|---|---|---|---|"]
    for what in dict.fromkeys(row.what for row in rows):
        for who in (Ours.name, Plain.name):
            if mine := [row for row in rows if (row.what, row.who) == (what, who)]:
                times = [row.seconds for row in mine]
                longest = "never" if None in times else f"{max(times):.0f}"
                status = "-" if what.startswith("kill") else ", ".join(sorted({str(row.status) for row in mine}))
                sent, failed = sum(row.sent for row in mine), sum(row.failed for row in mine)
                lines.append(f"| {what} | {who} | {len(mine)} | {status} | {longest} | {sent:,} | {failed:,} |")
    planned = [row for row in rows if row.who == Ours.name and "kill" not in row.what]
    sent, failed = sum(row.sent for row in planned), sum(row.failed for row in planned)
    lines.append(f"\nplanned operations of {Ours.name}: {len(planned)}, {sent:,} requests, {failed:,} failed")
    return "\n".join(lines)


PARTS = ("releases", "scale", "drain", "update", "night", "replace", "plain", "kill")
ALONE = ("move", "one")  # on droplets of their own
LONG = {"update", "night", "replace", *ALONE}  # that --short leaves out


def swarm(options: argparse.Namespace, folder: Path) -> list[Row]:
    own = yaml.safe_load((HERE / "vars.yml").read_text())
    own |= {"proof_managers": options.managers, "proof_workers": options.workers}
    own |= own.pop("proof_balancer") if {"update", "night"} & {*options.parts} else {}
    # Hardening the hosts takes a while and is proven elsewhere.
    with Cluster(folder, own, *(["base"] if options.short else [])) as cluster:
        proof = Proof(cluster, options.rate)
        proof.first()
        try:
            for part in options.parts:
                getattr(proof, part)(options)
        finally:
            print(table(proof.rows), flush=True)
        return proof.rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join([*PARTS, *ALONE])}; by default all")
    parser.add_argument("--short", action="store_true", help="3 nodes, 2 good and 2 bad releases, one drain, one kill")
    parser.add_argument("--managers", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--good", type=int)
    parser.add_argument("--bad", type=int)
    parser.add_argument("--rate", type=int, default=5, help="requests a second to each node")
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS, *ALONE}:
        parser.error(f"there is no part {', '.join(unknown)}")
    options.managers = options.managers or (1 if options.short else 3)
    options.good = (2 if options.short else 10) if options.good is None else options.good
    options.bad = (2 if options.short else len(BAD)) if options.bad is None else options.bad
    chosen = options.parts or [part for part in (*PARTS, *ALONE) if not (options.short and part in LONG)]
    options.parts = [part for part in chosen if part not in ALONE]
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.parts:
            (folder / "swarm").mkdir()
            rows = swarm(options, folder / "swarm")
            problems += [f"problem: {row.who}, {row.what}: {problem}" for row in rows for problem in row.problems]
        if "one" in chosen:
            (folder / "one").mkdir()
            problems += one_server.prove(folder / "one", options.rate, OUTDATED.read_text())
        if "move" in chosen:
            (folder / "move").mkdir()
            problems += move.prove(folder / "move", options.rate)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
