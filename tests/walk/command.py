# SPDX-License-Identifier: GPL-3.0-or-later
"""The long walk: `scripts/walk [KIND] STEPS`. It is taken up where it was stopped, and ends with the first failure."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TextIO

from tests.walk.walk import GROUNDS, Ground, ground, walk

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".cache" / "walk"


class Progress:
    """What is walked already, in a file of its own for each kind."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file.exists() else {}
        self.seed = kept.get("seed", 1)
        self.steps = kept.get("steps", 0)

    def begin(self, wanted: int) -> None:
        """A walk that was finished is followed by one on new seeds."""
        if self.steps >= wanted:
            self.steps = 0

    def add(self, steps: int) -> None:
        self.steps += steps
        self.seed += 1
        self.save()

    def failed(self, steps: int) -> None:
        """Its steps were walked, too."""
        self.steps += steps
        self.save()

    def save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({"seed": self.seed, "steps": self.steps}) + "\n")
        new.replace(self._file)


def go(name: str, where: Ground, wanted: int, progress: Progress, out: TextIO = sys.stdout) -> bool:
    """Whether so many steps were walked without a failure. The seed that failed is the first of the next call."""
    progress.begin(wanted)
    while progress.steps < wanted:
        started = time.monotonic()
        outcome = walk(where, progress.seed)
        if outcome.failure:
            print(f"{name}: seed {progress.seed} failed. The shortest sequence:\n{outcome.failure}", file=out)
            print(f"{name}: again: scripts/walk {name} --seed {progress.seed}", file=out)
            progress.failed(outcome.steps)
            return False
        progress.add(outcome.steps)
        took = f"seed {progress.seed - 1}: {outcome.steps} in {time.monotonic() - started:.0f} s"
        print(f"{name}: {progress.steps} of {wanted} steps ({took})", file=out, flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/walk", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=[*GROUNDS, "all"], default="all")
    parser.add_argument("steps", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, help="walk this seed only, whatever was walked before")
    options = parser.parse_args()
    names = list(GROUNDS) if options.kind == "all" else [options.kind]
    if options.seed is not None:
        outcomes = {name: walk(ground(name), options.seed) for name in names}
        for name, outcome in outcomes.items():
            print(f"{name}: {outcome.steps} steps. {outcome.failure or 'No failure.'}")
        return int(any(outcome.failure for outcome in outcomes.values()))
    done = [go(name, ground(name), options.steps, Progress(PLACE / f"{name}.json")) for name in names]
    return int(not all(done))


if __name__ == "__main__":
    sys.exit(main())
