# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `name: value` lines: how long new code takes until visitors have it, beside `docker compose up --build`.

Empties the sandbox's account, makes the demo live, and the same app on a droplet of its own by floor.sh. Then, in
pairs: the same line is added to the source on both sides, once of one service and once of all; the floor builds and
starts it by plain Compose, which stops what visitors have first; ours by deploy.yml, which watches the new release
beside the live one. What ours may take is what the floor took, the watch, and six seconds. A rollback follows each
release.

"Live" is when a visitor gets the new release; "ends" is when the command does.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import floor  # noqa: E402 - after the path
from tests.bench.bench import COLD, PROFILES, Case, reset, take, tell_profile  # noqa: E402
from tests.bench.figures import say  # noqa: E402
from tests.e2e.driver import droplet_address, http  # noqa: E402

ROUNDS = 3
WATCH = 12.0  # app_soak, as the role's defaults have it
MORE = 6.0  # lock, source, dump, migration, start, proof and switch together
BACKEND, FRONTEND = "apps/backend/src/main.ts", "apps/frontend/app/page.tsx"
CHANGES = {"one_service": [BACKEND], "all_services": [BACKEND, FRONTEND]}
COMPOSE = "docker compose --progress quiet --project-name izzzi-blue --project-directory /opt/izzzi/blue"


class Visitor:
    """Asks the app four times a second, for as long as a command runs, and keeps when each release answered first."""

    def __init__(self, url: str) -> None:
        self.url, self.first_seen, self._ended = url, {}, threading.Event()

    def look(self) -> str:
        release = http(self.url).json["release"]
        self.first_seen.setdefault(release, time.monotonic())
        return release

    @contextmanager
    def watching(self) -> Iterator[None]:
        def loop() -> None:
            while not self._ended.wait(0.25):
                self.look()

        self._ended.clear()
        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def edit(folder: Path, files: list[str], word: str) -> None:
    for name in files:
        with (folder / name).open("a") as file:
            file.write(f"// {word}\n")


def release_of_floor(made: floor.Floor, files: list[str], word: str) -> float:
    """Return the seconds of plain Compose, after the same edit of the source that it builds from."""
    sources = " ".join(f"/opt/izzzi/releases/*/source/{name}" for name in files)
    shell = ["docker", "exec", made.container, "sh", "-ec"]
    subprocess.run([*shell, f"for file in {sources}; do echo '// {word}' >> $file; done"], check=True)
    start = time.monotonic()
    run = f"{COMPOSE} up --build --detach --wait"
    subprocess.run([*shell, run], check=True, stdout=subprocess.DEVNULL, timeout=900)
    return time.monotonic() - start


def timed(case: Case, visitor: Visitor) -> tuple[float, float]:
    """Return after how many seconds visitors had another release, and after how many the command ended."""
    before, start = visitor.look(), time.monotonic()
    visitor.first_seen = {before: start}
    with visitor.watching():
        taken = take(case, "mitogen")
    assert visitor.look() != before, taken.run.output[-4000:]
    (live,) = [seen for release, seen in visitor.first_seen.items() if release != before]
    return live - start, taken.seconds


def measure(made: floor.Floor, source: Path) -> None:
    visitor = Visitor(f"http://{droplet_address()}/api/health")
    declared = json.dumps({"app_source": {"path": str(source)}}, separators=(",", ":"))
    for name, files in CHANGES.items():
        deploy = Case(f"release_{name}", f"playbooks/deploy.yml -e {declared}")
        back = Case(f"rollback_{name}", f"playbooks/rollback.yml -e {declared}")
        floors, lives, ends, backs, back_ends = [], [], [], [], []
        for round in range(ROUNDS):
            floors.append(release_of_floor(made, files, f"round {round}"))
            edit(source, files, f"round {round}")
            for case, live_in, ends_in in ((deploy, lives, ends), (back, backs, back_ends)):
                live, end = timed(case, visitor)
                live_in.append(live)
                ends_in.append(end)
        plain = median(floors)
        say(f"{deploy.name}_floor_seconds", plain)
        say(f"{deploy.name}_live_seconds", median(lives), f"at most {plain + WATCH + MORE:.0f}")
        say(f"{deploy.name}_ends_seconds", median(ends))
        say(f"{back.name}_live_seconds", median(backs), "at most 4")
        say(f"{back.name}_ends_seconds", median(back_ends))


def main() -> None:
    PROFILES.mkdir(parents=True, exist_ok=True)
    reset()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "app"
        shutil.copytree(ROOT / "examples/app", source, ignore=shutil.ignore_patterns("node_modules", ".next", "dist"))
        tell_profile(COLD, "mitogen", take(COLD, "mitogen"))
        made, _seconds = floor.make(floor.read_model())
        measure(made, source)
    reset()


if __name__ == "__main__":
    main()
