# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives WAL for as long as it runs: what PostgreSQL writes goes into a spool, and each round off the host.

When the storage is away the spool grows up to a bound. Then archiving gives way to the database: slot and spool go, the
chain is broken, and a new one begins with a new base backup when the storage answers again.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._app.disk import disk_of
from .._app.program import CommandError
from . import base, receiver, segments, slot, take
from .config import MIB, BackupError
from .containers import Container
from .context import Context
from .lock import locked
from .receiver import Receiver
from .segments import Piece
from .server import Server

BATCH = 8  # segments in one upload, so that the disk is looked at in between
PIECES = 500  # of one segment: on an idle server it would be one a round for weeks
AGAIN = 300.0  # seconds from one trial of a base backup to the next
FLUSH = "flush"


def too_much(spool: int, free: int, config) -> str:
    """Say why the spool must go, empty when it may stay. Sizes are bytes."""
    if spool > config.wal_spool * MIB:
        return f"{spool // MIB} MiB of WAL wait for the storage; backup_wal_spool allows {config.wal_spool} MiB"
    if free < config.reserve * MIB and spool > 0:
        return f"{free // MIB} MiB of the disk are free; backup_reserve keeps {config.reserve} MiB"
    return ""


class Watch:
    """The archiving of one service."""

    def __init__(self, context: Context, service: str, user: str, base_command: Sequence[str]):
        self.context, self.service, self._user, self._base_command = context, service, user, [*base_command, service]
        self.place = context.wal_directory(service)
        self.spool, self.state = self.place / "spool", context.wal_state(service)
        self.receiver = Receiver(context.config.app, service, self.place)
        self._sent: dict[str, int] = {}
        self._before, self._tried, self._pieces, self._is_known = 0, 0.0, 0, False
        self._base: subprocess.Popen | None = None

    def attend(self) -> bool:
        """Do one round. Tell whether more is to be sent at once. What fails is remembered."""
        (self.place / FLUSH).unlink(missing_ok=True)
        try:
            more = self._round()
        except (BackupError, CommandError, OSError) as error:
            known = self.state.read().get("trouble") or {"since": self.context.clock()}
            self.state.note(trouble={**known, "why": str(error)})
            self._bound()
            return False
        self.state.note(trouble=None)
        self._attend_base()
        return more

    def close(self) -> None:
        """End the receiver. The slot stays, so that nothing is lost until the next start."""
        self.receiver.stop()

    def _round(self) -> bool:
        container = self.context.container(self.service)
        server = Server(container.id, self._user, 60)
        facts = slot.read(server.ask(slot.ROUND))
        chain = self.state.read().get("chain")
        if chain and (why := slot.broken(chain, facts, self.context.config.wal_spool * MIB)):
            self.give_way(why, server)
            chain = None
        chain = chain or self._begin(server, facts)
        if not self.receiver.runs_beside(container):
            self._receive(container, server, facts["size"])
            return True
        if not self._is_known and (why := self._set_back(chain, facts)):
            self.give_way(why, server)
            return True
        self._is_known = True
        more = self._send(chain, facts)
        if self._pieces >= PIECES:
            server.ask(slot.SWITCH)
            self._pieces = 0
        return more

    def _begin(self, server: Server, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Begin a chain, once the storage has taken a file of it."""
        now, config = self.context.clock(), self.context.config
        with locked(config.directory, "beginning of an archive", patience=0):
            take.own(self.context)
        system, size = facts["system"], facts["size"]
        chain = {"name": f"{system}-{int(now)}", "system": system, "size": size, "since": now}
        with take.staging(config, f"wal/{self.service}/out") as folder:
            (folder / "begin").write_text("", encoding="utf-8")
            self.context.archive.send(folder, chain["name"])
        self._clear()
        server.ask(slot.DROP + slot.bound(config.wal_spool) + slot.MAKE)
        self.state.note(chain=chain, archived=None)
        return chain

    def _set_back(self, chain: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
        """Say, once after each start, whether the archive has more than the server has written: then the server is one
        of before, and what it writes now does not fit to what is there."""
        place = segments.position(facts["lsn"], facts["timeline"], facts["size"])
        if segments.reaches_beyond(segments.parse(self.context.archive.names(chain["name"])), place):
            return "the server was set back to an earlier state, for example by a snapshot of its disk"
        return ""

    def _receive(self, container: Container, server: Server, size: int) -> None:
        why = self.receiver.why()
        self.receiver.start(container, server, size)
        if why:
            raise BackupError(why)

    def _send(self, chain: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
        size, now = facts["size"], int(facts["time"])
        reached = segments.position(facts["lsn"], facts["timeline"], size) if facts["received"] else ("", 0)
        there = [path.name for path in self.spool.iterdir()]
        pieces = segments.plan(there, reached, size, self._sent, (self._before, now))
        batch = pieces[:BATCH]
        if batch:
            with take.staging(self.context.config, f"wal/{self.service}/out") as folder:
                self._stage(batch, there, folder)
                self.context.archive.send(folder, chain["name"])
            self._settle(batch, there, size)
        return len(pieces) > len(batch)

    def _stage(self, batch: Sequence[Piece], there: Sequence[str], folder: Path) -> None:
        for piece in batch:
            path = self.spool / piece.segment
            with (path if path.exists() else Path(f"{path}.partial")).open("rb") as file:
                file.seek(piece.start)
                data = file.read(piece.end - piece.start)
            (folder / piece.name).write_bytes(gzip.compress(data, 1))
        for history in filter(segments.is_history, there):
            shutil.copyfile(self.spool / history, folder / history)

    def _settle(self, batch: Sequence[Piece], there: Sequence[str], size: int) -> None:
        """Remember what was sent, and remove what need not wait any more."""
        self._sent = {name: end for name, end in self._sent.items() if any(f.startswith(name) for f in there)}
        self._sent |= {piece.segment: piece.end for piece in batch}
        self._pieces += len(batch)
        self._before = max(self._before, *(piece.time for piece in batch))
        for name in segments.done_with(there, [name for name, end in self._sent.items() if end >= size]):
            (self.spool / name).unlink(missing_ok=True)
        self.state.note(archived=self._before or None)

    def _bound(self) -> None:
        spool = sum(path.stat().st_size for path in self.spool.iterdir()) if self.spool.exists() else 0
        if why := too_much(spool, disk_of(self.context.config.directory).free, self.context.config):
            try:
                container = self.context.container(self.service)
                self.give_way(why, Server(container.id, self._user, 60))
            except (BackupError, CommandError):
                self.give_way(why, None)

    def give_way(self, why: str, server: Server | None) -> None:
        """Give slot and spool up, and remember since when the chain is broken. Without a server the slot goes when it
        is back; until then it is bound by max_slot_wal_keep_size."""
        self.receiver.stop()
        broken = self.state.read().get("broken") or {"time": self.context.clock(), "why": why}
        self.state.note(chain=None, broken=broken)
        self._clear()
        if server:
            server.ask(slot.DROP)

    def _clear(self) -> None:
        self.receiver.stop()
        shutil.rmtree(self.spool, ignore_errors=True)
        self.spool.mkdir(mode=0o700, parents=True)
        self._sent, self._before = {}, 0

    def _attend_base(self) -> None:
        """Have a base backup made when the chain has none, in a process of its own: the rounds go on."""
        state = self.state.read()
        if not (chain := state.get("chain")):
            return
        if self.context.base_state(self.service).read().get("chain") == chain["name"]:
            if state.get("broken"):
                self.state.note(broken=None)
            return
        is_running = self._base is not None and self._base.poll() is None
        if state.get("archived") and not is_running and self.context.clock() - self._tried > AGAIN:
            self._tried = self.context.clock()
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            self._base = subprocess.Popen(self._base_command, stdin=subprocess.DEVNULL)


def serve(context: Context, base_command: Sequence[str], changed: Callable[[], bool]) -> None:
    """Archive until code or settings have changed, or this process is ended."""
    watches = [Watch(context, service, user, base_command) for service, user in context.config.archived.items()]
    receiver.sweep(context.config.app)
    try:
        while not changed():
            began = time.monotonic()
            more = [watch.attend() for watch in watches]
            while not any(more) and time.monotonic() - began < context.config.wal_interval:
                if any((watch.place / FLUSH).exists() for watch in watches):
                    break
                time.sleep(0.25)
    finally:
        for watch in watches:
            watch.close()


def off(context: Context) -> dict[str, Any]:
    """End archiving: receivers, slots, the role and the spool go; what was archived stays. Return what could not be
    removed because a server does not run."""
    left = {}
    receiver.sweep(context.config.app)
    for service, user in context.config.services.items():
        try:
            server = Server(context.container(service).id, user, 60)
            server.ask(slot.DROP + slot.DROP_ROLE + slot.unbound(context.config.wal_spool))
        except (BackupError, CommandError) as error:
            left[service] = str(error)
        shutil.rmtree(context.wal_directory(service), ignore_errors=True)
    return {"left": left}


def due(context: Context) -> dict[str, Any]:
    """Make the base backups that are due, and forget what is not needed any more. Return those that were made."""
    made = {}
    for service in context.config.archived:
        chain, last = context.wal_state(service).read().get("chain"), context.base_state(service).read()
        if chain and base.is_due(last, chain, context.clock(), context.config.base_days):
            made |= {service: found} if (found := base.make(context, service, only_if_due=True)) else {}
    if context.config.archived:
        with locked(context.config.directory, "removal of what is too old"):
            base.prune(context)
    return made
