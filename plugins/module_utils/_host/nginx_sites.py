# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a declaration of nginx sites, in words, before nginx or a certificate authority sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z"
)
SERVER = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}\Z|\[[0-9a-fA-F:]+\]:[0-9]{1,5}\Z|unix:/[A-Za-z0-9._/-]+\Z")
PATH = re.compile(r"/[^\s;{}\"'\\$#]*\Z")
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
COMMON_KEYS = frozenset((*SETTINGS, "basic_auth", "directives"))
SITE_KEYS = COMMON_KEYS | {"server_names", "listen", "listen_tls", "locations", "app", "headers", "tls", "hsts"}
LOCATION_KEYS = COMMON_KEYS | {"path", "upstream", "service", "sticky", "websocket", "compress", "buffering", *RATES}
TLS_KEYS = {
    "acme": frozenset({"source", "challenge"}),
    "files": frozenset({"source", "certificate", "key", "root"}),
    "self-signed": frozenset({"source"}),
}
CHALLENGES = ("http-01", "dns-01")


# What all sites share, by the role's inputs.
SHARED = {
    "nginx_client_max_body_size": (SIZE, "10m"),
    "nginx_request_header_size": (SIZE, "32k"),
    "nginx_response_header_size": (SIZE, "32k"),
    "nginx_worker_shutdown_timeout": (TIME, "10m"),
}
LEAST = {"nginx_connections_per_address": 1, "nginx_worker_connections": 16, "nginx_log_days": 1}
OWN_PAGES = "/izzzi-pages/"  # where the pages of errors are


