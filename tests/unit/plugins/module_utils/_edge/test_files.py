# SPDX-License-Identifier: GPL-3.0-or-later
"""One declaration, written for a host and for a Swarm: what differs is listed here, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.files import files, secrets

SETTINGS: dict[str, Any] = {
    "client_max_body_size": "10m",
    "request_header_size": "32k",
    "response_header_size": "32k",
    "connections_per_address": 1000,
    "worker_connections": 4096,
    "status_port": 8078,
    "security_headers": {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"},
    "trusted_proxies": ["10.0.0.0/8"],
    "managed": "# Managed.",
    "is_old": False,
    "worker_shutdown_timeout": "10m",
    "services": {"web": {"port": 3000, "assets": {"/_next/static": "/app/static"}}, "api": {"port": 4000}},
}
SITES: dict[str, Any] = {
    "shop": {
        "server_names": ["shop.example"],
        "listen_tls": 8443,
        "tls": {"source": "files", "certificate": "CERTIFICATE", "key": "KEY"},
        "headers": {"X-Frame-Options": None, "X-Own": "1"},
        "basic_auth": ["team"],
        "client_max_body_size": "20m",
        "read_timeout": "90s",
        "directives": ["location = /own {\n    return 418;\n}"],
        "locations": [
            {"path": "/api", "service": "api", "rate": "20r/s", "burst": 5, "directives": ["expires 1h;"]},
            {"path": "/socket.io", "service": "api", "sticky": True, "websocket": True, "read_timeout": "1h"},
            {
                "path": "/hooks/",
                "service": "api",
                "basic_auth": [],
                "client_body_timeout": "2m",
                "connect_timeout": "9s",
            },
            {"path": "/ops", "upstream": "10.20.0.9:8080", "basic_auth": ["ops"], "response_header_size": "64k"},
            {"path": "/", "service": "web", "compress": True, "client_max_body_size": "99m"},
        ],
    },
    "blog": {"locations": [{"path": "/", "service": "web", "buffering": False, "send_timeout": "7s"}]},
}
# What may stand in one and not in the other: who has it, where it may be (the end of it), and why.
ALLOWED = [
    ("host", r"^user www-data$", "Debian's nginx has no user of its own; the image's is built in"),
    ("host", r"^pid /run/nginx.pid$", "where systemd's unit looks for it"),
    ("swarm", r"^pid /tmp/nginx.pid$", "a place that every image has"),
    ("host", r"^error_log /var/log/nginx/error.log$", "logrotate has the files"),
    ("swarm", r"^error_log stderr$", "`docker service logs` has the output"),
    ("host", r"^http > access_log /var/log/nginx/access.log izzzi$", "logrotate has the files"),
    ("swarm", r"^http > access_log /dev/stdout izzzi$", "`docker service logs` has the output"),
    ("host", r"^worker_shutdown_timeout 10m$", "old workers live on beside new ones, which have the port"),
    ("swarm", r"^worker_shutdown_timeout 25s$", "a task that ends keeps its node's port from the next one"),
    ("host", r"^include /etc/nginx/modules-enabled/\*.conf$", "Debian's modules are packages"),
    ("host", r"^http > include /etc/nginx/izzzi/\*/http\*.conf$", "releases switch upstreams: decision 0003"),
    ("host", r"^http > include /run/izzzi-nginx/sites.conf$", "sites are files; a Swarm's are in the one config"),
    ("host", r"server > include /etc/nginx/izzzi/shop/(server|maintenance)\*.conf$", "decision 0003"),
    ("host", r"server > include /etc/nginx/izzzi/blog/(server|maintenance)\*.conf$", "decision 0003"),
    ("swarm", r"include /etc/nginx/izzzi/(http|maintenance)\*.conf$", "a node's edge is of one app"),
    ("host", r'^http > map "" \$shop_realm > default "shop"$', "a release's own checks enter by a header"),
    ("host", r"> auth_basic \$shop_realm$", "the same"),
    ("swarm", r"> auth_basic shop$", "a Swarm's checks of a closed place say `edge: false`"),
    ("host", r"> listen \[::\]:\d+( ssl)?( default_server)?$", "a node's port is for IPv6 too, the task has IPv4 only"),
    ("host", r"> ssl_certificate(_key)? /etc/nginx/tls/shop.pem$", "a file of the host"),
    ("swarm", r"> ssl_certificate(_key)? /run/secrets/edge_shop.pem$", "a secret of the Swarm"),
    ("host", r"> auth_basic_user_file /etc/nginx/izzzi-users/shop(-4)?$", "a file of the host"),
    ("swarm", r"> auth_basic_user_file /run/secrets/edge_users_shop(-4)?$", "a secret of the Swarm"),
    ("host", r"> location \^~ /.well-known/acme-challenge/ > ", "certificates by ACME come to one host"),
    ("host", r"> proxy_connect_timeout 5s$", "there is nobody else to ask"),
    ("swarm", r"> proxy_connect_timeout 2s$", "there are other tasks to ask"),
    ("swarm", r"^http > resolver(_timeout)? ", "Docker's DNS has the tasks"),
    ("host", r"> location [^@]+ > proxy_pass http://\$(shop|blog)_(api|api_sticky|web)$", "releases set the variable"),
    ("swarm", r"> location .+ > set \$izzzi_tasks ", "Docker's DNS has the tasks"),
    ("swarm", r"> location .+ > proxy_pass http://\$izzzi_tasks:(3000|4000)$", "Docker's DNS has the tasks"),
    ("swarm", r"^http > (map|geo) \$\S+ \$izzzi_(task|cookie|secure|known_api|tasks_api) > ", "sticky, by a cookie"),
    ("swarm", r'^http > map "\$request_method \$upstream_connect_time" \$izzzi_sent > ', "sticky, by a cookie"),
    ("swarm", r"> server > add_header Set-Cookie \$izzzi_cookie$", "sticky, by a cookie"),
    ("swarm", r"> set \$izzzi_sticky (\"\"|api)$", "sticky, by a cookie"),
    ("swarm", r"> location (= )?/socket.io/? > (error_page|recursive_error_pages) ", "a task has a successor"),
    ("swarm", r"> location @izzzi_other_2 > ", "a task has a successor"),
    ("swarm", r"> location \^~ /_next/static/ > ", "on a host, server.conf has the files of earlier releases"),
]  # fmt: skip
TOKEN = re.compile(r"""\s+|\#[^\n]*|([{};]|(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s{};"'])+)""")


