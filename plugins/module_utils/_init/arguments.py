# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people ask for, judged before anything is read or written. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._app.git import has_login

ENVIRONMENTS = ("production", "staging", "dev")
RUNNERS = ("compose", "swarm")
# One for each, so that environments of an account can be told apart, and joined one day.
IP_RANGES = {"production": "10.20.0.0/16", "staging": "10.21.0.0/16", "dev": "10.22.0.0/16"}
_PROJECT = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_REGION = re.compile(r"[a-z]{3}\d{1,2}")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_REPOSITORY = re.compile(r"(https?|ssh|git)://\S+|[\w.-]+@[\w.-]+:\S+")


@dataclass(frozen=True)
class Wish:
    """The new environment. `app` is a folder, or the address of a git repository."""

    environment: str
    project: str
    app: str
    region: str = "fra1"
    domain: str = ""
    runner: str = "compose"
    into: str = ""
    zone: str = ""  # the domain of an inventory beside it, to which this one's domain belongs
    adopt: bool = False  # what the account has already is declared; what is empty then follows from it
    served: tuple[str, ...] = ()  # names by which visitors come already

    @property
    def ip_range(self) -> str:
        return IP_RANGES[self.environment]

    @property
    def is_repository(self) -> bool:
        return bool(_REPOSITORY.fullmatch(self.app))

    @property
    def names(self) -> list[str]:
        """Return the names that visitors know: a domain of one's own has `www`, too."""
        if self.served:
            return list(self.served)
        return [self.domain, *([f"www.{self.domain}"] if self.domain.count(".") == 1 else [])]

    @property
    def hosts(self) -> list[str]:
        """Return the same as records of the zone."""
        if self.zone:
            return [self.domain.removesuffix(f".{self.zone}")]
        return ["@", "www"][: len(self.names)]


def problems(wish: Wish) -> list[str]:
    """Return one sentence for each argument that is wrong."""
    found = []
    for name, choices in (("environment", ENVIRONMENTS), ("runner", RUNNERS)):
        if getattr(wish, name) not in choices and (getattr(wish, name) or not wish.adopt):
            found.append(f"{name}: {getattr(wish, name)!r} is not {', '.join(choices[:-1])} or {choices[-1]}.")
    if not _PROJECT.fullmatch(wish.project):
        found.append(
            f"project: {wish.project!r} is not a name such as shop: a letter, then lower-case letters, digits and"
            " inner hyphens, 32 at most."
        )
    if not _REGION.fullmatch(wish.region) and (wish.region or not wish.adopt):
        found.append(f"region: {wish.region!r} is not the slug of a region, such as fra1 or nyc3.")
    if wish.domain and not (_DOMAIN.fullmatch(wish.domain) and len(wish.domain) <= 253):
        found.append(f"domain: {wish.domain!r} is not a domain's name in lower case, such as example.com.")
    if has_login(wish.app):
        found.append("app: a name or a password stands in this address. Give it without, and let git ask or use SSH.")
    return found
