# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app as it was understood, with what was assumed and what could not be told. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .dockerfile import Stage
from .frameworks import NONE, Framework, Part
from .variables import Declared

WORKER = re.compile(r"worker|queue|consumer|celery|beat|cron|scheduler|jobs?$", re.IGNORECASE)


@dataclass
class Notes:
    """What people are told beside the files."""

    found: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


@dataclass
class Service:
    """A service of the app, from a Dockerfile or from a compose file."""

    name: str
    context: str = ""
    dockerfile: str = "Dockerfile"  # below the context
    folder: str = ""  # where its own files are
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    command: Any = None
    ports: tuple[int, ...] = ()  # that a compose file names
    raw: dict[str, str | None] = field(default_factory=dict)  # variables with what they say where they were found
    literal: frozenset[str] = frozenset()  # of these, what the compose file itself says
    health: str = ""
    volumes: tuple[str, ...] = ()
    stage: Stage = field(default_factory=Stage)
    part: Part = field(default_factory=Part)
    is_worker: bool = False
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    build_values: dict[str, str] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    assets: dict[str, str] = field(default_factory=dict)
    todo: list[str] = field(default_factory=list)

    @property
    def image(self) -> tuple[str, str, str]:
        """Return what tells whether two services are the same image."""
        return self.context, self.dockerfile, self.target

    @property
    def framework(self) -> Framework:
        """Return what it is written with. A worker has nothing of what visitors see."""
        return NONE if self.is_worker else self.part.framework

    def build(self) -> dict[str, Any]:
        """Return `build` as the app's variables have it."""
        given: dict[str, Any] = {"context": self.context} if self.context not in ("", ".") else {}
        if self.dockerfile != "Dockerfile" or not given:
            given["dockerfile"] = self.dockerfile
        given |= {"target": self.target} if self.target else {}
        return given | ({"args": dict(self.args)} if self.args else {})


@dataclass
class App:
    """All that app.yml says."""

    source: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    services: list[Service] = field(default_factory=list)
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    variables: Declared = field(default_factory=Declared)
    release_command: dict[str, Any] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)
    locations: list[dict[str, Any]] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    @property
    def kinds(self) -> set[str]:
        """Return which presets the data services are."""
        return {given.get("preset", name) for name, given in self.data.items()}

    def missing(self, place: Service | None, sentence: str) -> None:
        """Note what could not be told, for the report and for the place in the file."""
        self.notes.todo.append(f"{place.name}: {sentence}" if place else sentence)
        if place:
            place.todo.append(sentence)
