# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of nginx for declared sites: what all sites share, and the sites themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import carried
from .errors import PAGES, http_part
from .password_hash import users_file
from .places import Host, Place, Swarm
from .site import answer_buffers, site_lines
from .sites import guards, with_carried, with_certificates
from .text import Line, mapping, text

CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
LOG = (
    '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method","scheme":"$izzzi_scheme",'
    '"host":"$host","path":"$izzzi_path","status":$status,"bytes":$body_bytes_sent,"request_time":$request_time,'
    '"upstream":"$upstream_addr","upstream_status":"$upstream_status","upstream_time":"$upstream_response_time",'
    '"node":"$hostname","release":"$izzzi_release","request_id":"$request_id","protocol":"$server_protocol",'
    '"tls":"$ssl_protocol","referer":"$izzzi_referer","agent":"$http_user_agent"}'
)
COMPRESSED = "text/plain text/css application/json application/javascript text/javascript image/svg+xml"


def files(sites: Mapping[str, Any], place: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write all files, each with `path`, `content`, and `replace: false` where a site's own text is kept.

    `place` is `host` or `swarm`. Beside what all sites share, `settings` have `managed`, the first lines of a file; for
    a host `is_old` and `worker_shutdown_timeout`, for a Swarm the `services` of the app.
    """
    if place == "swarm":
        swarm = Swarm(settings, sites, services=settings["services"])
        lines = [line for name, site in sites.items() for line in site_lines(name, site, swarm)]
        found = {"/etc/nginx/nginx.conf": text([settings["managed"], *configuration(swarm, lines)])}
        if with_carried(sites):
            found[carried.PROGRAM] = carried.SCRIPT
    else:
        found = _host_files(Host(settings, sites, bool(settings["is_old"])), settings["managed"])
    pages = [{"path": path, "content": content, "replace": False} for path, content in PAGES.items()]
    return [{"path": path, "content": content} for path, content in found.items()] + pages


def secrets(sites: Mapping[str, Any], place: str, passwords: Mapping[str, str], *seed: str) -> list[dict[str, Any]]:
    """Write the files of logins, and of certificates that are declared: key and chain in one, so that nginx never sees
    a mixture. `seed` makes hashes differ between places."""
    where = Swarm if place == "swarm" else Host
    logins = {where.users + file: users_file(passwords, names, *seed, file) for file, names in guards(sites).items()}
    given = {name: site["tls"] for name, site in with_certificates(sites).items()}
    return [
        *({"path": path, "content": text, "mode": "0640", "group": "www-data"} for path, text in logins.items()),
        *(
            {
                "path": where.certificate(name, "files"),
                "content": f"{tls['key'].strip()}\n{tls['certificate'].strip()}\n",
            }
            for name, tls in given.items()
        ),
    ]


def _host_files(host: Host, managed: str) -> dict[str, str]:
    found = {"/etc/nginx/nginx.conf": text([managed, *configuration(host)])}
    for app, absent in host.absent().items():
        found[f"/etc/nginx/izzzi/{app}/http-absent.conf"] = text([managed]) + absent
    for name, site in host.sites.items():
        head = [managed, "# A site of the role izzzi.infra.nginx"]
        found[f"/etc/nginx/sites-available/{name}"] = text([*head, *site_lines(name, site, host)])
    return found


def configuration(place: Host | Swarm, sites: list[Line] | None = None) -> list[Line]:
    """Write nginx.conf; the sites are in it, or in files of their own that the place includes."""
    connections = place.settings["worker_connections"]
    return [
        "worker_processes auto;",
        "# Two files for each proxied connection, and room for logs and static files.",
        f"worker_rlimit_nofile {connections * 4};",
        *place.main(),
        ("events", [f"worker_connections {connections};"]),
        ("http", [*_shared(place), *http_part(), *_log(place), *_status(place), *place.http(), *(sites or [])]),
    ]


def _shared(place: Place) -> list[Line]:
    settings = place.settings
    return [
        "include /etc/nginx/mime.types;",
        "default_type application/octet-stream;",
        "sendfile on;",
        "tcp_nopush on;",
        "server_tokens off;",
        "server_names_hash_bucket_size 128;",
        "types_hash_max_size 2048;",
        "map_hash_bucket_size 128;",
        "variables_hash_max_size 2048;",
        "# A client that sends slowly does not hold a connection for long.",
        "client_header_timeout 15s;",
        "client_body_timeout 30s;",
        "send_timeout 30s;",
        "reset_timedout_connection on;",
        "# Cookies and long addresses. nginx takes these of the server that a connection begins with: one for all.",
        f"large_client_header_buffers 8 {settings['request_header_size']};",
        *answer_buffers(settings["response_header_size"]),
        "# The next server is asked when one does not answer; what may not be repeated is not, once it was sent.",
        "proxy_next_upstream_tries 4;",
        '# Mozilla\'s "intermediate": forward secrecy only. Tickets are off, as their keys are never changed.',
        "ssl_protocols TLSv1.2 TLSv1.3;",
        f"ssl_ciphers {CIPHERS};",
        "ssl_ecdh_curve X25519:prime256v1:secp384r1;",
        "ssl_prefer_server_ciphers off;",
        "ssl_session_cache shared:izzzi_tls:10m;",
        "ssl_session_timeout 1d;",
        "ssl_session_tickets off;",
        *_client(settings["trusted_proxies"]),
        "limit_req_status 429;",
        "limit_conn_zone $binary_remote_addr zone=izzzi_connections:10m;",
        "limit_conn_status 429;",
        "# Off where answers are made for one user (BREACH); sites switch it on for static files.",
        "gzip off;",
        "gzip_vary on;",
        "gzip_proxied any;",
        "gzip_min_length 1000;",
        f"gzip_types {COMPRESSED} application/manifest+json;",
    ]


def _client(proxies: list[str]) -> list[Line]:
    """Who asks, and how. Only trusted proxies in front are believed when they name the client's address and scheme."""
    believed = [f"set_real_ip_from {proxy};" for proxy in proxies]
    believed += ["real_ip_header X-Forwarded-For;", "real_ip_recursive on;"] if proxies else []
    schemes = {"1:https": "https", "1:http": "http"}
    return [
        *believed,
        mapping("$realip_remote_addr", "izzzi_is_proxied", "0", dict.fromkeys(proxies, 1), kind="geo"),
        mapping('"$izzzi_is_proxied:$http_x_forwarded_proto"', "izzzi_scheme", "$scheme", schemes),
        "# An upgrade is passed on; without one, connections to upstreams are kept.",
        mapping("$http_upgrade", "izzzi_connection", "upgrade", {"''": "''"}),
    ]


def _log(place: Place) -> list[Line]:
    """Query strings may hold tokens, so they are not logged."""
    return [
        "# The release that a site runs, where the release says it; for the log.",
        mapping('""', "izzzi_release", '""'),
        _without_query("$request_uri", "izzzi_path", "izzzi_before_query"),
        _without_query("$http_referer", "izzzi_referer", "izzzi_referer_before_query"),
        f"log_format izzzi escape=json '{LOG}';",
        f"access_log {place.access_log} izzzi;",
    ]


def _without_query(source: str, target: str, part: str) -> Line:
    """Map an address to what stands before its query; `part` names that in the pattern, once in the configuration."""
    return mapping(source, target, source, {rf'"~^(?<{part}>[^?]*)\?"': f"${part}"})


def _status(place: Place) -> list[Line]:
    """nginx's own status, for its machine or container only."""
    return [
        (
            "server",
            [
                f"listen 127.0.0.1:{place.settings['status_port']};",
                "server_name localhost;",
                "access_log off;",
                ("location = /status", ["allow 127.0.0.1;", "deny all;", "stub_status;"]),
                ("location /", ["return 404;"]),
            ],
        )
    ]
