# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of a small app, good and bad, while a load runs on its site; each row says what it cost the visitors.

Needs the sandbox with the converged droplet of the end-to-end tests.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.driver import BIN, ROOT, droplet_address, on_droplet, run_playbook
from tests.load.generator import Load, Loads, Result

HERE = Path(__file__).parent
BAD = ("crash", "slow-start", "unhealthy", "failing-migration", "500-after-10s", "broken-page")
# The steps of a release, as its journal has them. A run is killed at all that have something to do for this app.
STEPS = ("begin", "unpack", "files", "review", "build", "data", "backup", "migrate", "start", "prove", "switch")
STEPS += ("hand_over", "drain", "commit")
KILLED = tuple(step for step in STEPS if step not in ("backup", "hand_over"))


def app(target: Path, **behaviour: Any) -> Path:
    """The small app's source, which behaves as is said."""
    shutil.copytree(HERE / "app", target)
    (target / "behaviour.json").write_text(json.dumps(behaviour))
    return target


class Traffic(Loads):
    """To the converged droplet."""

    def __init__(self, rate: int):
        self._load = Load(droplet_address(), rate=rate)
        super().__init__([self._load])

    @property
    def result(self) -> Result:
        return self._load.result


@dataclass
class Row:
    """One release: seconds until visitors met it (None: never), seconds until the command was back."""

    what: str
    live: float | None
    seconds: float
    failed: int
    status: int
    problems: list[str] = field(default_factory=list)


def live() -> str:
    """Which release answers visitors."""
    text = on_droplet("curl -sS -H 'Host: load.test' http://127.0.0.1/health || true")
    try:
        return json.loads(text)["release"]
    except (ValueError, KeyError):
        return ""


def debris() -> list[str]:
    """What is left and must not be: one colour runs, images are of kept releases, no lock, no open journal."""
    script = """
        ls /opt/load
        docker ps --filter name=load- --format 'runs {{.Names}}'
        docker image ls --filter reference='load/*' --format 'image {{.Tag}}'
        grep -l '"state": "good"' -r /opt/load/releases --include release.json | sed 's/^/good /' || true
    """
    lines = on_droplet(f"sudo sh -c {shlex.quote(script)}").splitlines()
    found = [name for name in ("lease.json", "transaction.json") if name in lines]
    running = [line for line in lines if line.startswith("runs ")]
    if len(running) != 1:
        found.append(f"containers: {running}")
    good = {Path(line).parent.name for line in lines if line.startswith("good ")}
    images = [line.split()[1] for line in lines if line.startswith("image ")]
    return [*found, *(f"image {tag}" for tag in images if tag not in good)]


class Proof:
    """Releases one after another. `more` goes to every playbook run."""

    def __init__(self, folder: Path, traffic: Traffic, *more: str):
        self.folder, self.traffic, self.more = folder, traffic, more
        self.number = 0
        self.rows: list[Row] = []
        self.current = ""

    def source(self, kind: str) -> Path:
        self.number += 1
        return app(self.folder / f"{self.number}-{kind}", kind=kind, number=self.number)

    def arguments(self, source: Path) -> list[str]:
        extra = ["-e", f"@{HERE / 'vars.yml'}", "-e", f"load_source={source}", "-e", "lock_wait=60"]
        return ["playbooks/deploy.yml", *extra, *self.more]

    @contextmanager
    def _row(self, what: str) -> Iterator[Row]:
        """Measures a release, and looks for what it left."""
        row, failed, begun = Row(what, None, 0, 0, 0), self.traffic.result.failed, time.monotonic()
        yield row
        row.seconds, row.failed = time.monotonic() - begun, self.traffic.result.failed - failed
        after = live()
        if after != self.current:
            row.live = self.traffic.result.first_seen.get(after, time.monotonic()) - begun
        row.problems += debris()
        self.rows.append(row)

    def good(self, what: str = "good", before: Callable[[], None] = lambda: None) -> Row:
        """`before` comes first, and counts as a part of it."""
        with self._row(what) as row:
            before()
            run = run_playbook(*self.arguments(self.source("good")))
            row.status = run.status
            if run.status != 0:
                row.problems.append(f"exit {run.status}: {run.output[-1500:]}")
        if row.live is None:
            row.problems.append(f"{self.current} still answers")
        self.current = live()
        return row

    def bad(self, what: str, source: Path, *more: str) -> Row:
        """The exit status tells it, and the release before goes on."""
        with self._row(what) as row:
            run = run_playbook(*self.arguments(source), *more)
            row.status = run.status
            if run.status == 0:
                row.problems.append("the exit status is 0")
            if f"Release {self.current} goes on serving" not in run.output:
                row.problems.append(f"it does not say who serves: {run.output[-1500:]}")
        if row.live is not None:
            row.problems.append(f"{live()} answers, not {self.current}")
        return row

    def killed(self, step: str) -> Row:
        """The run is killed in the step; the next run ends what it left, and releases. The last step takes a few
        milliseconds, so that a run may end before it is killed: then the next one is."""

        def kill() -> None:
            tries = (killed_at(step, self.arguments(self.source("good"))) for _ in range(5))
            assert any(tries), f"five runs ended before one was killed at {step}"

        return self.good(f"killed at '{step}', next run", before=kill)

    def disk_full(self) -> Row:
        """On a small file system of the app's own, so that no other disk is filled."""
        on_droplet("mountpoint -q /opt/load && sudo sh -c 'cat /dev/zero > /opt/load/filler 2>/dev/null || true'")
        try:
            return self.bad("full disk", self.source("good"), "-e", "app_free_space=0")
        finally:
            on_droplet("sudo rm -f /opt/load/filler")


