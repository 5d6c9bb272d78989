"""Releases, good and bad, under load: prints a table of what each cost the visitors.

Needs the sandbox with the converged droplet of the end-to-end tests. Beside the role stand the guide's procedure (down,
build, up, sleep 10) and a plain `docker compose up -d --build`, of the same changes under the same load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.driver import BIN, droplet_address, on_droplet, run_playbook  # noqa: E402 - after the path
from tests.load.generator import Load, Result  # noqa: E402 - after the path

HERE = Path(__file__).parent
BAD = ("crash", "slow-start", "unhealthy", "failing-migration", "500-after-10s", "broken-page")
# The task at which the run is killed.
KILLED = ("Build or pull the images", "Start the new colour", "Prove it behind", "Switch the edge", "Drain and stop")
PLAIN = "/opt/plain"
COMPOSE_FILE = """
name: plain
services:
  web: {build: source, restart: unless-stopped, ports: ["127.0.0.1:21000:4000"], environment: {RELEASE: "${RELEASE}"}}
"""


class Traffic:
    """The load in a thread of its own; `failed` so far can be read at any time."""

    def __init__(self, rate: int):
        self._ready = threading.Event()
        self._rate = rate
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.load = Load(droplet_address(), rate=self._rate)
        self._ready.set()
        await self.load.run()

    def __enter__(self) -> Traffic:
        self._thread.start()
        self._ready.wait()
        time.sleep(1)
        return self

    def __exit__(self, *_exception) -> None:
        self._loop.call_soon_threadsafe(self.load.stop)
        self._thread.join()

    @property
    def result(self) -> Result:
        return self.load.result


@dataclass
class Row:
    what: str
    seconds: float
    failed: int
    status: int
    problems: list[str]


def live() -> str:
    """Which release answers visitors."""
    text = on_droplet("curl -sS -H 'Host: load.test' http://127.0.0.1/health || true")
    try:
        return json.loads(text)["release"]
    except (ValueError, KeyError):
        return ""


def source(folder: Path, kind: str, number: int) -> Path:
    target = folder / f"{number}-{kind}"
    shutil.copytree(HERE / "app", target)
    (target / "behaviour.json").write_text(json.dumps({"kind": kind, "number": number}))
    return target


def arguments(path: Path, *more: str) -> list[str]:
    extra = ["-e", f"@{HERE / 'vars.yml'}", "-e", f"load_source={path}", "-e", "lock_wait=60"]
    return ["playbooks/deploy.yml", *extra, *more]


def killed_at(task: str, path: Path) -> int:
    """Kills ansible-playbook, and only what it started, when the task begins."""
    process = subprocess.Popen(
        [BIN / "ansible-playbook", *arguments(path)],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if line.startswith("TASK") and task in line:
            time.sleep(0.5)
            break
    os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def debris() -> list[str]:
    """What is left and must not be: one colour runs, images are of kept releases, no lock, no open journal."""
    found = []
    files = on_droplet("sudo sh -c 'ls /opt/load; ls /opt/load/releases'").split()
    found += [name for name in ("lease.json", "transaction.json") if name in files]
    running = on_droplet("sudo docker ps --filter name=load- --format '{{.Names}}'").split()
    if len(running) != 1:
        found.append(f"containers run: {running}")
    tags = on_droplet("sudo docker image ls --filter reference='load/*' --format '{{.Tag}}'").split()
    lines = on_droplet('sudo grep -l \'"state": "good"\' -r /opt/load/releases --include release.json || true').split()
    good = {Path(line).parent.name for line in lines}
    found += [f"image {tag}" for tag in tags if tag not in good]
    return found


def deploy(traffic: Traffic, what: str, path: Path, expected: str, *more: str) -> tuple[Row, str]:
    """One deploy. `expected` is the release that must answer afterwards, empty for a new one."""
    before, failed, begun = live(), traffic.result.failed, time.monotonic()
    run = run_playbook(*arguments(path, *more))
    seconds = time.monotonic() - begun
    after = live()
    problems = debris()
    if expected and after != expected:
        problems.append(f"{after} answers, not {expected}")
    if not expected and (after == before or not after or run.status != 0):
        problems.append(f"{after} answers, exit {run.status}: {run.output[-1500:]}")
    if expected and run.status == 0:
        problems.append("the exit status is 0")
    return Row(what, seconds, traffic.result.failed - failed, run.status, problems), after


def disk_full(traffic: Traffic, folder: Path, number: int, current: str) -> Row:
    """On a small file system of the app's own, so that no other disk is filled."""
    on_droplet("mountpoint -q /opt/load && sudo sh -c 'cat /dev/zero > /opt/load/filler' || true")
    try:
        return deploy(traffic, "full disk", source(folder, "good", number), current, "-e", "app_compose_free_space=0")[
            0
        ]
    finally:
        on_droplet("sudo rm -f /opt/load/filler")


