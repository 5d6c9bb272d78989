# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags must exist before a firewall can name them."""

from __future__ import annotations

from ._account import Account
from ._client import Client
from ._names import Names
from ._plan import CREATE, DELETE, NOOP, Step


def steps(wanted: list[str], account: Account, client: Client) -> list[Step]:
    existing = {tag["name"].lower() for tag in account.tags}  # names that differ in case only are one tag
    return [
        Step(NOOP, "tag", name)
        if name.lower() in existing
        else Step(CREATE, "tag", name, apply=lambda name=name: _create(name, client))
        for name in wanted
    ]


def _create(name: str, client: Client) -> None:
    client.create("/tags", {"name": name}, lambda: client.find(f"/tags/{name}"))


def surplus(wanted: list[str], names: Names, account: Account, client: Client) -> list[Step]:
    return [
        Step(DELETE, "tag", tag["name"], apply=lambda name=tag["name"]: client.delete(f"/tags/{name}"))
        for tag in account.tags
        if names.owns_tag(tag["name"]) and tag["name"] not in wanted
    ]
