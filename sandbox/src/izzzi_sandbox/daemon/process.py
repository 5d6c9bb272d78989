# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon as a process: is it running, which one is it, start it, stop it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import __version__
from . import credentials
from .settings import Settings

START_SECONDS = 120  # powering on what was on may take a while
STOP_SECONDS = 20


class ProcessError(Exception):
    """The daemon does not do what it should; the message says what to do."""


def fingerprint(settings: Settings) -> str:
    """Return a mark of the code and the settings: `up` replaces a daemon that has another one."""
    digest = hashlib.sha256(json.dumps(settings.environment(), sort_keys=True).encode())
    root = Path(__file__).parents[1]
    for path in sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def identity(settings: Settings) -> dict[str, Any]:
    """What a daemon says about itself."""
    return {
        "service": "izzzi-sandbox",
        "version": __version__,
        "fingerprint": fingerprint(settings),
        "pid": os.getpid(),
        "home": str(settings.home),
        "backend": settings.backend,
        "ports": list(settings.ports.values()),
    }


@contextmanager
def held_pid_file(settings: Settings) -> Iterator[None]:
    """Used by the daemon: the lock on the file lives exactly as long as the process, so it proves whose pid it is."""
    with settings.pid_file.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProcessError(f"another daemon holds {settings.pid_file}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def running_pid(settings: Settings) -> int | None:
    """The pid of this home's daemon; None when no process holds the lock on the pid file."""
    try:
        file = settings.pid_file.open("r+")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read().strip()
            return int(text) if text.isdigit() else None
    return None


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """One `up`, `down` or `reset` at a time."""
    with settings.command_lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def health(url: str, timeout: float = 2.0) -> dict[str, Any] | None:
    """What answers at this address, if it is a sandbox."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{url}/_sandbox/health", timeout=timeout
        ) as response:
            answer = json.load(response)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) and answer.get("service") == "izzzi-sandbox" else None


def call(settings: Settings, method: str, path: str, *, body: bytes | None = None, timeout: float = 600) -> Any:
    """A request to the daemon's own interface."""
    request = urllib.request.Request(f"{settings.http_url}/_sandbox/{path}", method=method, data=body)
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {credentials.token(settings)}")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout) as response:
            content = response.read()
    except urllib.error.HTTPError as error:
        try:
            message = json.load(error)["message"]
        except (ValueError, KeyError):
            message = error.reason
        raise ProcessError(f"the daemon refuses {path}: {message} (see {settings.log_file})") from error
    except OSError as error:
        raise ProcessError(f"the daemon does not answer {path}: {error} (see {settings.log_file})") from error
    return json.loads(content) if content else None


def start(settings: Settings) -> None:
    """Return when all of it answers; on failure say what the daemon said last."""
    if settings.log_file.exists() and settings.log_file.stat().st_size > 10_000_000:
        settings.log_file.replace(settings.log_file.with_suffix(".log.1"))
    with settings.log_file.open("ab") as log:
        settings.log_file.chmod(0o600)
        before = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "izzzi_sandbox.daemon.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            start_new_session=True,  # Ctrl-C in the terminal is not for the daemon
            env={**os.environ, **settings.environment()},
        )
    wanted = fingerprint(settings)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProcessError(f"the daemon did not start: {_last_line(settings.log_file, before)}")
        answer = health(settings.http_url)
        if answer and answer["fingerprint"] == wanted:
            return
        time.sleep(0.1)
    raise ProcessError(f"the daemon does not answer after {START_SECONDS} s: see {settings.log_file}")


def _last_line(log: Path, start: int) -> str:
    lines = log.read_bytes()[start:].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {log}"


def stop(settings: Settings) -> None:
    """End this home's daemon. Only a process that holds the pid file's lock gets a signal."""
    for signum, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        pid = running_pid(settings)
        if pid is None:
            break
        os.kill(pid, signum)
        if _gone(settings, seconds):
            break
    else:
        raise ProcessError(f"process {pid} does not end: see {settings.log_file}")
    settings.pid_file.unlink(missing_ok=True)


def _gone(settings: Settings, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running_pid(settings) is None:
            return True
        time.sleep(0.05)
    return False
