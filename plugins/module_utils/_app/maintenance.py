# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closes an app to its visitors, and opens it: what nginx includes meanwhile, and who has closed it for what."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from .edge_files import EdgeFiles
from .outcome import Outcome
from .probe import CANDIDATE_HEADER

HEADER = "# Written by the verb maintenance. Do not edit: it is removed when the app opens.\n"
PURPOSE = "# Closed for: "
LOOPBACK = ("127.0.0.1", "::1")  # the checks of the host itself
HTTP, SERVER, PAGE = "http-maintenance.conf", "maintenance.conf", "maintenance.html"
BACK_SOON = (
    '<!doctype html><meta charset="utf-8"><title>Back soon</title><h1>Back soon</h1><p>We are working on it.</p>'
)
# Beside them, also while the app is open: the load balancer is told that this node goes.
LEAVING = "maintenance-leaving.conf"
OPEN: dict[str, str | None] = dict.fromkeys((HTTP, SERVER, PAGE))


# What both modules take beside the place of the files.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "project": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow": {"type": "list", "elements": "str", "default": []},
    "retry_after": {"type": "int", "default": 300},
    "page": {"type": "str", "default": BACK_SOON},
    "purpose": {"type": "str", "default": ""},
    "who": {"type": "dict", "default": {}},
}


def asked(project: str, state: str, purpose: str) -> dict[str, Any]:
    """Return what `switch` takes, with the defaults of both modules."""
    given = {"project": project, "state": state, "purpose": purpose}
    return {name: argument.get("default") for name, argument in ARGUMENTS.items()} | given


def outcome(params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Return what notes the verb, on each node of a Swarm as the same line. What other verbs close is theirs."""
    what = {"present": "on", "absent": "off"}.get(params["state"], "")
    told = {"writes": bool(what) and not check_mode and not params["purpose"]}
    run = params["who"].get("run")
    return Outcome(params["who"], params["project"], "maintenance", what, **told, id=f"{run}-{what}" if run else "")


def switch(
    edge: EdgeFiles,
    params: Mapping[str, Any],
    check_mode: bool,
    directory: str,
    own: Sequence[str] = LOOPBACK,
    token: str = "",
) -> dict[str, Any]:
    """Close or open an app, and return the module's result. What somebody else has closed stays as it is, but for a
    person, who has no purpose to give. Raise ValueError or CommandError when it cannot be done."""
    before, wanted = closed_for(edge), dict(OPEN)
    if params["state"] == "present":
        wanted = files(params, [*own, *params["allow"]], directory, token)
    is_foreign = bool(params["purpose"]) and before not in (None, params["purpose"])
    changes = {} if is_foreign else edge.differences(wanted)
    if changes and not check_mode:
        edge.switch(wanted)
        page = edge.directory / PAGE
        if page.exists():
            page.chmod(0o644)  # nginx's workers read it; the other files are for its master alone
    names = {
        side: "".join(f"{name}\n" for name, texts in sorted(changes.items()) if texts[number])
        for number, side in enumerate(("before", "after"))
    }
    header = {"before_header": str(edge.directory), "after_header": str(edge.directory)}
    was = {"was_closed": before is not None, "was_closed_for": before or ""}
    return {"changed": bool(changes), "state": params["state"], **was, "diff": {**header, **names}}


def leave(edge: EdgeFiles, path: str, leaves: bool, check_mode: bool) -> dict[str, Any]:
    """Let a load balancer's check of `path` fail, or not any more, while visitors are served as before. Return the
    module's result. Raise ValueError for a path that nginx would read otherwise."""
    wanted: dict[str, str | None] = {LEAVING: leaving(path) if leaves else None}
    changed = bool(edge.differences(wanted))
    if changed and not check_mode:
        edge.switch(wanted)
    return {"changed": changed, "state": "leaving" if leaves else "staying"}


def leaving(path: str, name: str = "health_path") -> str:
    """Return the file that lets a load balancer's check fail. Raise ValueError for a path that nginx would read
    otherwise."""
    if not path.startswith("/") or set(path) & set('"\\$ \n'):
        raise ValueError(f"{name}: {path!r} is not a path such as /health.")
    return f'{HEADER}if ($request_uri = "{path}") {{ return 503; }}\n'


def closed_for(edge: EdgeFiles) -> str | None:
    """Return for what the app is closed now: empty when a person did it, None when it is open."""
    text = edge.read(SERVER)
    if text is None:
        return None
    found = [line.removeprefix(PURPOSE) for line in text.splitlines() if line.startswith(PURPOSE)]
    return found[0] if found else ""


def report(closed: str | None) -> dict[str, Any]:
    """Return what a report says of it."""
    return {"maintenance": closed is not None, "closed_for": closed or ""}


def status_line(app: Mapping[str, Any]) -> str:
    """Return a report's line for people."""
    purpose = f", for {app['closed_for']}" if app["closed_for"] else ""
    return f"Maintenance  {'on' + purpose if app['maintenance'] else 'off'}"


def files(params: Mapping[str, Any], allow: Sequence[str], directory: str, token: str = "") -> dict[str, str | None]:
    """Return the files that close an app. `directory` is where nginx finds them. Raise ValueError when `allow` has
    something else than addresses and networks."""
    networks = [str(ipaddress.ip_network(network, strict=False)) for network in dict.fromkeys(allow)]
    purpose = f"{PURPOSE}{params['purpose']}\n" if params["purpose"] else ""
    server = server_file(params["project"], token, params["retry_after"], f"{directory}/{PAGE}")
    return {
        HTTP: http_file(params["project"], networks),
        SERVER: purpose + server,
        PAGE: params["page"] + "\n",
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
