# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL in a container, a repository in a directory or on S3, and the command izzzi-backup."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE = os.environ.get("IZZZI_TEST_POSTGRES", "izzzi-sandbox/postgres:latest")
KEY = "key-of-this-test-and-no-other"
PSQL = ["psql", "-U", "shop", "-Atq", "-v", "ON_ERROR_STOP=1", "-d"]


def docker(*words: str, stdin: str | None = None, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"docker {' '.join(words[:3])}: {done.stderr}"
    return done.stdout.strip()


BUSY = 4  # what takes a second on a quiet machine may take so many beside the other tests


def until(condition, seconds: float, what):
    """Return what a condition gives as soon as it holds. `what` is its name, or returns the name with what is known."""
    deadline = time.monotonic() + BUSY * seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what}: not within {BUSY * seconds} s")
        time.sleep(0.2)
    return found


class Rig:
    """An app with one PostgreSQL, whose WAL is archived every two seconds."""

    def __init__(self, app: str, place: Path, repository: str, secrets: dict[str, str] | None = None, **settings):
        self.app, self.place, self.state = app, place, place / "state"
        self.container, self.service = f"{app}-postgres-1", None
        (place / "lib").mkdir(parents=True)
        (place / "lib" / "infra").symlink_to(ROOT / "plugins" / "module_utils")
        database = {"service": "postgres", "name": "shop", "user": "shop"}
        given = {"app": app, "repository": repository, "directory": str(self.state), "databases": [database]}
        given |= {"reserve": 64, "wal_interval": 2, "wal_spool": 64, **settings}
        (place / f"{app}.json").write_text(json.dumps(given))
        values = {"RESTIC_PASSWORD": KEY, **(secrets or {})}
        (place / f"{app}.env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        self._environment = {**os.environ, "PYTHONPATH": str(place / "lib")}

    def start_server(self) -> None:
        labels = [f"com.docker.compose.project={self.app}", "com.docker.compose.service=postgres"]
        given = ["--env=POSTGRES_USER=shop", "--env=POSTGRES_DB=shop", "--env=POSTGRES_PASSWORD=shop"]
        docker("run", "--detach", f"--name={self.container}", *(f"--label={label}" for label in labels), *given, IMAGE)
        self.wait_for_server()

    def wait_for_server(self) -> None:
        ready = ["docker", "exec", self.container, "pg_isready", "-q", "-h", "127.0.0.1"]
        until(lambda: subprocess.run(ready, check=False, capture_output=True).returncode == 0, 60, "PostgreSQL")

    def command(self, *words: str) -> list[str]:
        return [
            sys.executable,
            "-B",
            "-m",
            "infra._backup.main",
            words[0],
            self.app,
            *words[1:],
            f"--settings={self.place}",
        ]

    def run(self, *words: str) -> subprocess.CompletedProcess:
        environment = self._environment
        return subprocess.run(self.command(*words), env=environment, capture_output=True, text=True, check=False)

    def good(self, *words: str):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def red(self, told: str, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 1, done.stdout
        assert told in done.stderr, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def archive(self) -> None:
        """Start what systemd runs."""
        log = (self.place / "service.log").open("ab")
        words = {"env": self._environment, "stdout": log, "stderr": log, "start_new_session": True}
        self.service = subprocess.Popen(self.command("wal"), **words)

    def kill(self) -> None:
        """End it with all that it has started, as a power cut would; what Docker runs goes on."""
        os.killpg(self.service.pid, signal.SIGKILL)
        self.service.wait()

    def stop(self) -> None:
        self.service.terminate()
        assert self.service.wait(30) == 0

    def wal(self) -> dict:
        path = self.state / "wal" / "postgres" / "state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def base(self) -> dict:
        path = self.state / "wal" / "postgres" / "base" / "state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def wait_for_base(self, seconds: float = 60) -> None:
        """Wait until the running chain has a base backup, and goes on behind it."""

        def has() -> bool:
            wal, base = self.wal(), self.base()
            chain = wal.get("chain", {}).get("name")
            return bool(chain) and base.get("chain") == chain and (wal.get("archived") or 0) > base["until"]

        until(has, seconds, lambda: f"a base backup; {self.told()}")

    def wait_for_now(self) -> None:
        now = time.time()
        until(lambda: (self.wal().get("archived") or 0) >= now, 60, lambda: f"archived; {self.told()}")

    def told(self) -> str:
        """Return what is known of an archive that does not go on."""
        place = self.state / "wal" / "postgres"
        paths = [self.place / "service.log", place / "receiver.log", place / "state.json"]
        spool = [f"{path.name} {path.stat().st_size}" for path in sorted((place / "spool").glob("*"))]
        receiver = docker("ps", "--all", f"--filter=name={self.app}-postgres-wal", check=False)
        return "\n".join([*(path.read_text()[-1500:] for path in paths if path.exists()), *spool, receiver])

    def sql(self, text: str, database: str = "shop") -> str:
        return docker("exec", "-i", self.container, *PSQL, database, stdin=text)

    def restored(self, at: str, text: str) -> str:
        """Restore a time beside the live database, and return what SQL prints there."""
        return self.sql(text, self.good("restore", f"--to={at}")["into"])

    def pieces(self) -> list[Path]:
        chain = self.wal()["chain"]["name"]
        return sorted((self.place / "repository" / "wal" / chain).glob("*.gz.bin"))

    def remove(self) -> None:
        if self.service and self.service.poll() is None:
            self.kill()
        docker("rm", "--force", "--volumes", f"{self.app}-postgres-wal", self.container, check=False)
        for label in ("izzzi.backup.scratch", "izzzi.backup.wal"):
            for found in docker("ps", "-aq", f"--filter=label={label}={self.app}").split():
                docker("rm", "--force", "--volumes", found, check=False)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
