# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names and tags that an environment's resources have. They replace a state file: from the declaration follows what
to look for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PREFIX = "izzzi"
ADDRESS = "ip"  # in the tag of a reserved IP


@dataclass(frozen=True)
class Names:
    project: str
    environment: str

    @property
    def base(self) -> str:
        return f"{self.project}-{self.environment}"

    @property
    def vpc(self) -> str:
        return f"{self.base}-vpc"

    @property
    def owner_tag(self) -> str:
        """Return the tag that every droplet has and firewalls attach by."""
        return f"{PREFIX}:{self.project}:{self.environment}"

    @property
    def lock(self) -> str:
        """Return the name of the project that exists while a run changes the environment."""
        return f"{self.owner_tag}:lock"

    def group_tag(self, group: str) -> str:
        """Return the tag that makes a droplet a member of a group of the dynamic inventory."""
        return f"{self.owner_tag}:{group}"

    def owns(self, name: str) -> bool:
        """Whether only this environment gives such a name, if no project or environment begins with another and a
        hyphen."""
        return name.startswith(f"{self.base}-")

    def owns_tag(self, tag: str) -> bool:
        return tag == self.owner_tag or tag.startswith(f"{self.owner_tag}:")

    @property
    def door_tags(self) -> str:
        """Return how the tags of doors for SSH begin. They are no tags of ours in the sense of `owns_tag`: a droplet
        that has one is as declared."""
        return f"{PREFIX}-door:{self.project}:{self.environment}:"

    @property
    def door_firewalls(self) -> str:
        return f"{self.base}-door-"

    @property
    def reserved_ip(self) -> str:
        """Return its name in the plan: DigitalOcean gives reserved IPs no name."""
        return f"{self.base}-ip"

    def address_tag(self, ip: str) -> str:
        """Return the tag that marks a reserved IP as the environment's, since an address cannot carry a tag itself."""
        return self.group_tag(f"{ADDRESS}:{ip.replace('.', '-')}")

    @property
    def load_balancer(self) -> str:
        return f"{self.base}-lb"

    def bucket(self, name: str) -> str:
        return f"{self.base}-{name}"

    def alert(self, name: str) -> str:
        return f"{self.base} {name}"

    def owns_alert(self, description: str, watched: list[str]) -> bool:
        """Whether a policy is ours by its name and by the tags and droplets that it watches. One that watches nothing
        lost our tag when that was deleted; one that watches droplets by id only is somebody else's."""
        return description.startswith(f"{self.base} ") and (not watched or any(map(self.owns_tag, watched)))

    def uptime_check(self, name: str) -> str:
        return f"{PREFIX} {self.base} {name}"

    def owns_uptime_check(self, name: str) -> bool:
        """Whether only a run of this environment gives such a name: the words before it say whose it is, since a check
        carries no tag, and no base has a space in it."""
        return name.startswith(self.uptime_check(""))

    def firewall(self, name: str) -> str:
        return f"{self.base}-fw-{name}"

    def owns_firewall(self, name: str, tags: list[str], droplets: list[int]) -> bool:
        """Whether a firewall is ours by name and tag. One that protects nothing lost our tag when that was deleted; one
        that protects droplets by id only is somebody else's."""
        return name.startswith(f"{self.base}-fw-") and (self.owner_tag in tags or not (tags or droplets))

    def droplet(self, group: str, number: int) -> str:
        """Return a droplet's name. The first of a group has no number, so that a group of one has a plain name."""
        return f"{self.base}-{group}" + (f"-{number}" if number > 1 else "")


def vault_variables(key: str) -> tuple[str, str]:
    """Return the variables that a Spaces key's id and secret have in the vault file."""
    word = key.replace("-", "_")
    return f"vault_{word}_access_key", f"vault_{word}_secret_key"


def address_owners(tags: Iterable[str]) -> dict[str, str]:
    """Return the owner's tag of each reserved IP that a tag names."""
    found = {}
    for tag in tags:
        owner, _word, ip = tag.rpartition(f":{ADDRESS}:")
        if owner.startswith(f"{PREFIX}:"):
            found[ip.replace("-", ".")] = owner
    return found