def prove(good: int, kills: int, rate: int) -> tuple[list[Row], Result]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert run_playbook("tests/load/site.yml").status == 0
        # Its own file system: "disk full" is then only this app's.
        on_droplet("sudo mkdir -p /opt/load; mountpoint -q /opt/load || sudo mount -t tmpfs -o size=48m load /opt/load")
        first = run_playbook(*arguments(source(folder, "good", 0)))
        assert first.status == 0, first.output[-3000:]
        current = live()
        with Traffic(rate) as traffic:
            number = 1
            for _ in range(good):
                row, current = deploy(traffic, "good", source(folder, "good", number), "")
                rows.append(row)
                number += 1
            for kind in BAD:
                rows.append(deploy(traffic, kind, source(folder, kind, number), current)[0])
                number += 1
            for task in KILLED[:kills]:
                failed, begun = traffic.result.failed, time.monotonic()
                status = killed_at(task, source(folder, "good", number))
                lost = traffic.result.failed - failed
                number += 1
                row, current = deploy(traffic, "", source(folder, "good", number), "")
                row.what, row.status = f"killed at '{task}', then good", status
                row.failed, row.seconds = row.failed + lost, time.monotonic() - begun
                rows.append(row)
                number += 1
            rows.append(disk_full(traffic, folder, number, current))
            time.sleep(2)
        result = traffic.result
    return rows, result


def compare(rate: int, procedure: str) -> Row:
    """The guide's procedure or plain Compose, under the same load on the same ports."""
    steps = {
        "guide: down, build, up, sleep 10": "docker compose down; docker compose build -q;"
        " docker compose up -d; sleep 10",
        "plain: docker compose up -d --build": "docker compose up -d --build",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def place(number: int) -> None:
            path = source(folder, "good", number)
            (path.parent / "compose.yml").write_text(COMPOSE_FILE)
            pack = subprocess.run(
                ["tar", "-C", folder, "-c", "compose.yml", path.name, f"--transform=s/^{path.name}/source/"],
                capture_output=True,
                check=True,
            )
            upload(
                pack.stdout,
                f"sudo sh -c 'mkdir -p {PLAIN} && tar -x -C {PLAIN} && echo RELEASE=plain-{number} > {PLAIN}/.env'",
            )

        on_droplet("sudo docker ps -aq --filter name=load- | xargs -r sudo docker rm -f >/dev/null")
        place(0)
        on_droplet(
            f"cd {PLAIN} && sudo docker compose up -d --build --wait 2>/dev/null;"
            " sudo sed -i 's/:21100;/:21000;/' /etc/nginx/izzzi/load/http.conf; sudo systemctl reload nginx; sleep 2"
        )
        with Traffic(rate) as traffic:
            place(1)
            failed, begun = traffic.result.failed, time.monotonic()
            on_droplet(f"cd {PLAIN} && sudo sh -c '{steps[procedure]}' 2>/dev/null")
            while "plain-1" not in live() and time.monotonic() - begun < 120:
                time.sleep(0.2)
            seconds = time.monotonic() - begun
            time.sleep(2)
        on_droplet(f"cd {PLAIN} && sudo docker compose down --rmi all 2>/dev/null")
        return Row(procedure, seconds, traffic.result.failed - failed, 0, [])


def upload(data: bytes, command: str) -> None:
    from tests.e2e.driver import SANDBOX_HOME

    ssh = [
        "ssh",
        "-i",
        SANDBOX_HOME / "id_ed25519",
        f"-oUserKnownHostsFile={SANDBOX_HOME}/known_hosts",
        "-oBatchMode=yes",
    ]
    subprocess.run([*ssh, f"deploy@{droplet_address()}", command], input=data, check=True, timeout=120)


def table(rows: list[Row]) -> str:
    lines = ["| release | seconds | exit | failed requests |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {r.what} | {r.seconds:.0f} | {r.status} | {r.failed} |" for r in rows)])


def clean_up() -> None:
    on_droplet(
        "sudo docker ps -aq --filter name=load- | xargs -r sudo docker rm -f >/dev/null;"
        " sudo docker image ls -q --filter reference='load/*' | xargs -r sudo docker rmi -f >/dev/null;"
        f" sudo umount /opt/load 2>/dev/null; sudo rm -rf /opt/load {PLAIN} /etc/nginx/izzzi/load"
    )
    run_playbook("playbooks/configure.yml", "--tags", "nginx")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=int, default=20)
    parser.add_argument("--kills", type=int, default=len(KILLED))
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--no-comparison", action="store_true")
    options = parser.parse_args()
    try:
        rows, result = prove(options.good, options.kills, options.rate)
        if not options.no_comparison:
            rows += [
                compare(options.rate, p)
                for p in ("guide: down, build, up, sleep 10", "plain: docker compose up -d --build")
            ]
    finally:
        clean_up()
    print(table(rows))
    print(f"requests_sent: {result.sent}\nrequests_failed: {result.failed}\nslowest_seconds: {result.slowest:.2f}")
    print(f"websockets_opened: {result.websockets}\nwebsockets_cut_by_drain: {result.websockets_cut}")
    for line in result.first_failures:
        print(f"failure: {line}")
    problems = [f"{row.what}: {problem}" for row in rows for problem in row.problems]
    print("\n".join(f"problem: {problem}" for problem in problems))
    return 1 if problems or result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