def problems(
    sites: Any,
    acme: Mapping[str, str] | None = None,
    users: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> list[str]:
    """One sentence for each fault: where, what, and what would be right. `users` are those that have a password,
    `settings` what all sites share, by the role's inputs."""
    found = list(_shared(settings or {}))
    if not isinstance(sites, Mapping) or not sites:
        return [*found, "nginx_sites is empty: declare at least one site, {name: {locations: [...]}}."]
    found += [problem for name, site in sites.items() for problem in _site(str(name), site, users)]
    return found or [*_servers(sites), *_acme(sites, acme or {})]


def _shared(settings: Mapping[str, Any]) -> Iterator[str]:
    for key, (pattern, example) in SHARED.items():
        if key in settings and not pattern.match(str(settings[key])):
            yield f"{key}: {settings[key]!r} is not understood. Use for example {example}."
    for key in ("nginx_request_header_size", "nginx_response_header_size"):
        if SIZE.match(size := str(settings.get(key, "32k"))) and not 1024 <= _bytes(size) <= 1024**2:
            yield f"{key}: {size} is not between 1k and 1m."
    for key, least in LEAST.items():
        if key in settings and not settings[key] >= least:
            yield f"{key}: {settings[key]} is too few. Use at least {least}."
    if "nginx_status_port" in settings and not _is_port(settings["nginx_status_port"]):
        yield f"nginx_status_port: {settings['nginx_status_port']!r} is no port. Use a number from 1 to 65535."
    yield from _headers("nginx_security_headers", settings.get("nginx_security_headers", {}))
    for proxy in settings.get("nginx_trusted_proxies", ()):
        if not _is_network(proxy):
            yield f"nginx_trusted_proxies: {proxy!r} is no address or range, for example 10.0.0.0/24."


def _is_network(text: Any) -> bool:
    try:
        ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True


def _site(name: str, site: Any, users: Sequence[str]) -> Iterator[str]:
    where = f"nginx_sites.{name}"
    if not NAME.match(name):
        yield f"nginx_sites: {name!r} is no name for a site. Use lower-case letters, digits, - and _."
        return
    if not isinstance(site, Mapping):
        yield f"{where} must be a dictionary with locations."
        return
    yield from _unknown(where, site, SITE_KEYS)
    yield from _names(where, site.get("server_names", ["_"]))
    for key in ("listen", "listen_tls"):
        if not _is_port(site.get(key, 80)):
            yield f"{where}.{key}: {site[key]!r} is no port. Use a number from 1 to 65535."
    yield from _settings(where, site, SETTINGS, users)
    yield from _headers(f"{where}.headers", site.get("headers", {}))
    if not HEADER_VALUE.match(str(site.get("hsts", ""))):
        yield f"{where}.hsts: a value has no quotation marks, backslashes, dollars or line breaks."
    if not NAME.match(str(site.get("app", name))):
        yield f"{where}.app: {site['app']!r} is no name for an app. Use lower-case letters, digits, - and _."
    yield from _locations(where, site, users)
    yield from _tls(where, site)


def _unknown(where: str, given: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    for key in given:
        if key not in known:
            yield f"{where}: {key!r} is not known. Known are: {', '.join(sorted(known))}."


def _names(where: str, names: Any) -> Iterator[str]:
    if not isinstance(names, list) or not names:
        yield f"{where}.server_names must be a list of host names, or be left out for any name."
        return
    for name in names:
        if name != "_" and not HOST_NAME.match(str(name)):
            yield f"{where}.server_names: {name!r} is no host name. Use lower case, and punycode for other scripts."


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _headers(where: str, headers: Any) -> Iterator[str]:
    if not isinstance(headers, Mapping):
        yield f"{where} must be a dictionary of header names and values."
        return
    for name, value in headers.items():
        if not HEADER.match(str(name)):
            yield f"{where}: {name!r} is no name for a header."
        if value is not None and not HEADER_VALUE.match(str(value)):
            yield f"{where}.{name}: a value has no quotation marks, backslashes, dollars or line breaks."


def _locations(where: str, site: Mapping[str, Any], users: Sequence[str]) -> Iterator[str]:
    locations = site.get("locations")
    if not isinstance(locations, list) or not locations:
        yield f"{where}.locations must be a list of {{path, upstream}} or {{path, service}}."
        return
    seen: dict[str, int] = {}
    for number, location in enumerate(locations, 1):
        place = f"{where}.locations[{number}]"
        if (
            not isinstance(location, Mapping)
            or "path" not in location
            or len({"upstream", "service"} & {*location}) != 1
        ):
            yield f"{place} needs path, and upstream or service."
            continue
        yield from _unknown(place, location, LOCATION_KEYS)
        if not PATH.match(str(location["path"])):
            yield f"{place}.path: {location['path']!r} must begin with / and have no blanks, quotes, braces, ; $ or #."
        yield from _same_path(where, str(location["path"]), number, seen)
        yield from _target(place, location)
        yield from _settings(place, location, {**SETTINGS, **RATES}, users)


def _same_path(where: str, path: str, number: int, seen: dict[str, int]) -> Iterator[str]:
    """/api stands for /api itself and all below /api/. `seen` has the numbers of locations by what nginx gets."""
    matches = [path] if path.endswith("/") else [f"= {path}", f"{path}/"]
    if OWN_PAGES in matches:
        yield f"{where}.locations[{number}].path: {path} is the role's own, for its pages of errors. Choose another."
    others = {seen[match] for match in matches if match in seen}
    for other in sorted(others):
        yield f"{where}.locations[{number}].path: {path} is declared by locations[{other}] already. Keep one of them."
    seen.update(dict.fromkeys(matches, number))


def _settings(where: str, given: Mapping[str, Any], known: Mapping[str, tuple], users: Sequence[str]) -> Iterator[str]:
    for key, (pattern, example) in known.items():
        if key in given and not pattern.match(str(given[key])):
            yield f"{where}.{key}: {given[key]!r} is not understood. Use for example {example}."
    if SIZE.match(size := str(given.get("response_header_size", "32k"))) and not 1024 <= _bytes(size) <= 1024**2:
        yield f"{where}.response_header_size: {size} is not between 1k and 1m."
    yield from _logins(f"{where}.basic_auth", given.get("basic_auth", []), users)
    yield from _directives(f"{where}.directives", given.get("directives", []))


def location_problems(locations: Sequence[Mapping[str, Any]], where: str) -> list[str]:
    """The same for settings of locations that are declared elsewhere."""
    places = [where] if len(locations) == 1 else [f"{where}[{number}]" for number in range(1, len(locations) + 1)]
    found = []
    for place, location in zip(places, locations, strict=True):
        found += _settings(place, location, SETTINGS, ())
    return found


def _bytes(size: str) -> int:
    return int(size.rstrip("kKmMgG")) * 1024 ** " kmg".index(size[-1].lower() if size[-1].isalpha() else " ")


def _logins(where: str, names: Any, users: Sequence[str]) -> Iterator[str]:
    if not isinstance(names, list):
        yield f"{where} must be a list of names out of nginx_passwords; an empty one lets everybody in."
        return
    for name in names:
        if not USER.match(str(name)):
            yield f"{where}: {name!r} is no name. Use letters, digits, ., _, @ and -."
        elif name not in users:
            yield f"{where}: {name} has no password in nginx_passwords."


def _directives(where: str, directives: Any) -> Iterator[str]:
    """nginx judges them; here only what would reach beyond its own place."""
    if not isinstance(directives, list) or not all(isinstance(text, str) for text in directives):
        yield f"{where} must be a list of nginx's directives, each a text such as 'expires 1h;'."
        return
    for text in directives:
        bare = re.sub(r"\\.|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?m:(?:^|(?<=\s))#.*$)", "", text)
        depths = [bare[:end].count("{") - bare[:end].count("}") for end in range(len(bare) + 1)]
        if not bare.rstrip().endswith((";", "}")) or min(depths) < 0 or depths[-1] != 0:
            yield f"{where}: {text!r} is no whole directive: it ends with ; or }}, and each {{ has its }}."


def _target(place: str, location: Mapping[str, Any]) -> Iterator[str]:
    if "upstream" in location and not SERVER.match(str(location["upstream"])):
        yield f"{place}.upstream: {location['upstream']!r} is no host:port, for example 127.0.0.1:4000."
    if "service" in location and not NAME.match(str(location["service"])):
        yield f"{place}.service: {location['service']!r} is no name for a service."


def _tls(where: str, site: Mapping[str, Any]) -> Iterator[str]:
    tls = site.get("tls") or {}
    if not tls:
        return
    source = tls.get("source") if isinstance(tls, Mapping) else None
    if source not in TLS_KEYS:
        yield f"{where}.tls.source must be one of {', '.join(TLS_KEYS)}."
        return
    yield from _unknown(f"{where}.tls", tls, TLS_KEYS[source])
    names = site.get("server_names", ["_"])
    challenge = tls.get("challenge", "http-01")
    if source == "acme" and "_" in names:
        yield f"{where}.tls: a certificate authority needs names. Declare server_names."
    if challenge not in CHALLENGES:
        yield f"{where}.tls.challenge: {challenge!r} is not known. Use {' or '.join(CHALLENGES)}."
    if source == "acme" and challenge == "http-01" and any(str(name).startswith("*.") for name in names):
        yield f"{where}.tls: names with * need the challenge dns-01."
    if source == "files" and not (tls.get("certificate") and tls.get("key")):
        yield f"{where}.tls needs certificate and key, both as PEM text."


def _acme(sites: Mapping[str, Any], acme: Mapping[str, str]) -> Iterator[str]:
    """What an authority, and DigitalOcean's DNS, need beside the sites."""
    wanted = [site["tls"].get("challenge", "http-01") for site in sites.values() if _source(site) == "acme"]
    if wanted and not re.match(r"[^@\s]+@[^@\s]+\Z", acme.get("email", "")):
        yield "nginx_acme_email must be an e-mail address: the authority of a site's certificate needs one."
    if "dns-01" in wanted and not acme.get("dns_token"):
        yield "nginx_acme_dns_token is empty: the challenge dns-01 needs a DigitalOcean token that may write records."


def _source(site: Mapping[str, Any]) -> str:
    return (site.get("tls") or {}).get("source", "")


def _servers(sites: Mapping[str, Any]) -> Iterator[str]:
    """nginx finds a server by port and name; of each pair there may be one, and a port is with TLS or without."""
    seen: dict[tuple[int, str], str] = {}
    kinds: dict[int, tuple[bool, str]] = {}
    for site, port, with_tls, names in _listening(sites):
        had_tls, first = kinds.setdefault(port, (with_tls, site))
        if had_tls != with_tls:
            plain, secure = (first, site) if with_tls else (site, first)
            yield f"nginx_sites: port {port} cannot be with and without TLS: {plain} has it without, {secure} with it."
            continue
        for name in names:
            if (port, name) in seen:
                what = "go without server_names" if name == "_" else f"have the name {name}"
                yield (
                    f"nginx_sites: only one site of a port may {what}: {seen[port, name]} and {site} do"
                    f"{f' on port {port}' if with_tls else ''}."
                )
            seen.setdefault((port, name), site)


def _listening(sites: Mapping[str, Any]) -> Iterator[tuple[str, int, bool, list[str]]]:
    """Each server that nginx gets: its site, port, whether by TLS, names."""
    for site_name, site in sites.items():
        names = list(dict.fromkeys(map(str, site.get("server_names") or ["_"])))
        yield str(site_name), site.get("listen", 80), False, names
        if site.get("tls"):
            yield str(site_name), site.get("listen_tls", 443), True, names
