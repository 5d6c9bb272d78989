# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `name: value` lines: what many droplets, hosts, nodes and services cost, and by which power of their number.

Each is measured at three sizes, in a process of its own: seconds by the clock, seconds of the processor (`cpu`), and
the most memory that it had (`mib`). The sizes take turns in ROUNDS rounds, and the least of each counts: other work on
the machine only adds to it. What takes milliseconds is done several times in its process (`NAME_times`), so that it
stands out from the process's start; of the module `environment` only the processor's seconds are such: it does not give
its memory back, and no run of Ansible starts it twice in one process.

A slope is the power by which a cost grows with the size: 1.0 is linear, 2.0 quadratic. Two increments are compared,
from the first size to the second and from there to the third, so that what a process costs by its start, most of it
here, does not hide the growth (figures.slope). `not above the noise` is a cost that hardly grows. Of seconds the
processor's are taken, which a busy machine changes least; the sandbox's own are not among them.

No figure decides the exit status; a wrong result does. Runs a sandbox of its own, with droplets that are only
remembered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".ansible" / "collections")]

from izzzi_sandbox.account.records import Droplet  # noqa: E402 - after the path
from izzzi_sandbox.account.state import State  # noqa: E402

from tests.bench.figures import say, slope  # noqa: E402
from tests.bench.fleet import fleet  # noqa: E402
from tests.bench.many_work import TIMES  # noqa: E402
from tests.cloud.conftest import Sandbox, start, stop  # noqa: E402

HERE = Path(__file__).parent
ROUNDS = 3
DROPLETS, HOSTS, NODES, SERVICES = (50, 100, 200), (250, 500, 1000), (25, 50, 100), (12, 25, 50)
GOAL = "1.0, linear"
NOISE = {"cpu": 0.02, "mib": 4.0}  # two runs differ by that; Python takes memory in pieces of a mebibyte
Cost = dict[str, float]


class Wrong(Exception):
    """A result that is not what it must be."""


