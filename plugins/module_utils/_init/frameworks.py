# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app is written with, by the files of installers. Pure."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .dockerfile import Stage
from .tree import Tree


@dataclass(frozen=True)
class Framework:
    """A framework with what is true of it where nobody says otherwise."""

    name: str
    port: int = 0
    is_page: bool = False  # what visitors see first, so that it gets `/`
    check: str = ""  # a path that answers 200 by itself


NONE = Framework("")
STATIC = Framework("a static site", 80, True, "/")
# The first that is found counts: a Next.js app may have Express in it, and a Nest app always has.
NODE = {
    "next": Framework("Next.js", 3000, True, "/"),
    "nuxt": Framework("Nuxt", 3000, True, "/"),
    "@remix-run/node": Framework("Remix", 3000, True, "/"),
    "@sveltejs/kit": Framework("SvelteKit", 3000, True, "/"),
    "@nestjs/core": Framework("NestJS", 3000),
    "fastify": Framework("Fastify", 3000),
    "express": Framework("Express", 3000),
    "koa": Framework("Koa", 3000),
    "hono": Framework("Hono", 3000),
}
PYTHON = {
    "fastapi": Framework("FastAPI", 8000, check="/docs"),
    "django": Framework("Django", 8000),
    "flask": Framework("Flask", 5000),
}
_MIGRATING_SCRIPTS = ("migrate:deploy", "db:migrate", "migrate:prod", "migration:run", "migrations:run", "migrate")


@dataclass(frozen=True)
class Part:
    """What a folder of the app is."""

    framework: Framework = NONE
    packages: frozenset[str] = frozenset()
    scripts: Mapping[str, str] = field(default_factory=dict)
    is_workspace: bool = False
    runtime: frozenset[str] = frozenset()  # packages that an install without development's has

    @property
    def sockets(self) -> bool:
        """Whether it talks by socket.io."""
        return bool(self.packages & {"socket.io", "@nestjs/platform-socket.io", "python-socketio"})


def part_of(tree: Tree, folder: str, stage: Stage) -> Part:
    """Return what the folder is. An image on nginx is a static site, whatever built it."""
    packages, runtime, scripts, workspace = _node(tree.text(folder, "package.json"))
    python = _python(tree, folder)
    known = [f for name, f in NODE.items() if name in packages] + [f for name, f in PYTHON.items() if name in python]
    framework = STATIC if is_static(stage) else next(iter(known), NONE)
    return Part(framework, packages | python, scripts, workspace, runtime | python)


def is_static(stage: Stage) -> bool:
    """Return whether the image is a web server with files."""
    image = posixpath.basename(stage.base).split(":")[0].split("@")[0]
    return image in ("nginx", "nginx-unprivileged", "httpd", "caddy", "static-web-server")


def _node(text: str) -> tuple[frozenset[str], frozenset[str], dict[str, str], bool]:
    try:
        document: Any = json.loads(text) if text else {}
    except ValueError:
        document = {}
    if not isinstance(document, Mapping):
        document = {}
    parts = [document.get(key) or {} for key in ("dependencies", "devDependencies")]
    runtime, developing = (frozenset(part) if isinstance(part, Mapping) else frozenset() for part in parts)
    scripts = document.get("scripts")
    return (
        runtime | developing,
        runtime,
        dict(scripts) if isinstance(scripts, Mapping) else {},
        "workspaces" in document,
    )


def _python(tree: Tree, folder: str) -> frozenset[str]:
    files = (name for name in tree.texts if posixpath.dirname(name) == folder)
    named = [name for name in files if name.endswith((".txt", "pyproject.toml"))]
    found = (
        re.findall(r"^\s*[\"']?([A-Za-z][\w.-]*)|[\[,]\s*[\"']([A-Za-z][\w.-]*)", tree.texts[name], re.MULTILINE)
        for name in named
    )
    return frozenset((first or second).lower() for pairs in found for first, second in pairs)


@dataclass(frozen=True)
class Migration:
    """What brings a database to the form that a release needs."""

    command: tuple[str, ...]
    files: str = ""  # a pattern of SQL files, which a release reads before they run
    doubt: str = ""
    todo: str = ""


def migration_of(tree: Tree, folder: str, part: Part) -> Migration | None:
    """Return how this part migrates its database, if it seems to do."""
    if {"prisma", "@prisma/client"} & part.packages:
        return _prisma(tree, folder, part)
    if tree.has(posixpath.join(folder, "alembic.ini")):
        return Migration(("alembic", "upgrade", "head"))
    if "django" in part.packages and tree.has(posixpath.join(folder, "manage.py")):
        return Migration(("python", "manage.py", "migrate", "--noinput"))
    if "flask-migrate" in part.packages:
        return Migration(("flask", "db", "upgrade"))
    script = next((name for name in _MIGRATING_SCRIPTS if name in part.scripts), "")
    if script:
        files = posixpath.join(folder, "migrations/*.sql")
        has_sql = any(fnmatchcase(name, files) for name in tree.names)
        return Migration(("npm", "run", script), files if has_sql else "", "that the image can do so")
    return None


def _prisma(tree: Tree, folder: str, part: Part) -> Migration | None:
    migrations = posixpath.join(folder, "prisma/migrations")
    if not tree.has(migrations):
        return None
    doubt = "that the image has the folder prisma and the package prisma, which migrate"
    lacks = "package.json has prisma among devDependencies, and the image migrates with it: move it to dependencies"
    todo = "" if "prisma" in part.runtime else lacks
    return Migration(("npx", "prisma", "migrate", "deploy"), f"{migrations}/*/migration.sql", doubt, todo)


# Packages that talk to a data service, which an app has with or without saying so in a variable.
CLIENTS = {
    "postgres": {"pg", "postgres", "psycopg", "psycopg2", "psycopg2-binary", "asyncpg"},
    "redis": {"ioredis", "redis", "bull", "bullmq"},
}


def uses_postgres(tree: Tree, folder: str) -> bool:
    """Return whether a schema of Prisma names PostgreSQL."""
    schema = tree.text(folder, "prisma/schema.prisma", "schema.prisma")
    return bool(re.search(r"provider\s*=\s*\"postgresql\"", schema))