def directives(text: str) -> Iterator[str]:
    """Every directive with the blocks that it is in."""
    path: list[str] = []
    words: list[str] = []
    for token in filter(None, TOKEN.findall(text)):
        if token == "{":
            path.append(" ".join(words))
        elif token == "}":
            path.pop()
        elif token == ";":
            yield " > ".join([*path, " ".join(words)])
        else:
            words.append(token)
            continue
        words = []
    assert not path
    assert not words


def written(place: str, **settings: Any) -> dict[str, str]:
    return {file["path"]: file["content"] for file in files(SITES, place, SETTINGS | settings)}


def whole(place: str) -> set[str]:
    """All that nginx reads, as if the sites stood in nginx.conf."""
    found = written(place)
    sites = {text for path, text in found.items() if path.startswith("/etc/nginx/sites-available/")}
    inside = {f"http > {line}" for text in sites for line in directives(text)}
    return {*directives(found["/etc/nginx/nginx.conf"]), *inside}


def test_both_differ_where_they_must_and_nowhere_else():
    host, swarm = whole("host"), whole("swarm")
    used = set()
    for place, line in [*(("host", line) for line in host - swarm), *(("swarm", line) for line in swarm - host)]:
        reasons = [
            number for number, (who, where, _why) in enumerate(ALLOWED) if who == place and re.search(where, line)
        ]
        assert reasons, f"only in {place}: {line}"
        used.update(reasons)
    assert used == set(range(len(ALLOWED))), [ALLOWED[number] for number in set(range(len(ALLOWED))) - used]


@pytest.mark.parametrize(
    "line",
    [
        "http > ssl_protocols TLSv1.2 TLSv1.3",
        "http > client_body_timeout 30s",
        "http > large_client_header_buffers 8 32k",
        "http > proxy_buffer_size 32k",
        "http > set_real_ip_from 10.0.0.0/8",
        "http > server > proxy_set_header Host $host",
        "http > server > proxy_set_header X-Forwarded-For $remote_addr",
        "http > server > proxy_set_header X-Forwarded-Proto $izzzi_scheme",
        "http > server > limit_conn izzzi_connections 1000",
        "http > server > client_max_body_size 20m",
        'http > server > add_header X-Own "1" always',
        'http > server > add_header Strict-Transport-Security "max-age=63072000" always',
        "http > server > error_page 502 504 /izzzi-pages/unavailable.$izzzi_page",
        "http > server > location / > return 301 https://$host:8443$request_uri",
        "http > server > location /api/ > limit_req zone=shop_1 burst=5 nodelay",
        "http > server > location /api/ > expires 1h",
        "http > server > location /ops/ > proxy_pass http://shop_1",
        "http > server > location / > gzip on",
        "http > server > location = /own > return 418",
    ],
)
def test_what_visitors_meet_is_in_both(line):
    assert line in whole("host")
    assert line in whole("swarm")


def test_every_file_has_its_place_and_the_pages_are_the_sites_own():
    host, swarm = ({file["path"]: file.get("replace", True) for file in files(SITES, p, SETTINGS)} for p in PLACES)
    pages = {f"/var/www/izzzi-pages/unavailable.{kind}": False for kind in ("html", "json")}
    assert swarm == {"/etc/nginx/nginx.conf": True, **pages}
    sites = {f"/etc/nginx/{part}" for part in ("sites-available/shop", "sites-available/blog")}
    absent = {f"/etc/nginx/izzzi/{app}/http-absent.conf" for app in SITES}
    assert set(host) == {*swarm, *sites, *absent}
    assert all(text.startswith("# Managed.\n") for path, text in written("host").items() if path not in pages)
    assert "# A site of the role izzzi.infra.nginx" in written("host")["/etc/nginx/sites-available/shop"].splitlines()


PLACES = ("host", "swarm")


def test_an_old_nginx_has_http_2_as_a_parameter():
    name = "/etc/nginx/sites-available/shop"
    assert "listen 8443 ssl http2;" in written("host", is_old=True)[name]
    assert "http2 on;" not in written("host", is_old=True)[name]
    assert "http2 on;" in written("host")[name]


@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_believed_who_is_not_trusted(place):
    text = written(place, trusted_proxies=[])["/etc/nginx/nginx.conf"]
    assert "real_ip" not in text.replace("$realip_remote_addr", "")


@pytest.mark.parametrize("place", PLACES)
def test_secrets_are_the_files_that_the_configuration_names(place):
    named = {line.split()[-1] for line in whole(place) if re.search(r"> (ssl_certificate|auth_basic_user_file) ", line)}
    given = secrets(SITES, place, {"team": "hunter22", "ops": "hunter33"}, "place")
    assert {file["path"] for file in given} == named
    texts = {file["path"].rpartition("/")[2].removeprefix("edge_"): file["content"] for file in given}
    assert texts["shop.pem"] == "KEY\nCERTIFICATE\n"
    assert texts["shop-4" if place == "host" else "users_shop-4"].startswith("ops:$6$")
    assert "hunter" not in str(given)
