# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nginx runs: on a host, whose releases say where a site's traffic goes, or as a service of a Swarm. Pure.

Only what a place truly needs is here; tests/unit/plugins/module_utils/_edge/test_files.py lists it with the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from . import carried
from .text import Line, mapping, text, variable

Site = Mapping[str, Any]
# What a location begins with, and what it is matched by when that is not its path.
Way = tuple["list[Line]", str]


@dataclass(frozen=True)
class Place:
    """What both have. `settings` are what all sites share, by the names of the roles' inputs without their prefix."""

    settings: Mapping[str, Any]
    sites: Mapping[str, Site]
    is_old: bool = False  # nginx before 1.25.1 has HTTP/2 as a parameter of `listen`
    addresses: ClassVar[tuple[str, ...]]  # of each `listen`, before the port
    connect_timeout: ClassVar[str]
    users: ClassVar[str]  # the files of names and hashes begin so
    access_log: ClassVar[str]

    def locations(self) -> Iterator[tuple[str, Site, Site]]:
        """Go through all locations, each with its site and the name of it."""
        for name, site in self.sites.items():
            yield from ((name, site, location) for location in site["locations"])


@dataclass(frozen=True)
class Host(Place):
    """Debian's nginx on one server. docs/decisions/0003-edge-contract.md says what a release writes there."""

    addresses: ClassVar = ("", "[::]:")
    connect_timeout: ClassVar = "5s"  # of each service there is one container, or a few: nobody else to ask instead
    users: ClassVar = "/etc/nginx/izzzi-users/"
    access_log: ClassVar = "/var/log/nginx/access.log"

    def main(self) -> list[Line]:
        return [
            "user www-data;",
            "pid /run/nginx.pid;",
            "error_log /var/log/nginx/error.log;",
            "# Workers of a former configuration go on with their open connections (websockets too) for so long.",
            f"worker_shutdown_timeout {self.settings['worker_shutdown_timeout']};",
            "include /etc/nginx/modules-enabled/*.conf;",
        ]

    def http(self) -> list[Line]:
        """Name the sites that ask for a password by variables: a release's http.conf lets its checks in without."""
        realms = (mapping('""', f"{variable(app)}_realm", f'"{app}"') for app in self._guarded())
        return [
            *realms,
            "# What releases write: docs/decisions/0003-edge-contract.md",
            "include /etc/nginx/izzzi/*/http*.conf;",
            "# What Debian's nginx.conf includes: conf.d/*.conf and sites-enabled/*. At a start izzzi-nginx leaves out",
            "# what would keep nginx from coming up.",
            "include /run/izzzi-nginx/sites.conf;",
        ]

    def _guarded(self) -> list[str]:
        served = {name for name, _site, location in self.locations() if "service" in location}
        asked = {
            name: site.get("app", name)
            for name, site, location in self.locations()
            if name in served and (site.get("basic_auth") or location.get("basic_auth"))
        }
        return list(dict.fromkeys(asked.values()))

    def absent(self) -> dict[str, str]:
        """Write, by app, the services that sites send traffic to, for as long as no release has them.

        http.conf, which a release writes, is read after this file, and nginx takes the later definition of a variable.
        """
        services: dict[str, dict[str, None]] = {}
        for name, site, location in self.locations():
            if "service" in location:
                services.setdefault(site.get("app", name), {})[location["service"]] = None
        return {app: text(_absent(variable(app), names)) for app, names in services.items()}

    @staticmethod
    def certificate(site: str, source: str) -> str:
        return f"/etc/nginx/tls/{site}.pem"

    def challenge(self, site: Site) -> list[Line]:
        body: list[Line] = ["root /var/lib/izzzi-certificate/webroot;", "default_type text/plain;"]
        return [("location ^~ /.well-known/acme-challenge/", body)]

    def realm(self, site: Site) -> str:
        is_released = any("service" in location for location in site["locations"])
        return f"${variable(site['app'])}_realm" if is_released else site["name"]

    def release(self, site: Site) -> list[Line]:
        return [f"include /etc/nginx/izzzi/{site['app']}/{name}*.conf;" for name in ("server", "maintenance")]

    def ways(self, site: Site, location: Site, number: int, errors: list[Line]) -> list[Way]:
        name = f"{variable(site['app'])}_{variable(location['service'])}{'_sticky' * location['sticky']}"
        return [([f"proxy_pass http://${name};"], "")]


def _absent(app: str, services: Mapping[str, None]) -> Iterator[Line]:
    yield f"upstream izzzi_absent_{app}", ["server 127.0.0.1:9 down;"]
    for service in services:
        for suffix in ("", "_sticky"):
            yield mapping('""', f"{app}_{variable(service)}{suffix}", f"izzzi_absent_{app}")


