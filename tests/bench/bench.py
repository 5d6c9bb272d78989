# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `name: value` lines: what the playbooks cost beside the shortest shell script that leads to the same.

Empties the sandbox's account. From an empty account to the live app is measured once on each side, and by the
checkout's strategy only, since that takes minutes: first ours, then the floor (floor.sh) on a droplet of its own,
beside ours, which is idle meanwhile. From then on both droplets are there, and all else is measured in pairs, the
floor's second run and one of ours in turn, ROUNDS times, by mitogen's strategy, which is the checkout's, and by
Ansible's own (with pipelining, as ansible.cfg says).

Printed are medians, and the median of the pairs' ratios. Ratios are what to compare between machines; seconds are this
machine's, at this moment. Goals are printed beside them and decide nothing; a run that fails, or that changes something
where there is nothing to change, ends the bench with an error.

The last round's profiles are in artifacts/bench: each run's phases, and each of its tasks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import floor  # noqa: E402 - after the path
from tests.bench.figures import paired, say  # noqa: E402
from tests.e2e.driver import (  # noqa: E402
    ARTIFACTS,
    BIN,
    SANDBOX_HOME,
    Run,
    droplet_address,
    http,
    run_playbook,
)

ROUNDS = 5
PROFILES = ARTIFACTS / "bench"
STRATEGIES = {"mitogen": "mitogen_linear", "linear": "linear"}
COLD_GOAL = 1.15


@dataclass(frozen=True)
class Case:
    """A command, and its goals: seconds by strategy, and the ratio to the floor where the floor does the same."""

    name: str
    command: str
    seconds: dict[str, float] = field(default_factory=dict)
    ratio: float = 0.0


COLD = Case("site_cold", "playbooks/site.yml")
CASES = (
    Case("site_noop", "playbooks/site.yml", {"mitogen": 10, "linear": 12}, 1.1),
    Case("site_check", "playbooks/site.yml --check --diff"),
    Case("site_tags_nginx", "playbooks/site.yml --tags nginx", {"mitogen": 4, "linear": 4}),
    Case("plan", "playbooks/plan.yml", {"mitogen": 3, "linear": 3}),
    Case("status", "playbooks/status.yml", {"mitogen": 3, "linear": 3}),
)
Figure = tuple[str, float | int, str]  # name, value, goal


def at_most(goal: float) -> str:
    return f"at most {goal:g}" if goal else ""


def figures(case: Case, strategy: str, pairs: Sequence[tuple[float, float]]) -> list[Figure]:
    """Return what is printed of the pairs (floor, ours). Pure."""
    name, found = f"{case.name}_{strategy}", paired(pairs)
    return [
        (f"{name}_seconds", found.ours, at_most(case.seconds.get(strategy, 0.0))),
        (f"{name}_floor_seconds", found.floor, ""),
        (f"{name}_ratio_to_floor", found.ratio, at_most(case.ratio)),
    ]


@dataclass(frozen=True)
class Taken:
    """One run: seconds, requests that it sent to the API, and what its recap said."""

    seconds: float
    requests: int
    run: Run


def take(case: Case, strategy: str) -> Taken:
    """Run a command, with its profile into files that the next run of the same writes anew."""
    place = PROFILES / f"{case.name}_{strategy}"
    environ = {
        "ANSIBLE_STRATEGY": STRATEGIES[strategy],
        "ANSIBLE_CALLBACKS_ENABLED": "izzzi.infra.phases",
        "IZZZI_PHASES_REPORT": f"{place}.phases.json",
        "IZZZI_PHASES_TASKS_REPORT": f"{place}.tasks.json",
    }
    before, start = requests_served(), time.monotonic()
    run = run_playbook(*case.command.split(), env=environ)
    seconds = time.monotonic() - start
    assert run.status == 0, run.output[-4000:]
    return Taken(seconds, requests_served() - before, run)


def requests_served() -> int:
    token = (SANDBOX_HOME / "token").read_text().strip()
    reply = http("http://127.0.0.1:8780/_sandbox/summary", headers={"Authorization": f"Bearer {token}"})
    return reply.json["requests"]


def tell_profile(case: Case, strategy: str, taken: Taken) -> None:
    """Print the phases of a run, its tasks and its requests."""
    name = f"{case.name}_{strategy}"
    phases = json.loads((PROFILES / f"{name}.phases.json").read_text())
    for phase in phases:
        short = phase["name"].rsplit(".", 1)[-1].replace(" ", "_").lower()
        say(f"{name}_{short}_seconds", float(phase["seconds"]))
    say(f"{name}_tasks", sum(phase["tasks"] for phase in phases))
    say(f"{name}_changed", taken.run.total("changed"))
    say(f"{name}_api_calls", taken.requests)


def measure_cold() -> floor.Floor:
    """Measure both ways from nothing to the live app, and return the floor, which stays beside our droplet."""
    ours = take(COLD, "mitogen")
    say("site_cold_mitogen_seconds", ours.seconds)
    tell_profile(COLD, "mitogen", ours)
    assert http(f"http://{droplet_address()}/api/health").status == 200
    made, seconds = floor.make(floor.read_model())
    say("site_cold_mitogen_floor_seconds", seconds)
    say("site_cold_mitogen_ratio_to_floor", ours.seconds / seconds, at_most(COLD_GOAL))
    return made


def measure_pairs(made: floor.Floor) -> None:
    """Measure all commands by both strategies, each right after a run of the floor."""
    kinds = [(case, strategy) for case in CASES for strategy in STRATEGIES]
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {(case.name, strategy): [] for case, strategy in kinds}
    last: dict[tuple[str, str], Taken] = {}
    for _round in range(ROUNDS):
        for case, strategy in kinds:
            floor_seconds = made.again()
            ours = take(case, strategy)
            assert ours.run.total("changed") == 0, ours.run.output[-4000:]
            pairs[case.name, strategy].append((floor_seconds, ours.seconds))
            last[case.name, strategy] = ours
    for case, strategy in kinds:
        for figure in figures(case, strategy, pairs[case.name, strategy]):
            say(*figure)
        tell_profile(case, strategy, last[case.name, strategy])


def reset() -> None:
    subprocess.run([BIN / "izzzi-sandbox", "reset", "--yes"], check=True, stdout=subprocess.DEVNULL, timeout=300)


def main() -> None:
    PROFILES.mkdir(parents=True, exist_ok=True)
    say("load_at_start", os.getloadavg()[0])
    reset()
    measure_pairs(measure_cold())
    reset()
    say("load_at_end", os.getloadavg()[0])


if __name__ == "__main__":
    main()