# On the droplet: waits for one of the steps and kills the module, which runs in mitogen's process or in one of its own.
KILLER = """
import json, os, signal, sys, time
from pathlib import Path
journal, now = Path("/opt/load/transaction.json"), ""
deadline = time.monotonic() + 110
os.nice(-19)
while True:
    if now and not journal.exists():
        print("missed")
        sys.exit()
    try:
        now = json.loads(journal.read_text())["step"]
    except (OSError, ValueError, KeyError):
        pass
    if now in sys.argv[1:]:
        break
    if time.monotonic() > deadline:
        sys.exit("the run did not come to " + sys.argv[1])
    time.sleep(0.001)
for process in Path("/proc").glob("[0-9]*"):
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        continue
    mine = b"transaction.json" in words  # this program, and the shell and the sudo that it runs below
    if (b"mitogen:" in words or b"AnsiballZ_release" in words) and not mine:
        os.kill(int(process.name), signal.SIGKILL)
"""


def killed_at(step: str, arguments: list[str]) -> bool:
    """Kills the module when the journal has the step, or a later one where the step took less than a moment, and then
    ansible-playbook, and only what it started. Returns whether the run had not ended before."""
    mark = secrets.token_hex(8)
    process = subprocess.Popen(
        [BIN / "ansible-playbook", *arguments],
        cwd=ROOT,
        env={**os.environ, "IZZZI_RUN": mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        later = " ".join(STEPS[STEPS.index(step) :])
        if "missed" in on_droplet(f"sudo python3 -c {shlex.quote(KILLER)} {later}"):
            process.wait(120)
            return False
    finally:
        with suppress(ProcessLookupError):  # of a run that ended before
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for straggler in processes_of(mark):  # mitogen's own, in a session of its own, at times outlives its parent
            with suppress(ProcessLookupError):
                os.kill(straggler, signal.SIGKILL)
    return "transaction.json" in on_droplet("ls /opt/load").split()


def processes_of(mark: str) -> list[int]:
    def is_marked(process: Path) -> bool:
        try:
            return f"IZZZI_RUN={mark}".encode() in (process / "environ").read_bytes()
        except OSError:
            return False  # gone, or somebody else's

    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if is_marked(process)]


@contextmanager
def ground(folder: Path, rate: int, *more: str) -> Iterator[Proof]:
    """A site, a first release and a load on it. All of it is gone afterwards."""
    site = run_playbook("tests/load/site.yml")
    assert site.status == 0, site.output[-3000:]
    # Its own file system: "disk full" is then only this app's.
    on_droplet("sudo mkdir -p /opt/load; mountpoint -q /opt/load || sudo mount -t tmpfs -o size=48m load /opt/load")
    try:
        traffic = Traffic(rate)
        proof = Proof(folder, traffic, *more)
        first = run_playbook(*proof.arguments(proof.source("good")))
        assert first.status == 0, first.output[-3000:]
        proof.current = live()
        with traffic:
            yield proof
    finally:
        clean_up()


def clean_up() -> None:
    on_droplet(
        "sudo docker ps -aq --filter name=load- | xargs -r sudo docker rm -f >/dev/null;"
        " sudo docker image ls -q --filter reference='load/*' | xargs -r sudo docker rmi -f >/dev/null;"
        " sudo docker network ls -q --filter name=load- | xargs -r sudo docker network rm >/dev/null;"
        " sudo umount /opt/load 2>/dev/null; sudo rm -rf /opt/load /etc/nginx/izzzi/load"
        " /etc/izzzi/apps/load.json /etc/izzzi/apps/load.hidden"
    )
    assert run_playbook("playbooks/configure.yml", "--tags", "nginx").status == 0
