# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx in front of the pages for operators: for an allow list, and with a login. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._edge.text import Line, text
from .settings import INNER_PORT, MACHINE, STATE

REALM = '"operators"'
LOCAL = ("127.0.0.1", "::1")  # whoever is on the host has passed its firewall
FILES = ("index.html", "page.css", "page.js")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Web:
    """Where nginx finds what. `mail` is where the mail catcher's page is, `inner` whether nodes ask each other."""

    pages: str
    state: str
    users: str
    port: int = 8080
    mail_port: int = 8025
    mail: str = ""
    sources: Sequence[str] = ()
    certificate: str = ""
    addresses: Sequence[str] = ("",)  # of each `listen`, before the port
    inner: bool = False
    main: Sequence[str] = ()
    http: Sequence[str] = ()


def configuration(web: Web, managed: str) -> str:
    servers: list[Line] = [("server", list(_system(web)))]
    if web.mail:
        servers.append(("server", list(_mail(web))))
    if web.inner:
        servers.append(("server", list(_inner(web))))
    shared: list[Line] = [
        "include /etc/nginx/mime.types;",
        "server_tokens off;",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        ("map $http_upgrade $izzzi_connection", ["default upgrade;", "'' '';"]),
    ]
    body: list[Line] = [*web.main, ("events", ["worker_connections 512;"]), ("http", [*shared, *web.http, *servers])]
    return text([managed, "worker_processes 1;", *body])


def _guarded(web: Web, port: int) -> Iterator[Line]:
    """Let in who is on the list *and* has a login, by TLS where there is a certificate."""
    for address in web.addresses:
        yield f"listen {address}{port}{' ssl' * bool(web.certificate)};"
    if web.certificate:
        yield from (f"ssl_certificate {web.certificate};", f"ssl_certificate_key {web.certificate};")
        yield "# Whoever asks this port without TLS."
        yield "error_page 497 =301 https://$host:$server_port$request_uri;"
    yield from (f"allow {source};" for source in (*LOCAL, *web.sources))
    yield "deny all;"
    yield from _login(web)


def _login(web: Web) -> Iterator[Line]:
    yield from (f"auth_basic {REALM};", f"auth_basic_user_file {web.users};")


def _system(web: Web) -> Iterator[Line]:
    yield from _guarded(web, web.port)
    headers = {**HEADERS, "Content-Security-Policy": POLICY}
    yield from (f'add_header {name} "{value}" always;' for name, value in headers.items())
    yield f"root {web.pages};"
    yield "location = /", ["try_files /index.html =404;"]
    here = [f"root {web.state};", f"try_files /{STATE} {'@managers' if web.inner else '=404'};"]
    yield f"location = /{STATE}", here
    if web.inner:
        yield "location @managers", _others(STATE)
    yield "# Not `return`: what is not there wants a login, too."
    yield "location /", ["try_files $uri =404;"]


def _others(file: str) -> list[Line]:
    """Ask the tasks of all nodes for what a manager has: a worker does not see its Swarm."""
    return [
        "set $izzzi_tasks tasks.operators;",
        f"proxy_pass http://$izzzi_tasks:{INNER_PORT}/{file};",
        "proxy_connect_timeout 1s;",
        "proxy_read_timeout 2s;",
        "proxy_next_upstream error timeout http_404;",
    ]


def _mail(web: Web) -> Iterator[Line]:
    yield from _guarded(web, web.mail_port)
    yield (
        "location /",
        [
            f"set $izzzi_mail {web.mail};",
            "proxy_pass http://$izzzi_mail;",
            "proxy_http_version 1.1;",
            "proxy_set_header Host $http_host;",
            "# The login is for this door, not for the program behind it.",
            'proxy_set_header Authorization "";',
            "proxy_set_header Upgrade $http_upgrade;",
            "proxy_set_header Connection $izzzi_connection;",
            "proxy_read_timeout 1h;",
        ],
    )


def _inner(web: Web) -> Iterator[Line]:
    """Nodes tell each other, in the app's network: of a machine's disk and memory to all, of the app with a login."""
    yield f"listen {INNER_PORT};"
    yield "access_log off;"
    yield "location = /status", ["return 204;"]
    yield f"location = /{MACHINE}", [f"root {web.state};"]
    yield f"location = /{STATE}", [*_login(web), f"root {web.state};"]
    yield "location /", ["return 404;"]