def measure(folder: Path, command: list[str | Path], environ: dict[str, str] | None = None) -> tuple[Cost, str]:
    """Return what a command cost, and its standard output."""
    report = folder / "cost.json"
    launcher = [sys.executable, "-I", "-S", HERE / "measured.py", report]  # little memory of its own
    ran = subprocess.run([*launcher, *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Wrong(
            f"{' '.join(map(str, command))} ended with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
        )
    return json.loads(report.read_text()), ran.stdout


def work(folder: Path, *arguments: object) -> tuple[Cost, str]:
    return measure(folder, [sys.executable, HERE / "many_work.py", *map(str, arguments)])


def tell(name: str, costs: dict[int, list[Cost]]) -> None:
    """Print the least cost of each size, and the slopes."""
    least = {size: {kind: min(cost[kind] for cost in runs) for kind in runs[0]} for size, runs in costs.items()}
    for size, cost in least.items():
        say(f"{name}_{size}_seconds", cost["seconds"])
        say(f"{name}_{size}_cpu_seconds", cost["cpu"])
        say(f"{name}_{size}_mib", round(cost["mib"]))
        if "requests" in cost:
            say(f"{name}_{size}_requests", round(cost["requests"]))
    for kind, noise in NOISE.items():
        say(f"{name}_slope_{kind}", slope({size: cost[kind] for size, cost in least.items()}, noise), GOAL)


def by_size(sizes: tuple[int, ...], once: Callable[[int], Cost]) -> dict[int, list[Cost]]:
    """Measure the sizes in turn, in several rounds."""
    costs: dict[int, list[Cost]] = {size: [] for size in sizes}
    for _round in range(ROUNDS):
        for size in sizes:
            costs[size].append(once(size))
    return costs


# -- module environment


def environment(folder: Path, declared: dict[str, Any], name: str) -> tuple[Cost, dict[str, Any]]:
    """Return what the module cost, and its result. What can be repeated is, for the processor's seconds."""
    (arguments := folder / "arguments.json").write_text(json.dumps({**declared, "_ansible_check_mode": name == "plan"}))
    cost, output = work(folder, "environment", arguments, 1)
    if name != "create":
        cost["cpu"] = work(folder, "environment", arguments, TIMES["environment"])[0]["cpu"]
    result = json.loads(output)
    return {**cost, "requests": result["api_calls"]}, result


def droplets(folder: Path, sandbox: Sandbox) -> None:
    """Plan and make environments, and look again with nothing to change."""
    costs: dict[str, dict[int, list[Cost]]] = {name: {n: [] for n in DROPLETS} for name in ("plan", "create", "noop")}
    for _round in range(ROUNDS):
        for count in DROPLETS:
            declared = fleet(sandbox, count)
            for name, runs in costs.items():
                cost, result = environment(folder, declared, name)
                runs[count].append(cost)
                check_result(name, count, result)
            if (found := sandbox.api("GET", "/v2/droplets")["meta"]["total"]) != count:
                raise Wrong(f"{found} droplets were made, and {count} are declared")
    for name, runs in costs.items():
        tell(f"environment_{name}", runs)


def check_result(name: str, count: int, result: dict[str, Any]) -> None:
    """Raise Wrong unless the run makes each droplet, or finds each one as it is declared."""
    wanted = "noop" if name == "noop" else "create"
    found = [step["action"] for step in result.get("plan", []) if step["kind"] == "droplet"]
    if result["changed"] != (name != "noop") or found != [wanted] * count:
        raise Wrong(f"environment, {name} of {count} droplets: {json.dumps(result)[:2000]}")


# -- the inventory


def inventory(folder: Path, sandbox: Sandbox) -> None:
    """List the hosts of an account with many droplets, with the plugins and settings of the checkout."""
    sandbox.reset()
    tags = ["izzzi:shop:staging", "izzzi:shop:staging:web"]
    one = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": tags}
    sandbox.api("POST", "/v2/droplets", one)
    (place := folder / "inventory/group_vars/all").mkdir(parents=True)
    (place / "environment.yml").write_text("provision_project: shop\nprovision_environment: staging\n")
    source = folder / "inventory/digitalocean.yml"
    source.write_text(json.dumps({"plugin": "izzzi.infra.droplets", "baseurl": f"{sandbox.url}/v2"}))
    environ = {**sandbox.environment, "DIGITALOCEAN_TOKEN": sandbox.token}
    command = [Path(sys.executable).with_name("ansible-inventory"), "-i", source, "--list"]

    def once(count: int) -> Cost:
        remember(sandbox, count)
        cost, output = measure(folder, command, environ)
        if (found := len(json.loads(output)["web"]["hosts"])) != count:
            raise Wrong(f"{found} hosts were found, and there are {count} droplets")
        return cost

    tell("inventory", by_size(HOSTS, once))


def remember(sandbox: Sandbox, count: int) -> None:
    """Make the account have so many droplets like its first one. They are written into its records: by the API there
    are no more than the sandbox's public network has addresses for."""
    state = State(sandbox.home / "state.db")
    with state.transaction():
        first, *others = state.all(Droplet)
        for other in others:
            state.remove(other)
        for number in range(1, count):
            place = f"{number // 250}.{number % 250 + 2}"
            own = {"id": first.id + number, "name": f"web-{number + 1}", "status": "active", "locked": False}
            own |= {"public_ip": f"198.18.{place}", "private_ip": f"10.100.{place}"}
            state.put(Droplet(**{**vars(first), **own}))
    state.close()


# -- a Swarm, and who can reach what


def pure(folder: Path) -> None:
    """Plan a Swarm's members, a stack, and who can reach what: by the number of nodes, then by that of services."""

    def told(name: str, sizes: tuple[int, ...], arguments: Callable[[int], tuple[int, ...]]) -> None:
        tell(name, by_size(sizes, lambda size: work(folder, name.split("_by_")[0], *arguments(size))[0]))

    told("swarm_plan_by_nodes", NODES, lambda nodes: (nodes,))
    for name in ("stack", "exposure"):
        told(f"{name}_by_nodes", NODES, lambda nodes: (nodes, max(SERVICES)))
        told(f"{name}_by_services", SERVICES, lambda services: (max(NODES), services))


@contextmanager
def started() -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory() as home:
        sandbox = start(Path(home))
        try:
            yield sandbox
        finally:
            stop(sandbox)


def main() -> None:
    say("load_at_start", os.getloadavg()[0])
    for name, times in TIMES.items():
        say(f"{name}_times", times)
    with tempfile.TemporaryDirectory() as name, started() as sandbox:
        folder = Path(name)
        pure(folder)
        droplets(folder, sandbox)
        inventory(folder, sandbox)
    say("load_at_end", os.getloadavg()[0])


if __name__ == "__main__":
    try:
        main()
    except Wrong as error:
        sys.exit(f"many: {error}")
