# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where jobs run on one server: containers of the live release's image beside both colours, and a ledger of files."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._app import atomic
from .._app.jobs import verbs
from .._app.jobs.carrier import ENDED, MISSING, RUNS, JobError, Seen
from .._app.jobs.ledger import Run as JobRun
from .._app.jobs.ledger import dump, load, variables
from .._app.program import CommandError, run
from .._app.release import ReleaseError
from .closing import stop_of
from .neighbours import jobs_project
from .run import Run
from .transaction import Transaction
from .undo import UPGRADE

DIRECTORY = "jobs"  # below the app's directory
# What a job's container has not of its service's: visitors, others that it waits for, a restart.
NOT_OF_A_JOB = ("ports", "restart", "scale", "depends_on", "container_name", "build", "profiles", "expose")
STARTING = ("created", "running", "restarting", "paused", "removing")
BOOT = Path("/proc/stat")


def job_document(document: Mapping[str, Any], service: str) -> dict[str, Any]:
    """Return the Compose document of one service alone, from that of its colour. Pure."""
    declared = document["services"][service]
    mine = {key: value for key, value in declared.items() if key not in NOT_OF_A_JOB}
    deploy = {key: value for key, value in (mine.get("deploy") or {}).items() if key == "resources"}
    mine |= {"restart": "no", "healthcheck": {"disable": True}, "pull_policy": "never"}
    mine = {**mine, "deploy": deploy} if deploy else {key: value for key, value in mine.items() if key != "deploy"}
    shared = {key: document[key] for key in ("networks", "volumes") if key in document}
    return {"services": {service: mine}, **shared}


def boot_time(text: str) -> float:
    """Return when the server was started, from /proc/stat. Pure."""
    return next((float(line.split()[1]) for line in text.splitlines() if line.startswith("btime ")), 0.0)


def seen_of(state: Mapping[str, Any], entry: JobRun, booted: float, node: str) -> Seen:
    """Read the state of a container as `docker container inspect` shows it. Pure."""
    if state["Status"] in STARTING:
        return Seen(RUNS, node=node)
    code, error = int(state.get("ExitCode") or 0), str(state.get("Error") or "")
    if code and booted > (entry.started or entry.beat):
        return Seen(ENDED, code, node, "the server went down while it ran", is_lost=True)
    if state.get("OOMKilled"):
        return Seen(ENDED, code, node, "it took more memory than its service may have")
    return Seen(ENDED, code, node, error and f"it exited with {code}: {error}")


class Ledger:
    """Entries as files, one for each run; flock keeps two processes from changing one at the same time."""

    def __init__(self, directory: Path):
        self.directory = directory

    def runs(self) -> list[JobRun]:
        found = []
        for path in sorted(self.directory.glob("*/*.json")):
            with suppress(OSError, ValueError):  # a damaged one counts as if it was never there
                found.append(self._read(path))
        return found

    def claim(self, entry: JobRun) -> JobRun | None:
        path = self._path(entry)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if path.exists():
                return None
            return self._write(path, entry)

    def update(self, entry: JobRun) -> JobRun | None:
        path = self._path(entry)
        if not path.exists():
            return None
        with self._locked():
            if self._read(path).version != entry.version:
                return None
            return self._write(path, entry)

    def forget(self, entry: JobRun) -> None:
        self._path(entry).unlink(missing_ok=True)

    def _path(self, entry: JobRun) -> Path:
        return self.directory / entry.job / f"{entry.id}.json"

    def _read(self, path: Path) -> JobRun:
        given = json.loads(path.read_text(encoding="utf-8"))
        return load(given["run"], int(given["version"]))

    def _write(self, path: Path, entry: JobRun) -> JobRun:
        written = replace(entry, version=entry.version + 1)
        atomic.write_json(path, {"run": json.loads(dump(written)), "version": written.version})
        return written

    @contextmanager
    def _locked(self, folder: str = "") -> Iterator[None]:
        descriptor = os.open(self.directory / folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class Server(Ledger):
    """The place of jobs on one server. `host` returns the app as it is there now."""

    passing: tuple[type[Exception], ...] = ()

    def __init__(self, project: str, directory: Path, host: Callable[[], Transaction]):
        super().__init__(directory / DIRECTORY)
        self.project = project
        self.home = directory
        self.host = host
        self.name = platform.node()

    def container(self, entry: JobRun) -> str:
        """Return the name of a run's container."""
        return f"{self.project}-job-{entry.job}-{entry.id}"

    def hindrance(self) -> str:
        t = self.host()
        if t.journal.get("kind") == UPGRADE:
            return "its database is being upgraded"
        return "the app is stopped" if stop_of(t) else ""

    def release(self) -> str:
        return self.host().live.id

    def start(self, entry: JobRun) -> None:
        """Start the container from the live colour's definition, under a project of its own, which no release ends."""
        live = self.host().live  # `host` raises where there is none
        directory = self.home / live.colour
        document = json.loads((directory / "compose.yml").read_text(encoding="utf-8"))
        if entry.service not in document["services"]:
            raise ReleaseError(f"There is no service {entry.service} in the live release {live.id}.", entry.service)
        base = [
            "docker",
            "compose",
            "--project-name",
            jobs_project(self.project),
            "--project-directory",
            str(directory),
        ]
        base += ["--file", "-", "--env-file", str(directory / ".env")]
        options = ["--detach", "--no-deps", "--no-TTY", "--name", self.container(entry)]
        for name, value in variables(entry).items():
            options += ["--env", f"{name}={value}"]
        command = [*base, "run", *options, entry.service, *entry.command]
        # A busy host takes so long for it that another process may go on with the run: it waits, and finds it there.
        with self._locked(entry.job):
            if self.look(entry).state == MISSING:
                run(command, stdin=json.dumps(job_document(document, entry.service)), timeout=120)

    def look(self, entry: JobRun) -> Seen:
        try:
            found = json.loads(run(["docker", "container", "inspect", self.container(entry)]))
        except CommandError as error:
            if "o such container" in str(error):
                return Seen(MISSING)
            raise
        return seen_of(found[0]["State"], entry, boot_time(BOOT.read_text(encoding="utf-8")), self.name)

    def output(self, entry: JobRun) -> str:
        with suppress(CommandError):  # its container may be gone
            name = self.container(entry)
            return run(["docker", "container", "logs", name], stderr=subprocess.STDOUT, timeout=120)
        return ""

    def stop(self, entry: JobRun) -> None:
        with suppress(CommandError):
            run(["docker", "container", "stop", self.container(entry)], timeout=300)

    def clean(self, entry: JobRun) -> None:
        with suppress(CommandError):
            run(["docker", "container", "rm", "--force", "--volumes", self.container(entry)])


def place_of(run_of: Run) -> Server:
    """Return where the jobs of an app run."""
    return Server(run_of.params["project"], Path(run_of.params["directory"]), run_of.live)


def listing(run_of: Run) -> dict[str, Any]:
    """Return the jobs of the app with their last and next runs."""
    return verbs.listing(place_of(run_of), run_of.params.get("jobs") or {}, time.time())


def run_now(run_of: Run) -> dict[str, Any]:
    """Run a job now. Raise ReleaseError when it cannot begin."""
    p = run_of.params
    place, declared = place_of(run_of), p.get("jobs") or {}
    try:
        return verbs.run_now(place, declared, p["job"], p["project"], run_of.hidden, run_of.check_mode)
    except JobError as error:
        raise ReleaseError(str(error)) from error


ACTIONS: dict[str, Callable[[Run], dict[str, Any]]] = {"jobs": listing, "job": run_now}
