# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One site of nginx: its servers and their locations, wherever nginx runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import location_part, server_part
from .places import Place
from .sites import matches
from .text import Line

SITE = {"server_names": ["_"], "listen": 80, "listen_tls": 443, "headers": {}, "tls": {}, "hsts": "max-age=63072000"}
LOCATION = {"websocket": False, "sticky": False, "read_timeout": "60s", "compress": False, "burst": 50}
INHERITED = ("read_timeout", "send_timeout", "connect_timeout")
PROXY = (
    "proxy_http_version 1.1;",
    "proxy_set_header Host $host;",
    "proxy_set_header X-Real-IP $remote_addr;",
    "# Set and not appended: what a client claims about itself is not passed on.",
    "proxy_set_header X-Forwarded-For $remote_addr;",
    "proxy_set_header X-Forwarded-Proto $izzzi_scheme;",
    "proxy_set_header X-Forwarded-Host $host;",
    "proxy_set_header X-Request-ID $request_id;",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Connection $izzzi_connection;",
    "# nginx compresses, where a site allows it: a compressed secret beside a client's words gives itself away.",
    'proxy_set_header Accept-Encoding "";',
    "proxy_hide_header X-Powered-By;",
)

Site = Mapping[str, Any]


def site_lines(name: str, declared: Site, place: Place) -> list[Line]:
    """Write what the level http gets for a site: upstreams, rates, and servers."""
    limit = place.settings["client_max_body_size"]
    site = {**SITE, "name": name, "app": name, "client_max_body_size": limit, **declared}
    servers: list[Line] = [("server", list(_redirect(site, place)))] if site["tls"] else []
    return [*_upstreams(site), *_rates(site), *servers, ("server", list(_server(site, place)))]


def upstreams_of(site: Site) -> list[str]:
    return list(dict.fromkeys(location["upstream"] for location in site["locations"] if "upstream" in location))


def _upstreams(site: Site) -> Iterator[Line]:
    for number, server in enumerate(upstreams_of(site), 1):
        # Below the 5 s after which Node.js closes idle connections, so that no request meets a closing one.
        yield f"upstream {site['name']}_{number}", [f"server {server};", "keepalive 16;", "keepalive_timeout 4s;"]


def _rates(site: Site) -> Iterator[Line]:
    for number, location in enumerate(site["locations"], 1):
        if "rate" in location:
            yield f"limit_req_zone $binary_remote_addr zone={site['name']}_{number}:10m rate={location['rate']};"


def _listen(site: Site, place: Place, is_tls: bool) -> Iterator[Line]:
    parameters = " ssl" * is_tls + " default_server" * ("_" in site["server_names"])
    parameters += " http2" * (is_tls and place.is_old)
    for address in place.addresses:
        yield f"listen {address}{site['listen_tls' if is_tls else 'listen']}{parameters};"
    if is_tls and not place.is_old:
        yield "http2 on;"
    yield f"server_name {' '.join(site['server_names'])};"


def _redirect(site: Site, place: Place) -> Iterator[Line]:
    yield from _listen(site, place, is_tls=False)
    yield from server_part()
    yield from place.challenge(site)
    port = "" if site["listen_tls"] == 443 else f":{site['listen_tls']}"
    yield "location /", [f"return 301 https://$host{port}$request_uri;"]


def _server(site: Site, place: Place) -> Iterator[Line]:
    yield from _listen(site, place, is_tls=bool(site["tls"]))
    if site["tls"]:
        pem = place.certificate(site["name"], site["tls"]["source"])
        yield from (f"ssl_certificate {pem};", f"ssl_certificate_key {pem};")
    yield from PROXY
    yield f"proxy_connect_timeout {place.connect_timeout};"
    yield f"client_max_body_size {site['client_max_body_size']};"
    yield f"limit_conn izzzi_connections {place.settings['connections_per_address']};"
    yield from _of_both(site)
    if "basic_auth" in site:
        yield from _logins(site, place, site["basic_auth"], site["name"])
    # Headers stand on the server level: one add_header in a location would drop them all, those of a release too.
    yield from _headers(site, place)
    if any("service" in location for location in site["locations"]):
        yield from place.release(site)
    yield from server_part()
    yield from _unavailable(site, place)
    for number, location in enumerate(site["locations"], 1):
        yield from _locations(site, place, number, location)
    yield from site.get("directives", [])


def _unavailable(site: Site, place: Place) -> Iterator[Line]:
    """Say what visitors see while the app does not answer."""
    yield "error_page 502 504 /izzzi-pages/unavailable.$izzzi_page;"
    headers = _headers(site, place, {"Retry-After": 10, "Cache-Control": "no-store"})
    yield "location ^~ /izzzi-pages/", ["internal;", "auth_basic off;", "root /var/www;", *headers]


def _headers(site: Site, place: Place, more: Mapping[str, Any] | None = None) -> Iterator[Line]:
    hsts = {"Strict-Transport-Security": site["hsts"]} if site["tls"] and site["hsts"] else {}
    headers = {**place.settings["security_headers"], **site["headers"], **hsts, **(more or {})}
    yield from (f'add_header {name} "{value}" always;' for name, value in headers.items() if value is not None)


def _of_both(given: Site) -> Iterator[Line]:
    """Settings that a site and a location have alike."""
    if "client_body_timeout" in given:
        yield f"client_body_timeout {given['client_body_timeout']};"
    if "response_header_size" in given:
        yield from answer_buffers(given["response_header_size"])


def answer_buffers(size: str) -> list[Line]:
    """The headers of an answer must fit into one buffer. As many of the same size hold its body, which satisfies nginx
    always."""
    return [f"proxy_buffer_size {size};", f"proxy_buffers 8 {size};"]


def _logins(site: Site, place: Place, names: list[str], file: str) -> list[Line]:
    if not names:
        return ["auth_basic off;"]
    return [f"auth_basic {place.realm(site)};", f"auth_basic_user_file {place.users}{file};"]


def _locations(site: Site, place: Place, number: int, given: Site) -> Iterator[Line]:
    location = {**LOCATION, **{key: site[key] for key in INHERITED if key in site}, **given}
    body = list(_location(site, place, number, given, location))
    if "upstream" in given:
        server = upstreams_of(site).index(given["upstream"]) + 1
        ways = [([f"proxy_pass http://{site['name']}_{server};"], "")]
    else:
        ways = place.ways(site, location, number, location_part())
    for way, other in ways:
        for match in [other] if other else matches(given["path"]):
            yield f"location {match}", [*way, *body]


def _location(site: Site, place: Place, number: int, given: Site, location: Site) -> Iterator[Line]:
    yield f"proxy_read_timeout {location['read_timeout']};"
    if "send_timeout" in location or location["websocket"]:
        yield f"proxy_send_timeout {location.get('send_timeout', location['read_timeout'])};"
    if "connect_timeout" in location:
        yield f"proxy_connect_timeout {location['connect_timeout']};"
    if not location.get("buffering", not location["websocket"]):
        yield "proxy_buffering off;"
    yield from _of_both(given)
    if "basic_auth" in given:
        yield from _logins(site, place, given["basic_auth"], f"{site['name']}-{number}")
    if "client_max_body_size" in given:
        yield f"client_max_body_size {given['client_max_body_size']};"
    if "rate" in given:
        yield f"limit_req zone={site['name']}_{number} burst={location['burst']} nodelay;"
    if location["compress"]:
        yield "gzip on;"
    yield from given.get("directives", [])
