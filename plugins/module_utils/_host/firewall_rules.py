# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a host's firewall: what is wrong with them before nft sees them. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"[\w .,:/()+-]{1,100}", re.ASCII)  # it becomes a comment in quotes
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def problems(rules: list[Mapping[str, Any]]) -> list[str]:
    found = []
    for number, rule in enumerate(rules):
        where = f"rule {number + 1} ({rule.get('name')!r})"
        if not _NAME.fullmatch(str(rule.get("name", ""))):
            found.append(f"{where}: a name has letters, digits and .,:/()+- only, at most 100.")
        found += [f"{where}: {text}" for text in map(port_problem, _ports(rule)) if text]
        found += [f"{where}: {text}" for text in map(source_problem, rule.get("sources") or []) if text]
    return found


def _ports(rule: Mapping[str, Any]) -> list[Any]:
    if rule.get("protocol") in ("tcp", "udp"):
        return rule.get("ports") or [None]
    return rule.get("ports") or []


def port_problem(port: Any) -> str:
    match = _PORTS.fullmatch(str(port))
    ends = [int(end) for end in match.groups() if end] if match else []
    if not ends or not all(1 <= end <= 65535 for end in ends) or ends[0] > ends[-1]:
        return f"port {port!r} is neither a number from 1 to 65535 nor a range such as 8000-9000."
    return ""


def source_problem(source: Any) -> str:
    try:
        ipaddress.ip_network(source, strict=True)
    except ValueError as error:
        return f"source {source!r} is not a network: {error}. Write 10.0.0.0/24, 2001:db8::/32 or an address."
    return ""


def admits(rules: list[Mapping[str, Any]], port: int, address: str) -> bool:
    """Whether TCP from the address reaches the port. No address (a console, say) needs no rule."""
    if not address:
        return True
    ip = ipaddress.ip_address(address.partition("%")[0])
    return any(
        rule.get("protocol") == "tcp" and _covers(rule["ports"], port) and _is_source(rule.get("sources") or [], ip)
        for rule in rules
    )


def _covers(ports: list[Any], port: int) -> bool:
    ranges = [str(item).partition("-") for item in ports]
    return any(int(first) <= port <= int(last or first) for first, _dash, last in ranges)


def _is_source(sources: list[str], ip: Any) -> bool:
    networks = [ipaddress.ip_network(source) for source in sources]
    return not networks or any(ip in network for network in networks if network.version == ip.version)
