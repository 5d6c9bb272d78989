# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads all of an account that an environment could have, and nothing else: no request writes."""

from __future__ import annotations

from typing import Any

from ..account import Account, Row, together
from ..client import ApiError, Client

# By listing: path, key in the reply, and whether nothing can be said without it.
LISTINGS = {
    "vpcs": ("/vpcs", "vpcs", True),
    "droplets": ("/droplets", "droplets", True),
    "firewalls": ("/firewalls", "firewalls", True),
    "tags": ("/tags", "tags", True),
    "ssh_keys": ("/account/keys", "ssh_keys", True),
    "volumes": ("/volumes", "volumes", False),
    "reserved_ips": ("/reserved_ips", "reserved_ips", False),
    "load_balancers": ("/load_balancers", "load_balancers", False),
    "domains": ("/domains", "domains", False),
    "projects": ("/projects", "projects", False),
    "alerts": ("/monitoring/alerts", "policies", False),
    "uptime_checks": ("/uptime/checks", "checks", False),
}


class Reading:
    """`unread` gathers what the token may not read, so that nobody takes it for not there."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.unread: list[str] = []

    def account(self) -> Account:
        """Return every listing by its name."""
        calls = [lambda row=row: self.rows(*row) for row in LISTINGS.values()]
        return dict(zip(LISTINGS, together(calls), strict=True))

    def rows(self, path: str, key: str, needed: bool = False) -> list[Row]:
        try:
            return self._client.list(path, key)
        except ApiError as error:
            if needed or error.status not in (403, 404):
                raise
            if error.status == 403:
                self.unread.append(path)
            return []

    def each(self, paths: dict[str, str], key: str) -> dict[str, list[Row]]:
        """Return the rows of several listings by what names them."""
        calls = [lambda path=path: self.rows(path, key) for path in paths.values()]
        return dict(zip(paths, together(calls), strict=True))

    def notes(self) -> list[str]:
        return [
            f"the token may not read {path} (403): whatever the account has of that is not declared"
            for path in sorted(set(self.unread))
        ]


def zone_paths(domains: list[Row], words: list[str], name: str) -> dict[str, str]:
    """Return where the records are of the domains that could be meant: `name`, one above it, and those in whose zone
    file an address of ours stands."""
    found: dict[str, Any] = {}
    for row in domains:
        text = row.get("zone_file")
        above = name == row["name"] or name.endswith(f".{row['name']}")
        if above if name else text is None or any(word in text for word in words):
            found[row["name"]] = f"/domains/{row['name']}/records"
    return found
