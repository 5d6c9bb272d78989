# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the settings of nginx: of a site, of a location, and of what all sites share. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

SIZE = re.compile(r"[0-9]+[kKmMgG]?\Z")
TIME = re.compile(r"[0-9]+(ms|s|m|h|d)?\Z")
RATE = re.compile(r"[1-9][0-9]*r/[sm]\Z")
USER = re.compile(r"[A-Za-z0-9._@-]{1,64}\Z")
HEADER = re.compile(r"[A-Za-z0-9-]+\Z")
HEADER_VALUE = re.compile(r"[^\"\\\x00-\x1f\x7f$]*\Z")
# What a location may have as well as its site: how it is written, and an example.
SETTINGS = {
    "client_max_body_size": (SIZE, "10m"),
    "response_header_size": (SIZE, "32k"),
    "read_timeout": (TIME, "60s"),
    "send_timeout": (TIME, "60s"),
    "connect_timeout": (TIME, "5s"),
    "client_body_timeout": (TIME, "30s"),
}
RATES = {"rate": (RATE, "20r/s"), "burst": (re.compile(r"[0-9]+\Z"), "50")}

# What all sites share, by the roles' inputs without their prefix.
SHARED = {
    "client_max_body_size": (SIZE, "10m"),
    "request_header_size": (SIZE, "32k"),
    "response_header_size": (SIZE, "32k"),
    "worker_shutdown_timeout": (TIME, "10m"),
}
HOST_ONLY = frozenset({"worker_shutdown_timeout", "log_days", "status_port"})  # inputs of the role nginx alone
LEAST = {"connections_per_address": 1, "worker_connections": 16, "log_days": 1}


def shared_problems(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Tell what is wrong with what all sites share."""
    for key, (pattern, example) in SHARED.items():
        if key in settings and not pattern.match(str(settings[key])):
            yield f"{_named(key, prefix)}: {settings[key]!r} is not understood. Use for example {example}."
    for key in ("request_header_size", "response_header_size"):
        if SIZE.match(size := str(settings.get(key, "32k"))) and not 1024 <= _bytes(size) <= 1024**2:
            yield f"{prefix}{key}: {size} is not between 1k and 1m."
    for key, least in LEAST.items():
        if key in settings and not settings[key] >= least:
            yield f"{_named(key, prefix)}: {settings[key]} is too few. Use at least {least}."
    if "status_port" in settings and not is_port(settings["status_port"]):
        yield f"nginx_status_port: {settings['status_port']!r} is not a valid port. Use a number from 1 to 65535."
    yield from header_problems(f"{prefix}security_headers", settings.get("security_headers", {}))
    for proxy in settings.get("trusted_proxies", ()):
        if not _is_network(proxy):
            yield f"{prefix}trusted_proxies: {proxy!r} is not a valid address or range, for example 10.0.0.0/24."


def _named(key: str, prefix: str) -> str:
    return f"{'nginx_' if key in HOST_ONLY else prefix}{key}"


def _is_network(text: Any) -> bool:
    try:
        ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True


def setting_problems(
    where: str, given: Mapping[str, Any], known: Mapping[str, tuple], users: Sequence[str], prefix: str
) -> Iterator[str]:
    """Tell what is wrong with the settings of a site or a location; `known` are those that it may have."""
    for key, (pattern, example) in known.items():
        if key in given and not pattern.match(str(given[key])):
            yield f"{where}.{key}: {given[key]!r} is not understood. Use for example {example}."
    if SIZE.match(size := str(given.get("response_header_size", "32k"))) and not 1024 <= _bytes(size) <= 1024**2:
        yield f"{where}.response_header_size: {size} is not between 1k and 1m."
    yield from _logins(f"{where}.basic_auth", given.get("basic_auth", []), users, f"{prefix}passwords")
    yield from _directives(f"{where}.directives", given.get("directives", []))


def _bytes(size: str) -> int:
    return int(size.rstrip("kKmMgG")) * 1024 ** " kmg".index(size[-1].lower() if size[-1].isalpha() else " ")


def header_problems(where: str, headers: Any) -> Iterator[str]:
    if not isinstance(headers, Mapping):
        yield f"{where} must be a dictionary of header names and values."
        return
    for name, value in headers.items():
        if not HEADER.match(str(name)):
            yield f"{where}: {name!r} is not a valid name for a header. Use letters, digits and -."
        if value is not None and not HEADER_VALUE.match(str(value)):
            yield f"{where}.{name}: a value has no quotation marks, backslashes, dollars or line breaks."


def _logins(where: str, names: Any, users: Sequence[str], passwords: str) -> Iterator[str]:
    if not isinstance(names, list):
        yield f"{where} must be a list of names out of {passwords}; an empty one lets everybody in."
        return
    for name in names:
        if not USER.match(str(name)):
            yield f"{where}: {name!r} is not a valid name. Use letters, digits, ., _, @ and -."
        elif name not in users:
            yield f"{where}: {name} has no password in {passwords}."


def _directives(where: str, directives: Any) -> Iterator[str]:
    """nginx judges them; here only what would reach beyond its own place."""
    if not isinstance(directives, list) or not all(isinstance(text, str) for text in directives):
        yield f"{where} must be a list of nginx's directives, each a text such as 'expires 1h;'."
        return
    for text in directives:
        bare = re.sub(r"\\.|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?m:(?:^|(?<=\s))#.*$)", "", text)
        depths = [bare[:end].count("{") - bare[:end].count("}") for end in range(len(bare) + 1)]
        if not bare.rstrip().endswith((";", "}")) or min(depths) < 0 or depths[-1] != 0:
            yield f"{where}: {text!r} is not a whole directive: it ends with ; or }}, and each {{ has its }}."


def is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
