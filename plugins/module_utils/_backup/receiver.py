# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receives WAL beside a server: pg_receivewal of the server's own image, in the server's network, into the spool."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from pathlib import Path

from .._app.program import run
from . import scratch, slot
from .containers import Container
from .server import Server

LABEL = "izzzi.backup.wal"
_REFUSED = re.compile(r"no pg_hba.conf entry|pg_hba.conf rejects|password authentication failed", re.IGNORECASE)
HBA = "host replication izzzi_backup 127.0.0.1/32 scram-sha-256"


def name(app: str, service: str) -> str:
    """Return the name of a receiver's container."""
    return f"{app}-{service}-wal"


def command(app: str, service: str, container: Container, place: Path, port: str) -> list[str]:
    """Return the command that receives WAL for as long as the server's container runs. The password is in a file."""
    who = [f"--name={name(app, service)}", f"--label={LABEL}={app}", f"--network=container:{container.id}"]
    limits = ["--memory=128m", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--user=0"]
    mounts = [f"--volume={place}/spool:/spool", f"--volume={place}/pass:/pass:ro", "--env=PGPASSFILE=/pass/pgpass"]
    how = [f"--slot={slot.SLOT}", "--host=127.0.0.1", f"--port={port}", f"--username={slot.ROLE}", "--directory=/spool"]
    more = ["--no-password", "--no-loop", "--status-interval=1"]
    run_it = ["docker", "run", "--rm", "--pull=never", *who, *limits, *mounts, "--entrypoint=pg_receivewal"]
    return [*run_it, container.image, *how, *more]


def explain(log: str) -> str:
    """Return why a receiver has ended: PostgreSQL's words, and the line of pg_hba.conf that is missing."""
    said = " / ".join(line.strip() for line in log.strip().splitlines()[-3:]) or "it says nothing"
    if _REFUSED.search(log):
        return f"PostgreSQL refuses {slot.ROLE}. Add to pg_hba.conf: {HBA} ({said})"
    return f"pg_receivewal has ended: {said}"


def mend(spool: Path, size: int) -> None:
    """Empty a file whose receiver was killed while it filled it with zeros, its first act: pg_receivewal refuses it for
    good, and goes on at its beginning when it is empty. `size` is a segment's, in bytes."""
    for path in spool.glob("*.partial"):
        if path.stat().st_size not in (0, size):
            os.truncate(path, 0)


class Receiver:
    """A receiver of one service. One that a killed run has left is replaced by `start`."""

    def __init__(self, app: str, service: str, place: Path):
        self._app, self._service, self._place = app, service, place
        self._log, self._process, self._container = place / "receiver.log", None, ""

    def runs_beside(self, container: Container) -> bool:
        """Tell whether WAL of this container is received now."""
        return self._process is not None and self._process.poll() is None and self._container == container.id

    def why(self) -> str:
        """Say why the receiver has ended, empty when it has not."""
        if self._process is None or self._process.poll() is None:
            return ""
        return explain(self._log.read_text(encoding="utf-8", errors="replace"))

    def start(self, container: Container, server: Server, size: int) -> None:
        """Begin to receive segments of `size` bytes, with a new password. The slot has to be there."""
        self.stop()
        password = secrets.token_hex(24)
        verified = slot.verifier(password, secrets.token_bytes(16))
        port = server.ask(f"{slot.FREE}{slot.login(verified)}SHOW port;\n").strip()
        for folder in ("spool", "pass"):
            (self._place / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        mend(self._place / "spool", size)
        passfile = self._place / "pass" / "pgpass"
        passfile.touch(mode=0o600)
        passfile.write_text(f"*:*:*:{slot.ROLE}:{password}\n", encoding="utf-8")
        with self._log.open("wb") as log:
            words = command(self._app, self._service, container, self._place, port)
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._container = container.id

    def stop(self) -> None:
        """End the container of this receiver, or of one before."""
        scratch.remove([name(self._app, self._service)])
        if self._process is not None:
            self._process.wait(30)
            self._process = None


def sweep(app: str) -> None:
    """Remove an app's receivers."""
    listing = ["docker", "ps", "--all", f"--filter=label={LABEL}={app}", "--format={{.Names}}"]
    scratch.remove(run(listing).split())
