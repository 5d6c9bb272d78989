# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a verb has ended, as it stays known: its line of history, and what people are told. Neither ever fails a verb."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import events, history
from .failure import headline

RELEASES = ("deploy", "rollback")  # whose end is news, whatever it is; that of the others when they fail
AGAIN = {"deploy": "", "rollback": " again"}
TOLD = (*RELEASES, "restart", "stop", "start", "scale", "data")
LOOKS = {"plan": "deploy"}  # part of another verb, which is over when it fails
READS = ("info", "logs", "jobs")
STEPS = ("pause", "exchange", "resume", "undo")  # of an upgrade, which the verb notes as one

Result = dict[str, Any]


class Outcome:
    """One verb of an app on this host. `live` says which release serves; `hidden` are texts that nothing shows.
    Nothing is written where `writes` is false: with --check."""

    def __init__(
        self,
        who: Mapping[str, Any],
        app: str,
        did: str,
        what: str = "",
        *,
        live: Callable[[], str] = str,
        hidden: Iterable[str] = (),
        writes: bool = True,
        id: str = "",
        root: Path | None = None,
        spool: Path = events.SPOOL,
        clock: Callable[[], float] = time.time,
    ):
        self.who, self.app, self.did, self.what = who, app, did, what
        self.hidden, self.writes, self.id = list(hidden), writes and did not in (*READS, *STEPS), id
        self._live, self._root, self._spool, self._clock = live, root, spool, clock
        self._began = clock()
        self._before = self._release()

    def of(self, act: Callable[[], Result], words: Callable[[BaseException], str] = str) -> Result:
        """Do it and note how it ended, also where a signal ends it. `words` tells a failure."""
        try:
            result = act()
        except Exception as error:
            self.failed(words(error))
            raise
        except BaseException:
            self.failed("It was ended by a signal.")
            raise
        self.ended(result)
        return result

    def _release(self) -> str:
        if self.writes:
            with suppress(Exception):  # what is live is only told
                return self._live()
        return ""

    def ended(self, result: Mapping[str, Any]) -> None:
        """Note a verb that went well. One that changed nothing is not noted."""
        recovered = result.get("recovered") or ""
        recovered = " ".join(recovered) if isinstance(recovered, list) else recovered
        if not self.writes or not result.get("changed") or (self.did in LOOKS and not recovered):
            return
        if recovered and self.app != history.SERVER:
            self._tell("release_undone", f"{self.app}: {recovered}", "", events.WARNING)
        did = "undo" if self.did in LOOKS else self.did
        line = self._note(did, "ok", recovered)
        release = result.get("release") or ""
        if self.did in RELEASES and release and result.get("new", True):
            before = f" Before: {line['from']}." if line.get("from") else ""
            detail = f"{line.get('seconds', 0):g} s, by {history.person(line.get('who', {}))}.{before}"
            self._tell("release_live", f"{self.app}: release {release} is live{AGAIN[self.did]}", detail)

    def failed(self, why: str) -> None:
        """Note a verb that failed."""
        if not self.writes:
            return
        line = self._note(LOOKS.get(self.did, self.did), "failed", headline(why))
        if self.did in (*TOLD, *LOOKS):
            title = f"{self.app}: {line.get('verb', self.did)} failed on {platform.node()}"
            detail = f"{why}\nBy {history.person(line.get('who', {}))}."
            self._tell("release_failed", title, detail, events.FAILED)

    def _note(self, did: str, result: str, detail: str) -> history.Line:
        now = self._clock()
        more = {"what": self.what, "from": self._before, "to": self._release(), "result": result, "detail": detail}
        more |= {"seconds": now - self._began, "id": self.id}
        with suppress(Exception):
            line = history.line(self.who, self.app, did, platform.node(), now, self.hidden, **more)
            with suppress(OSError):  # a full disk: people are told all the same
                history.add(self.app, [line], self._root)
            return line
        return {}

    def _tell(self, kind: str, title: str, detail: str, result: str = events.OK) -> None:
        events.record(kind, self.app, title, detail=detail, result=result, hidden=self.hidden, root=self._spool)
