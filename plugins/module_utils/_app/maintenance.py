# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx includes while an app is closed to its visitors: files for `http`, for its sites, and the page. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from .probe import CANDIDATE_HEADER

HEADER = "# Written by the verb maintenance. Do not edit: it is removed when the app opens.\n"
HTTP, SERVER, PAGE = "http-maintenance.conf", "maintenance.conf", "maintenance.html"
BACK_SOON = (
    '<!doctype html><meta charset="utf-8"><title>Back soon</title><h1>Back soon</h1><p>We are working on it.</p>'
)
OPEN: dict[str, str | None] = dict.fromkeys((HTTP, SERVER, PAGE))


def files(
    app: str, allow: Sequence[str], retry_after: int, page: str, directory: str, token: str = ""
) -> dict[str, str | None]:
    """Return the files that close an app. `directory` is where nginx finds them, `retry_after` seconds. Raise
    ValueError when `allow` has something else than addresses and networks."""
    networks = [str(ipaddress.ip_network(network, strict=False)) for network in allow]
    return {
        HTTP: http_file(app, networks),
        SERVER: server_file(app, token, retry_after, f"{directory}/{PAGE}"),
        PAGE: page + "\n",
    }


def variable(text: str) -> str:
    """Return a name as it may stand in a variable of nginx."""
    return text.replace("-", "_")


def http_file(app: str, allow: Sequence[str]) -> str:
    """Say whom a closed app stays open for, and who gets a page and who JSON."""
    lines = "".join(f"    {network} 0;\n" for network in allow)
    return (
        f"{HEADER}geo ${variable(app)}_closed {{\n    default 1;\n{lines}}}\n"
        f'map $http_accept ${variable(app)}_closed_as {{\n    default json;\n    "~text/html" html;\n}}\n'
    )


def server_file(app: str, token: str, retry_after: int, page: str) -> str:
    """Answer 503 to all but the allow list and whoever has the token; nginx's own pages of errors stay."""
    asked = f'$http_{variable(CANDIDATE_HEADER).lower()} = "{token}"'
    excepted = f"if ({asked}) {{ set $izzzi_closed 0; }}\n" if token else ""
    headers = f"    add_header Retry-After {retry_after} always;\n    add_header Cache-Control no-store always;\n"
    headers += "    types {}\n"
    said = '{"error": "maintenance", "message": "This site is closed for maintenance. Please try again later."}'
    return (
        f"{HEADER}set $izzzi_closed ${variable(app)}_closed;\n"
        f"{excepted}"
        "if ($uri ~ ^/izzzi-pages/) { set $izzzi_closed 0; }\n"
        "if ($izzzi_closed) { return 503; }\n"
        f"error_page 503 @izzzi_maintenance_${variable(app)}_closed_as;\n"
        f"location @izzzi_maintenance_html {{\n    internal;\n    root /;\n{headers}"
        f"    default_type text/html;\n    try_files {page} =503;\n}}\n"
        f"location @izzzi_maintenance_json {{\n    internal;\n{headers}    default_type application/json;\n"
        f"    return 503 '{said}\\n';\n}}\n"
    )
