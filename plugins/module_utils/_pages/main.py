# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the document of the operators' page, again and again, until it is ended, or until code or settings have
changed: systemd starts it anew then. It asks the engine, and nobody asks it: whoever serves the page has a file."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._app.background import repeated
from .._app.progress import OF_ROOT
from .._swarm.engine import Engine, EngineError
from . import settings as places
from .document import Document, Machine, as_json, last_step
from .machine import certificates, look
from .people import makers
from .settings import MACHINE, STATE, Settings, SettingsError

INTERVAL = 2.0  # seconds between two documents
SLOW = 15.0  # between two looks at what changes slowly
ENGINE_TIMEOUT = 10.0


class Writer:
    """What is known between two documents. `runner` is the module of whoever runs the app. The other apps of the server
    have writers of their own, whose documents go into this one's."""

    def __init__(self, settings: Settings, runner: Any, engine: Engine, clock: Callable[[], float] = time.time):
        self.settings, self.runner, self.engine, self.clock = settings, runner, engine, clock
        self.own = Machine("")
        self.certificates: tuple = ()
        self.machines: dict[str, Machine] = {}
        self.makers: dict[str, str] = {}
        self.last: Document | None = None
        self.facts: Any = None
        self.others = [Writer(other, runner, engine, clock) for other in settings.others]

    def directory(self) -> Path | None:
        """Return where the document is read; None in a Swarm before its service has run here."""
        return self.runner.place(self.engine, self.settings)

    def remember(self) -> bool:
        """Look at what changes slowly, in a thread of its own: a node that is away holds nothing up."""
        self.own = look(self.settings.app, self.clock())
        self.certificates = certificates(self.settings.certificates)
        self.makers = makers(self.settings.app)
        self.machines |= self.runner.neighbours(self.engine, self.settings, self.facts, self.own.name)
        return all(other.remember() for other in self.others)

    def document(self) -> Document | None:
        """Describe the app; None where others have to: on a worker of a Swarm."""
        now = self.clock()
        try:
            self.facts = self.runner.look(self.engine, self.settings)
        except EngineError as error:
            return self._without_engine(error, now)
        step = last_step(_text(Path(OF_ROOT)), self.settings.app)
        known = {"by": self.makers, "machines": self.machines}
        described = self.runner.document(self.facts, self.settings, self.own, now, step, **known)
        self.last = replace(described, certificates=self.certificates)
        return self.last

    def _without_engine(self, error: EngineError, now: float) -> Document | None:
        """Go on with what was known, and say why it is old. `time` stays that of what was known."""
        if self.runner.is_elsewhere(self.engine, error):
            self.last = self.facts = None
            return None
        known = self.last or Document(self.settings.app, self.settings.runner, self.own.name, now)
        return replace(known, problems=(str(error),))

    def write(self) -> None:
        place, document = self.directory(), self.document()
        if place is None:
            return
        if document and self.others:
            document = replace(document, others=tuple(filter(None, (other.document() for other in self.others))))
        put(place / MACHINE, as_json(self.own))
        put(place / STATE, as_json(document) if document else None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def put(path: Path, value: Mapping[str, Any] | None) -> None:
    """Replace a file that anybody may read; None removes it. It is not brought to the disk: two seconds later there is
    another one."""
    if value is None:
        path.unlink(missing_ok=True)
        return
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")
    temporary.chmod(0o644)
    os.replace(temporary, path)


def stamps() -> list[int]:
    """Return when code and settings were changed."""
    watched = [*Path(__file__).parents[1].glob("_*/**/*.py"), places.PLACE / "settings.json"]
    return sorted(path.stat().st_mtime_ns for path in watched if path.exists())


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    began = stamps()
    settings = places.read()
    runner = importlib.import_module(f".{settings.runner}", __package__)
    writer = Writer(settings, runner, Engine(timeout=ENGINE_TIMEOUT))
    writer.remember()
    with repeated(writer.remember, SLOW, patience=1):
        for round in range(sys.maxsize):
            writer.write()
            time.sleep(INTERVAL)
            if round % 15 == 14 and stamps() != began:
                return


if __name__ == "__main__":
    try:
        main()
    except SettingsError as error:
        sys.exit(str(error))