@dataclass(frozen=True)
class Swarm(Place):
    """An image of nginx 1.25.1 or newer with a task on every node. All is in one file, and none of it may depend on the
    release: one restart of every node's nginx follows each change."""

    services: Mapping[str, Site] = field(default_factory=dict)  # those of the app, with `port` and `assets`
    addresses: ClassVar = ("",)  # the node's port is for IPv6 too, and reaches the task by IPv4
    connect_timeout: ClassVar = "2s"  # there are other tasks to ask
    users: ClassVar = "/run/secrets/edge_users_"
    access_log: ClassVar = "/dev/stdout"

    def main(self) -> list[Line]:
        """A task that is replaced has given up its node's port: nobody is answered there until it has ended."""
        return ["pid /tmp/nginx.pid;", "error_log stderr;", "worker_shutdown_timeout 25s;"]

    def http(self) -> list[Line]:
        resolver: list[Line] = [
            "# Docker's DNS knows the tasks that are well, on all nodes; one that stops left it two seconds before.",
            "resolver 127.0.0.11 valid=1s ipv6=off;",
            "resolver_timeout 3s;",
        ]
        resolver += ["# What the verb maintenance writes.", "include /etc/nginx/izzzi/http*.conf;"]
        names = dict.fromkeys(found["service"] for _name, _site, found in self.locations() if found.get("sticky"))
        return resolver + (_sticky(list(names)) if names else [])

    @staticmethod
    def certificate(site: str, source: str) -> str:
        """Return a secret of the edge for one that is declared. Others come by the clock, and must not restart it."""
        return f"/run/secrets/edge_{site}.pem" if source == "files" else carried.path(site)

    def challenge(self, site: Site) -> list[Line]:
        """Let every node answer by itself, with what is carried there beside the certificates."""
        return [f"include {carried.DIRECTORY}/challenge*.conf;"] if site["tls"]["source"] == "acme" else []

    def realm(self, site: Site) -> str:
        return site["name"]

    def release(self, site: Site) -> Iterator[Line]:
        yield "include /etc/nginx/izzzi/maintenance*.conf;"
        if any(location.get("sticky") for location in site["locations"]):
            yield from ("add_header Set-Cookie $izzzi_cookie;", 'set $izzzi_sticky "";')
        for name, service in self.services.items():
            for prefix in service.get("assets") or {}:
                # While two releases run, the file may be in the other one's tasks.
                way = [*self._pass({"service": name}), "proxy_next_upstream error timeout http_404;"]
                yield f"location ^~ {prefix.rstrip('/')}/", way

    def _pass(self, location: Site, tasks: str = "") -> list[Line]:
        service = location["service"]
        port = location.get("port") or self.services[service]["port"]
        return [f"set $izzzi_tasks {tasks or f'tasks.{service}'};", f"proxy_pass http://$izzzi_tasks:{port};"]

    def ways(self, site: Site, location: Site, number: int, errors: list[Line]) -> list[Way]:
        """A sticky location has a second way: when its task is gone, another one begins a new session."""
        if not location["sticky"]:
            return [(self._pass(location), "")]
        service, other = location["service"], f"@izzzi_other_{number}"
        errors = [f"error_page 502 504 = {other};", *errors, "recursive_error_pages on;"]
        first = [f"set $izzzi_sticky {service};", *errors, *self._pass(location, f"$izzzi_tasks_{variable(service)}")]
        return [(first, ""), ([("if ($izzzi_sent)", ["return 502;"]), *self._pass(location)], other)]


def _sticky(services: list[str]) -> list[Line]:
    """Keep a client on the task that its cookie names, as socket.io needs.

    A cookie may name none but addresses of the app's own network, so that nobody gets anywhere else with one of his own
    making: there only the service has its port. The deploy fills in `@network@`.
    """
    cookies = {
        service: f'"izzzi_{variable(service)}=$izzzi_task; Path=/; HttpOnly; SameSite=Lax$izzzi_secure"'
        for service in services
    }
    found = [
        mapping("$upstream_addr", "izzzi_task", '""', {'"~(?<izzzi_address>[0-9.]+):[0-9]+$"': "$izzzi_address"}),
        mapping("$izzzi_scheme", "izzzi_secure", '""', {"https": '"; Secure"'}),
        mapping("$izzzi_sticky", "izzzi_cookie", '""', cookies),
        "# What may not be repeated is not once it was sent, neither to the same task nor to another.",
        mapping('"$request_method $upstream_connect_time"', "izzzi_sent", "0", {'"~^(POST|LOCK|PATCH) .*[0-9]$"': "1"}),
    ]
    for service in services:
        name = variable(service)
        known = f"izzzi_known_{name}"
        found.append(mapping(f"$cookie_izzzi_{name}", known, "0", {"@network@": "1"}, kind="geo"))
        found.append(mapping(f"${known}", f"izzzi_tasks_{name}", f"tasks.{service}", {"1": f"$cookie_izzzi_{name}"}))
    return found
