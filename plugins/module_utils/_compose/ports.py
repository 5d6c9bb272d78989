# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which loopback ports each app of a host has for its two colours. The host remembers them in one file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._app import atomic

BOOK = Path("/var/lib/izzzi/apps.json")
FIRST, END, BLOCK = 20000, 32000, 200  # below the ports that Linux gives to outgoing connections


class NoPorts(ValueError):
    """All blocks of ports are taken."""


@dataclass(frozen=True)
class Claim:
    """One app's block of ports, which begins with `first_port`."""

    directory: str
    first_port: int

    @property
    def ports(self) -> range:
        return range(self.first_port, self.first_port + BLOCK)


def overlap(one: range, other: range) -> bool:
    """Says whether two blocks share a port."""
    return one.start < other.stop and other.start < one.stop


def choose(project: str, declared: int, known: int, claims: Mapping[str, Claim], taken: Collection[int]) -> int:
    """Chooses the first port of an app: the declared one, the one it has, or that of the first block that is free."""
    if declared:
        return declared
    if project in claims:
        return claims[project].first_port
    if known:
        return known
    others = [claim.ports for name, claim in claims.items() if name != project]
    for first in range(FIRST, END, BLOCK):
        block = range(first, first + BLOCK)
        if not any(overlap(block, other) for other in others) and not any(port in block for port in taken):
            return first
    raise NoPorts(f"All ports from {FIRST} to {END} are taken on this host: give app_compose_first_port.")


def _claim(value: Any) -> Claim | None:
    """Reads one app's claim; None for a damaged one, which is as none: what listens is not given to others anyway."""
    if not isinstance(value, dict):
        return None
    directory, first_port = value.get("directory"), value.get("first_port")
    return Claim(directory, first_port) if isinstance(directory, str) and isinstance(first_port, int) else None


class PortBook:
    """The file with all claims. Apps whose directory is gone have none."""

    def __init__(self, path: Path = BOOK):
        self.path = path

    def claims(self) -> dict[str, Claim]:
        found = atomic.read_json(self.path)
        claims = {name: _claim(value) for name, value in found.items()} if isinstance(found, dict) else {}
        return {name: claim for name, claim in claims.items() if claim and Path(claim.directory).is_dir()}

    def claim(self, project: str, directory: Path, declared: int, known: int, taken: Collection[int]) -> int:
        """Chooses under a lock, so that two first releases at the same time get different blocks, and notes it."""
        with self._locked():
            claims = self.claims()
            first_port = choose(project, declared, known, claims, taken)
            self._write(claims | {project: Claim(str(directory), first_port)})
        return first_port

    def forget(self, project: str) -> None:
        if self.path.exists():
            with self._locked():
                self._write({name: claim for name, claim in self.claims().items() if name != project})

    def _write(self, claims: Mapping[str, Claim]) -> None:
        values = {name: asdict(claim) for name, claim in sorted(claims.items())}
        if atomic.read_json(self.path) != values:
            atomic.write_json(self.path, values)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with open(os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
