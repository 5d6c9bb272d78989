# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is on a host beside the app of a run: other projects, ports, sites."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

from .._app.inspected import inspected
from .._app.program import CommandError, run
from .._app.release import ReleaseError
from .neighbours import Neighbour, collisions, directory_collisions, edge_collision, is_ours, listeners, parse
from .ports import FIRST, PortBook, choose
from .transaction import Transaction

SITES = Path("/etc/nginx/sites-enabled")


def neighbours() -> list[Neighbour]:
    """Reads all containers of the host, also stopped ones."""
    ids = run(["docker", "container", "ls", "--all", "--quiet", "--no-trunc"]).split()
    return parse(inspected(ids))


def take_ports(t: Transaction, declared: int, book: PortBook | None = None) -> None:
    """Tells the run its ports: those that it has begun with, or those that the app has, or free ones."""
    first = t.journal.get("first_port") or choose(
        t.app.project, declared, _known(t), (book or PortBook()).claims(), _taken(t, declared)
    )
    t.app = replace(t.app, first_port=first)


def claim_ports(t: Transaction, declared: int, book: PortBook | None = None) -> None:
    """Notes the app's ports on the host, so that no other app is given them."""
    book = book or PortBook()
    first = book.claim(t.app.project, t.app.directory, declared, _known(t), _taken(t, declared))
    t.app = replace(t.app, first_port=first)


def _known(t: Transaction) -> int:
    """The live release's ports; one from before apps had ports of their own has the first ones."""
    return (t.live.first_port or FIRST) if t.live else 0


def _taken(t: Transaction, declared: int) -> set[int]:
    """Ports that others publish or listen on, asked for only where a choice may be made."""
    if declared or t.live or shutil.which("docker") is None:
        return set()
    published = {port for n in neighbours() if not is_ours(t.app, n) for _address, port in n.published}
    return published | {port for _address, port in listening()}


def listening() -> dict[tuple[str, int], str]:
    """Reads who listens on which TCP port, but for what Docker publishes."""
    try:
        return listeners(run(["ss", "-Hltnp"]))
    except CommandError:
        return {}


def require_own_directory(t: Transaction, book: PortBook | None = None) -> None:
    """Raises ReleaseError in another app's directory, before anything in it is ended, moved or removed."""
    if found := directory_collisions(t.app, (book or PortBook()).claims()):
        raise ReleaseError("\n".join(found))


def look_around(t: Transaction) -> list[str]:
    """Tells what on the host would collide with the app, before anything is touched."""
    found = collisions(t.app, neighbours(), PortBook().claims(), listening())
    if t.live and (both := {*_numbers(t, t.next_colour)} & {*_live_numbers(t)}):
        found.append(
            f"app_compose_first_port: the next release would have ports of the live one ({min(both)} to {max(both)})."
            " Leave it as it is, or move it by 200 or more."
        )
    if t.edge:
        found += edge_collision(t.app, str(t.edge.directory), t.edge.read("http.conf"))
    return found


def _numbers(t: Transaction, colour: str) -> list[int]:
    return [port for ports in t.app.ports(colour).values() for port in ports]


def _live_numbers(t: Transaction) -> list[int]:
    return [port for ports in t.of_release(t.live).ports(t.live.colour).values() for port in ports]


def site_name(edge_directory: str, sites: Path = SITES) -> str:
    """Finds the name by which nginx serves the app, for the release's own checks; empty when any name will do."""
    include = f"include {edge_directory.rstrip('/')}/server"
    for path in sorted(sites.glob("*")) if edge_directory else []:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        names = re.search(r"^\s*server_name (.*);", text, re.MULTILINE)
        if include in text and names:
            plain = [name for name in names[1].split() if "*" not in name]
            return plain[0] if plain and "_" not in plain else ""
    return ""
