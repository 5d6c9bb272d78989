# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a declaration of nginx sites, in words, before nginx or a certificate authority sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from .settings import HEADER_VALUE, RATES, SETTINGS, header_problems, is_port, setting_problems, shared_problems

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z"
)
SERVER = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}\Z|\[[0-9a-fA-F:]+\]:[0-9]{1,5}\Z|unix:/[A-Za-z0-9._/-]+\Z")
PATH = re.compile(r"/[^\s;{}\"'\\$#]*\Z")
COMMON_KEYS = frozenset((*SETTINGS, "basic_auth", "directives"))
SITE_KEYS = COMMON_KEYS | {"server_names", "listen", "listen_tls", "locations", "app", "headers", "tls", "hsts"}
LOCATION_KEYS = COMMON_KEYS | {"path", "upstream", "service", "sticky", "websocket", "compress", "buffering", *RATES}
TLS_KEYS = {
    "acme": frozenset({"source", "challenge"}),
    "files": frozenset({"source", "certificate", "key", "root"}),
    "self-signed": frozenset({"source"}),
}
CHALLENGES = ("http-01", "dns-01")

OWN_PAGES = "/izzzi-pages/"  # where the pages of errors are


@dataclass(frozen=True)
class Words:
    """What messages call the inputs.

    `prefix` is what the names of settings begin with, and `names` what people call a site, by its name. Other sites are
    part of `nginx_sites`, in a Swarm of the input with that prefix. `place` is where nginx runs, `host` or `swarm`."""

    prefix: str = "nginx_"
    place: str = "host"
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def sites(self) -> str:
        return f"{self.prefix if self.place == 'swarm' else 'nginx_'}sites"

    @property
    def acme(self) -> str:
        """What the inputs for certificates begin with: people write those of the role nginx, whoever runs the app."""
        is_mapped = self.place == "host" or self.prefix.startswith("app_")
        return "nginx_acme_" if is_mapped else f"{self.prefix.removesuffix('edge_')}acme_"

    def site(self, name: str) -> str:
        return self.names.get(name) or f"{self.sites}.{name}"


def problems(
    sites: Any,
    acme: Mapping[str, str] | None = None,
    users: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    words: Words | None = None,
) -> list[str]:
    """Tell each fault in a sentence: where, what, and what would be right.

    `users` are those that have a password, `settings` what all sites share.
    """
    words = words or Words()
    found = list(shared_problems(settings or {}, words.prefix))
    if not isinstance(sites, Mapping) or not sites:
        without = f" Or do without: {words.prefix}enabled: false." if words.place == "swarm" else ""
        return [*found, f"{words.sites} is empty: declare at least one site, {{name: {{locations: [...]}}}}.{without}"]
    found += [problem for name, site in sites.items() for problem in _site(str(name), site, users, words)]
    return found or [
        *_servers(sites, words),
        *(_swarm(sites, words) if words.place == "swarm" else ()),
        *_acme(sites, acme or {}, words),
    ]


def matches(path: str) -> list[str]:
    """Say what nginx matches for a path: /api stands for /api itself and all below /api/."""
    return [path] if path.endswith("/") else [f"= {path}", f"{path}/"]


