# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where ports are tried, which, and what that found. Pure.

A look is what one droplet says of itself: its `name`, its `networks` as DigitalOcean lists them, `reach`, what is
declared for it, and `connection`, the variable SSH_CONNECTION of the session in which it was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .reach import GROUP, MEMBERS

HERE = "localhost"  # this machine's name in the inventory

Look = Mapping[str, Any]


def vantage(host: str) -> str:
    """Return how people call a host."""
    return "this machine" if host == HERE else host


def scan_arguments(
    looks: Iterable[Look], host: str, groups: Iterable[str] = (), in_vpc: bool = False
) -> dict[str, Any]:
    """Return what module port_scan is told on `host`: `vantage`, `who` and `targets`, every address of other droplets.

    `groups` are those of the inventory that the host is in. A droplet is in the VPC, and a stranger when `in_vpc` says
    so."""
    looks = list(looks)
    member = any(look["name"] == host for look in looks)
    others = [look for look in looks if look["name"] != host]
    kinds = ("public", "private") if host != HERE and (member or in_vpc) else ("public",)
    return {
        "vantage": vantage(host),
        "who": [MEMBERS, *(GROUP + group for group in groups)] if member else [],
        "targets": [
            {"name": look["name"], "address": address, "source": _source(look, address, host), "reach": look["reach"]}
            for look in others
            for address in addresses(look["networks"], kinds)
        ],
    }


def addresses(networks: Mapping[str, Iterable[Mapping[str, Any]]], kinds: Iterable[str]) -> list[str]:
    """Return a droplet's addresses of these kinds (public, private), of IPv4 and IPv6."""
    listed = [*(networks.get("v4") or []), *(networks.get("v6") or [])]
    return [network["ip_address"] for kind in kinds for network in listed if network["type"] == kind]


def _source(look: Look, address: str, host: str) -> str:
    """Return the address under which the droplet sees this machine; empty where that is the one that it sends from.

    Behind a router that translates, this machine's own address is not the one that droplets see."""
    seen = (look.get("connection") or "").split(" ")[0]
    return seen if host == HERE and (":" in seen) == (":" in address) else ""


def report(
    scans: Mapping[str, Mapping[str, Any]], inside: Mapping[str, Mapping[str, Any]], cloud: Iterable[str]
) -> dict[str, list[str]]:
    """Return in lines what was `tried`, and every one of the `differences`.

    `scans` and `inside` are results of the modules port_scan and host_exposure by host, empty ones of hosts that could
    not be asked; `cloud` are the differences of the account's firewalls."""
    return {
        "tried": [_tried(host, scan) for host, scan in scans.items()],
        "differences": [
            *(line for scan in scans.values() for line in scan.get("differences") or []),
            *(line for host, found in inside.items() for line in _of_host(host, found)),
            *cloud,
        ],
    }


def _tried(host: str, scan: Mapping[str, Any]) -> str:
    unrouted = scan.get("unrouted") or []
    return f"{vantage(host)}: {scan.get('probes', 0)} ports tried" + (
        f", no way to {', '.join(unrouted)}" if unrouted else ""
    )


def _of_host(host: str, found: Mapping[str, Any]) -> list[str]:
    if "differences" in found:
        return found["differences"]
    return [f"{host}: it could not be looked at from within. Mend its access, and run verify.yml again."]
