# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the edge sends an app's traffic: the text of the files that nginx includes. Pure.

The contract with the sites is docs/decisions/0003-edge-contract.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._app.maintenance import variable
from .._app.probe import CANDIDATE_HEADER, SEEN_HEADER

HEADER = "# Written by the release. Do not edit: the next release replaces it.\n"
# Node.js and others close idle connections after 5 s. nginx must be the first to do so, or a POST meets a closed door.
KEEPALIVE = "keepalive 16;\n    keepalive_timeout 4s;"

Ports = Mapping[str, Sequence[int]]


def http_file(app: str, token: str, live: Ports, candidate: Ports | None = None) -> str:
    """Upstreams of the live colour, and of a candidate that only the token's owner reaches."""
    lines = [HEADER]
    for service in sorted({*live, *(candidate or {})}):
        name = f"{variable(app)}_{variable(service)}"
        # A service that only one side has: the other side's visitors get 502 for it, as if it were not there.
        lines += _upstreams(name, live.get(service, ()))
        way = ""
        if candidate is not None:
            lines += _upstreams(f"{name}_candidate", candidate.get(service, ()))
            way = "_candidate"
        for suffix in ("", "_sticky"):
            lines.append(
                f"map $http_{variable(CANDIDATE_HEADER).lower()} ${name}{suffix} {{\n"
                f"    default {name}{suffix};\n" + (f'    "{token}" {name}{way}{suffix};\n' if way else "") + "}\n"
            )
    # For a site that asks for a password: the release's own checks have none.
    lines.append(
        f"map $http_{variable(CANDIDATE_HEADER).lower()} ${variable(app)}_realm {{\n"
        f'    default "{app}";\n    "{token}" off;\n}}\n'
    )
    lines.append(
        f"map $http_{variable(CANDIDATE_HEADER).lower()} ${variable(app)}_seen {{\n"
        f'    default "";\n    "{token}" $upstream_addr;\n}}\n'
    )
    return "".join(lines)


def _upstreams(name: str, ports: Sequence[int]) -> list[str]:
    servers = "".join(f"    server 127.0.0.1:{port};\n" for port in ports) or "    server 127.0.0.1:9 down;\n"
    return [
        f"upstream {name} {{\n{servers}    {KEEPALIVE}\n}}\n",
        f"upstream {name}_sticky {{\n    hash $remote_addr consistent;\n{servers}    {KEEPALIVE}\n}}\n",
    ]


def idle_file(text: str) -> str:
    """What stays of `http_file`'s text when the app is gone: its sites are valid, and answer as before a release."""
    lines = ["# No release. The next one replaces this file.\n"]
    for name in re.findall(r"^upstream (\w+) \{", text, re.MULTILINE):
        if not name.endswith(("_sticky", "_candidate")):
            lines.append(f"upstream {name} {{\n    server 127.0.0.1:9 down;\n}}\n")
            lines += [f'map "" ${name}{suffix} {{\n    default {name};\n}}\n' for suffix in ("", "_sticky")]
    return "".join(lines)


@dataclass(frozen=True)
class Assets:
    """Static files below a URL prefix, in directories of several releases, the newest first; else the service's own."""

    prefix: str
    service: str
    directories: Sequence[str]


def server_file(app: str, release: str, assets: Sequence[Assets] = ()) -> str:
    """What a site knows of the release: its id, the proof of who answered, static files of earlier releases."""
    lines = [
        HEADER,
        f'set $izzzi_release "{release}";\n',
        f"add_header {SEEN_HEADER} ${variable(app)}_seen always;\n",
    ]
    for number, asset in enumerate(assets):
        tries = " ".join(f"{directory}$uri" for directory in asset.directories)
        lines.append(
            f"location ^~ {asset.prefix.rstrip('/')}/ {{\n    root /;\n    try_files {tries} @izzzi_assets_{number};\n"
            f"    expires max;\n}}\nlocation @izzzi_assets_{number} {{\n"
            f"    proxy_pass http://${variable(app)}_{variable(asset.service)};\n}}\n"
        )
    return "".join(lines)