def with_certificates(sites: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the sites whose certificates are declared."""
    return {name: site for name, site in sites.items() if _source(site) == "files"}


def with_carried(sites: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the sites whose certificates nobody declares: in a Swarm they are carried to every node."""
    return {name: site for name, site in sites.items() if _source(site) in ("acme", "self-signed")}


def guards(sites: Mapping[str, Any]) -> dict[str, list[str]]:
    """Name the files of logins: of a site, and of locations that have their own. Each with who may enter."""
    found = {}
    for name, site in sites.items():
        places = {name: site} | {f"{name}-{number}": given for number, given in enumerate(site["locations"], 1)}
        found |= {file: given["basic_auth"] for file, given in places.items() if given.get("basic_auth")}
    return found


def _swarm(sites: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Tell what works on one host only."""
    for name, site in sites.items():
        where = words.site(name)
        for number, location in enumerate(site["locations"], 1):
            server = str(location.get("upstream", ""))
            if server and not _is_reached_by_all(server):
                yield (
                    f"{where}.locations[{number}].upstream: {server} is not an address that all nodes reach, for"
                    " example 10.20.0.9:8080. Name a `service` of the app, or give such an address."
                )


def _is_reached_by_all(server: str) -> bool:
    try:
        return not ip_address(server.rpartition(":")[0].strip("[]")).is_loopback
    except ValueError:
        return False


def _site(name: str, site: Any, users: Sequence[str], words: Words) -> Iterator[str]:
    where = words.site(name)
    if not NAME.match(name):
        yield f"{words.sites}: {name!r} is not a valid name for a site. Use lower-case letters, digits, - and _."
        return
    if not isinstance(site, Mapping):
        yield f"{where} must be a dictionary with locations."
        return
    yield from _unknown(where, site, SITE_KEYS)
    yield from _names(where, site.get("server_names", ["_"]))
    for key in ("listen", "listen_tls"):
        if not is_port(site.get(key, 80)):
            yield f"{where}.{key}: {site[key]!r} is not a valid port. Use a number from 1 to 65535."
    yield from setting_problems(where, site, SETTINGS, users, words.prefix)
    yield from header_problems(f"{where}.headers", site.get("headers", {}))
    if not HEADER_VALUE.match(str(site.get("hsts", ""))):
        yield f"{where}.hsts: a value has no quotation marks, backslashes, dollars or line breaks."
    if not NAME.match(str(site.get("app", name))):
        yield f"{where}.app: {site['app']!r} is not a valid name for an app. Use lower-case letters, digits, - and _."
    yield from _locations(where, site, users, words)
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
            yield (
                f"{where}.server_names: {name!r} is not a valid host name. Use lower case, and punycode for other"
                " scripts."
            )


def _locations(where: str, site: Mapping[str, Any], users: Sequence[str], words: Words) -> Iterator[str]:
    known = LOCATION_KEYS | ({"port"} if words.place == "swarm" else set())
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
        yield from _unknown(place, location, known)
        if not PATH.match(str(location["path"])):
            yield f"{place}.path: {location['path']!r} must begin with / and have no blanks, quotes, braces, ; $ or #."
        yield from _same_path(where, str(location["path"]), number, seen)
        yield from _target(place, location)
        yield from setting_problems(place, location, {**SETTINGS, **RATES}, users, words.prefix)


def _same_path(where: str, path: str, number: int, seen: dict[str, int]) -> Iterator[str]:
    """`seen` has the numbers of locations by what nginx gets."""
    found = matches(path)
    if OWN_PAGES in found:
        yield f"{where}.locations[{number}].path: {path} is the role's own, for its pages of errors. Choose another."
    others = {seen[match] for match in found if match in seen}
    for other in sorted(others):
        yield f"{where}.locations[{number}].path: {path} is declared by locations[{other}] already. Keep one of them."
    seen.update(dict.fromkeys(found, number))


def _target(place: str, location: Mapping[str, Any]) -> Iterator[str]:
    if "upstream" in location and not SERVER.match(str(location["upstream"])):
        yield f"{place}.upstream: {location['upstream']!r} is not a valid host:port, for example 127.0.0.1:4000."
    if "service" in location and not NAME.match(str(location["service"])):
        yield f"{place}.service: {location['service']!r} is not a valid name for a service, for example web."


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


def _acme(sites: Mapping[str, Any], acme: Mapping[str, str], words: Words) -> Iterator[str]:
    """What an authority, and DigitalOcean's DNS, need beside the sites."""
    wanted = [site["tls"].get("challenge", "http-01") for site in sites.values() if _source(site) == "acme"]
    if wanted and not re.match(r"[^@\s]+@[^@\s]+\Z", acme.get("email", "")):
        yield f"{words.acme}email must be an e-mail address: the authority of a site's certificate needs one."
    if "dns-01" in wanted and not acme.get("dns_token"):
        yield (
            f"{words.acme}dns_token is empty: the challenge dns-01 needs a DigitalOcean token that may write records."
        )


def _source(site: Mapping[str, Any]) -> str:
    return (site.get("tls") or {}).get("source", "")


def _servers(sites: Mapping[str, Any], words: Words) -> Iterator[str]:
    """nginx finds a server by port and name; of each pair there may be one, and a port is with TLS or without."""
    seen: dict[tuple[int, str], str] = {}
    kinds: dict[int, tuple[bool, str]] = {}
    for site, port, with_tls, names in _listening(sites):
        had_tls, first = kinds.setdefault(port, (with_tls, site))
        if had_tls != with_tls:
            plain, secure = (first, site) if with_tls else (site, first)
            yield (
                f"{words.sites}: port {port} cannot be with and without TLS: {plain} has it without, {secure} with it."
            )
            continue
        for name in names:
            if (port, name) in seen:
                what = "go without server_names" if name == "_" else f"have the name {name}"
                yield (
                    f"{words.sites}: only one site of a port may {what}: {seen[port, name]} and {site} do"
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
