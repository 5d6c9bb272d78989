# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Dockerfile says of the image that it makes: port, health check, command, variables. Pure."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from dataclasses import dataclass, field

from .._app.dockerignore import copied
from .._app.variables import filled

_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?:\d+|\$\{[^}]*\}|\$\w+))?(?P<path>/[^\s\"'`);|,]*)?"
)
_LISTENS = re.compile(r"(?:--port[ =]|-p |--bind[ =]\S*:|-b \S*:|runserver \S*:)([1-9]\d{1,4})\b")


@dataclass
class Stage:
    """One `FROM` with all that is in force at its end."""

    base: str = ""
    ports: list[int] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    entry: str = ""
    command: str = ""
    health: str = ""
    copies: list[tuple[str, str]] = field(default_factory=list)  # what, and where to

    def child(self) -> Stage:
        """Return a stage that begins with all of this one."""
        texts = (self.folder, self.entry, self.command, self.health)
        return Stage(self.base, [*self.ports], {**self.env}, *texts, [*self.copies])

    @property
    def port(self) -> int:
        """Return the port that the image listens on, or 0."""
        said = _LISTENS.search(f"{self.entry} {self.command}")
        variable = self.env.get("PORT", "")
        return next(iter(self.ports), 0) or int(said[1] if said else variable if variable.isdecimal() else 0)

    @property
    def health_path(self) -> str:
        """Return the path that the health check asks by HTTP, or an empty text."""
        return health_path(self.health)

    def place_of(self, ending: str) -> str:
        """Return where the image has a folder that was copied into it and whose path ends so, or an empty text."""
        for source, place in self.copies:
            if place.endswith(f"/{ending}"):
                return place
            head, _slash, rest = ending.partition("/")
            if rest and source.rstrip("/").endswith(head) and place.endswith(f"/{head}"):
                return f"{place}/{rest}"
        return ""


def health_path(text: str) -> str:
    """Return the path of the first address of the machine itself in a command."""
    found = _URL.search(text)
    return (found["path"] or "/").split("?")[0] if found else ""


def parse(text: str, target: str = "") -> Stage:
    """Read a Dockerfile. Return its last stage, or the one that is called `target`."""
    stages: dict[str, Stage] = {}
    outside: dict[str, str] = {}
    stage = None
    for word, rest in instructions(text):
        if word == "FROM":
            image, name = _from(rest, outside)
            stage = stages[image].child() if image in stages else Stage(base=image)
            stages[name or f"#{len(stages)}"] = stage
        elif stage is None:
            outside |= _assignments(rest) if word == "ARG" else {}
        else:
            _apply(stage, word, rest)
    return stages.get(target.lower()) or stage or Stage()


def instructions(text: str) -> list[tuple[str, str]]:
    """Split a Dockerfile into instructions, without comments and broken lines."""
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|$)", line)]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    found = (re.match(r"\s*([A-Za-z]+)\s+(.*)", line) for line in joined.splitlines())
    return [(match[1].upper(), match[2].strip()) for match in found if match]


def sources(text: str) -> list[str]:
    """Return what a Dockerfile copies out of its context, without patterns."""
    paths = (posixpath.normpath(path.lstrip("/") or ".") for path in copied(text))
    return [path for path in paths if path != "." and not re.search(r"[*?\[$]", path)]


def _from(rest: str, outside: dict[str, str]) -> tuple[str, str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    image = filled(words[0], outside) if words else ""
    name = words[2] if len(words) > 2 and words[1].upper() == "AS" else ""
    return image.lower() if not image.count("/") else image, name.lower()


def _apply(stage: Stage, word: str, rest: str) -> None:
    if word in ("ENV", "ARG"):
        stage.env |= _assignments(rest)
    elif word == "EXPOSE":
        ports = (filled(port, stage.env).split("/")[0] for port in rest.split())
        stage.ports = [int(port) for port in ports if port.isdecimal()] or stage.ports
    elif word == "WORKDIR":
        stage.folder = posixpath.join(stage.folder, filled(rest, stage.env))
    elif word == "CMD":
        stage.command = " ".join(_words(rest))
    elif word == "ENTRYPOINT":
        stage.entry = " ".join(_words(rest))
    elif word == "HEALTHCHECK":
        stage.health = "" if rest.upper().startswith("NONE") else rest
    elif word in ("COPY", "ADD"):
        words = [part for part in _words(rest) if not part.startswith("--")]
        if words:
            place = posixpath.normpath(posixpath.join(stage.folder, filled(words[-1], stage.env)))
            stage.copies += [(source, place) for source in words[:-1]]


def _assignments(rest: str) -> dict[str, str]:
    words = _words(rest)
    if words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words if "=" in word)


def _words(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError:
            pass
    try:
        return shlex.split(rest)
    except ValueError:
        return rest.split()
