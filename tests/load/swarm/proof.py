"""A Swarm under load: releases, scale, nodes that are drained, rebooted and killed; beside it plain Docker commands.

Every line on standard output is `name: value`; problems come last and make the exit status 1.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.driver import power
from tests.load.swarm import move
from tests.load.swarm.cluster import Cluster, Node
from tests.load.swarm.stacks import BAD, Ours, Outcome, Plain
from tests.load.swarm.visitors import Visitors

HERE = Path(__file__).parent
FULL_AGAIN = 240


@dataclass
class Row:
    what: str
    who: str
    seconds: float = 0
    status: int = 0
    sent: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.who} {self.what}".lower().replace(" ", "_").replace(",", "").replace(".", "_")


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

    def measure(
        self,
        what: str,
        stack: Ours | Plain,
        operation: Callable[[], Outcome],
        visited: Iterable[Node] = (),
        good: bool = True,
        planned: bool = True,
        settled: Callable[[], float | None] | None = None,
        rows: bool = True,
    ) -> Row:
        row = Row(what, stack.name)
        if rows:
            self._redis(f"rpush rows {what.split()[0]}")
            self.written += 1
        with Visitors(list(visited) or self.cluster.nodes, stack.port, self.rate) as visitors:
            begun = time.monotonic()
            outcome = operation()
            waited = settled() if settled else 0.0
            row.seconds, row.status = time.monotonic() - begun, outcome.status
            time.sleep(2)
        row.sent, row.failed = visitors.sent, visitors.failed
        if stack is self.ours:
            if good != (row.status == 0):
                row.problems.append(f"exit {row.status}: {outcome.output[-1500:]}")
            if planned and row.failed:
                row.problems.append(f"{row.failed} failed requests: {visitors.first_failures}")
            row.problems += self._lost_rows() if rows else []
        if waited is None:
            row.problems.append("it did not settle")
        self.rows.append(row)
        print(
            f"# {row.who}, {row.what}: exit {row.status}, {row.seconds:.0f} s, {row.failed} of {row.sent} failed",
            file=sys.stderr,
            flush=True,
        )
        for text in visitors.first_failures if row.failed else []:
            print(f"#   {text}", file=sys.stderr, flush=True)
        return row

    # What is done.

    def releases(self, options: argparse.Namespace) -> None:
        for _ in range(options.good):
            self.measure("good release", self.ours, self.ours.release)
        for name, (kind, more) in itertools.islice(BAD.items(), options.bad):
            row = self.measure(
                f"bad release, {name}", self.ours, lambda k=kind, m=more: self.ours.release(k, m), good=False
            )
            if not row.problems and self.cluster.replicas(self.ours.service, self.cluster.manager()) != 2:
                row.problems.append("there are not 2 tasks after it")

    def scale(self, _options: argparse.Namespace) -> None:
        for replicas in (4, 2):
            row = self.measure(f"scale to {replicas}", self.ours, lambda n=replicas: self.ours.scale(n))
            if (found := self.cluster.replicas(self.ours.service, self.cluster.manager())) != replicas:
                row.problems.append(f"{found} tasks run")

    def drain(self, options: argparse.Namespace) -> None:
        """Visitors go to the other nodes meanwhile: nginx on a closed node ends."""
        for node in self.cluster.nodes[-1:] if options.short else self.cluster.nodes:
            others = [other for other in self.cluster.nodes if other != node]
            self.measure("drain", self.ours, lambda n=node: self.ours.drain(n), others, rows=False)
            if not options.short:
                self.measure("reboot of a drained node", self.ours, lambda n=node: self._reboot(n), others, rows=False)
            self.measure("activate", self.ours, lambda n=node: self.ours.activate(n), others)

    def _reboot(self, node: Node) -> Outcome:
        power(node.id, "reboot")
        back = self.cluster.seconds_until(lambda: node.name in self.cluster.ready(self.cluster.manager(node)), 120)
        return Outcome(0 if back is not None else 1, "it did not come back")

    def replace(self, _options: argparse.Namespace) -> None:
        node = self.cluster.nodes[-1]
        others = self.cluster.nodes[:-1]
        self.measure("replacement of a node", self.ours, lambda: self.ours.replace(node), others)

    def plain(self, _options: argparse.Namespace) -> None:
        """The same by plain commands: they are measured, not judged."""
        plain, node = self.beside, self.cluster.nodes[-1]
        assert plain.release().status == 0
        plain.settled(2)
        self.measure("good release", plain, plain.release, settled=lambda: plain.settled(2))
        self.measure(
            "bad release, unhealthy", plain, lambda: plain.release("unhealthy"), settled=lambda: plain.settled(2)
        )
        self.measure("scale to 4", plain, lambda: plain.scale(4), settled=lambda: plain.settled(4))
        self.measure("scale to 2", plain, lambda: plain.scale(2), settled=lambda: plain.settled(2))
        others = [other for other in self.cluster.nodes if other != node]
        self.measure("drain", plain, lambda: plain.drain(node), others, settled=lambda: plain.settled(2))
        self.measure("activate", plain, lambda: plain.activate(node), others, settled=lambda: plain.settled(2))

    def kill(self, options: argparse.Namespace) -> None:
        if self.cluster.replicas(self.beside.service, self.cluster.manager()) == 0:
            self.beside.release()
            self.beside.settled(2)
        self.killed("kill of a worker", self.cluster.nodes[-1])
        if options.managers > 1:
            leader = self.cluster.leader()
            self.killed("kill of a manager", next(n for n in self.cluster.nodes if n.is_manager and n != leader))
            self.killed("kill of the leader", self.cluster.leader())

    def killed(self, what: str, node: Node) -> None:
        """Both stacks meet the same death; visitors go to the other nodes."""
        others = [other for other in self.cluster.nodes if other != node]
        asked = self.cluster.manager(node)
        stacks = [self.ours, self.beside]
        counts = {stack.name: Row(what, stack.name) for stack in stacks}
        self._redis("rpush rows kill")
        self.written += 1
        visitors = [Visitors(others, stack.port, self.rate) for stack in stacks]
        with visitors[0], visitors[1]:
            power(node.id, "power_off")  # a hard one: everything on the node is killed at once
            begun = time.monotonic()
            missing = {stack.name: stack for stack in stacks}
            # The dead node's tasks count until Swarm has noticed.
            self.cluster.seconds_until(lambda: node.name not in self.cluster.ready(asked), FULL_AGAIN)
            while missing and time.monotonic() - begun < FULL_AGAIN:
                for name, stack in list(missing.items()):
                    if self.cluster.replicas(stack.service, asked) == 2:
                        counts[name].seconds = time.monotonic() - begun
                        del missing[name]
                time.sleep(0.5)
            power(node.id, "power_on")
            self.cluster.seconds_until(lambda: node.name in self.cluster.ready(asked), 120)
        for stack, seen in zip(stacks, visitors, strict=True):
            row = counts[stack.name]
            row.sent, row.failed = seen.sent, seen.failed
            if stack.name in missing:
                row.problems.append(f"not all tasks were back within {FULL_AGAIN} s")
            self.rows.append(row)
            print(
                f"# {row.who}, {what}: full again after {row.seconds:.0f} s, {row.failed} of {row.sent} failed",
                file=sys.stderr,
                flush=True,
            )
        counts[self.ours.name].problems += self._lost_rows()


def lines(rows: list[Row]) -> Iterable[str]:
    """For each kind of operation its number, the longest time, the statuses, and the requests in all."""
    for key in dict.fromkeys(row.key for row in rows):
        mine = [row for row in rows if row.key == key]
        yield f"{key}_runs: {len(mine)}"
        yield f"{key}_seconds: {max(row.seconds for row in mine):.0f}"
        yield f"{key}_exit_status: {','.join(sorted({str(row.status) for row in mine}))}"
        yield f"{key}_requests: {sum(row.sent for row in mine)}"
        yield f"{key}_failed_requests: {sum(row.failed for row in mine)}"
    ours = [row for row in rows if row.who == Ours.name and "kill" not in row.what]
    yield f"planned_operations: {len(ours)}"
    yield f"planned_requests: {sum(row.sent for row in ours)}"
    yield f"planned_failed_requests: {sum(row.failed for row in ours)}"

    yield f"planned_problems: {sum(len(row.problems) for row in ours)}"


PARTS = ("releases", "scale", "drain", "replace", "plain", "kill")


def swarm(options: argparse.Namespace, folder: Path) -> list[Row]:
    own = yaml.safe_load((HERE / "vars.yml").read_text())
    own |= {"proof_managers": options.managers, "proof_workers": options.workers}
    # Hardening the hosts takes a while and is proven elsewhere.
    with Cluster(folder, own, *(["--tags", "docker,swarm_cluster"] if options.short else [])) as cluster:
        proof = Proof(cluster, options.rate)
        proof.first()
        try:
            for part in options.parts:
                getattr(proof, part)(options)
        finally:
            print("\n".join(lines(proof.rows)), flush=True)
        return proof.rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join([*PARTS, 'move'])}; by default all")
    parser.add_argument("--short", action="store_true", help="3 nodes, 2 good and 2 bad releases, one drain, one kill")
    parser.add_argument("--managers", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--good", type=int)
    parser.add_argument("--bad", type=int)
    parser.add_argument("--rate", type=int, default=5, help="requests a second to each node")
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS, "move"}:
        parser.error(f"there is no part {', '.join(unknown)}")
    options.managers = options.managers or (1 if options.short else 3)
    options.good = (2 if options.short else 10) if options.good is None else options.good
    options.bad = (2 if options.short else len(BAD)) if options.bad is None else options.bad
    chosen = options.parts or [p for p in (*PARTS, "move") if not options.short or p not in ("replace", "move")]
    options.parts = [part for part in chosen if part != "move"]
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.parts:
            (folder / "swarm").mkdir()
            rows = swarm(options, folder / "swarm")
            problems += [f"problem: {row.who}, {row.what}: {problem}" for row in rows for problem in row.problems]
        if "move" in chosen:
            (folder / "move").mkdir()
            problems += move.prove(folder / "move", options.rate)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
