# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes onto a host, and what a Swarm gets: the page, nginx in front of it, and the writer of its
document. Pure, but for reading the code."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._app import on_host
from .._edge import carried
from .._edge.password_hash import users_file
from .settings import INNER_PORT, PLACE, RUNTIME
from .web import FILES, Web, configuration

PAGE = Path(__file__).parent / "page"
WEB = PLACE / "web"
USERS = PLACE / "users"
USER = "operator"
SHORTEST = 16  # characters of a password
MANAGED = "# Ansible managed: the role izzzi.infra.pages writes this file."
RUNTIME_OF_NGINX = "/run/izzzi-pages-web"
# The writer reads them under the same name.
SAME = ("app", "runner", "directory", "edge_directory", "certificates", "apps")
SERVICE = "operators"
STATIC = "/srv/izzzi-pages"


def problems(given: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything that is missing or not valid in the role's inputs."""
    found = _door_problems(given) if given.get("runner") == "compose" else []
    ports = [given.get("port"), *([given.get("mail_port")] if given.get("mail") else [])]
    for port in ports:
        if not isinstance(port, int) or not 0 < port < 65536:
            found.append(f"pages_port and pages_mail_port: {port!r} is not a port from 1 to 65535.")
    if len(set(ports)) < len(ports):
        found.append(f"pages_port and pages_mail_port are both {ports[0]}.")
    return found


def _door_problems(given: Mapping[str, Any]) -> list[str]:
    found = []
    if len(str(given.get("password") or "")) < SHORTEST:
        found.append(f"pages_password has fewer than {SHORTEST} characters. The environment's vault generates one.")
    if not given.get("sources"):
        found.append("pages_sources is empty: it says who may ask for the pages, for example 198.51.100.7/32.")
    for source in given.get("sources") or ():
        try:
            ipaddress.ip_network(str(source))
        except ValueError:
            found.append(f"pages_sources: {source!r} is not an address or a network such as 198.51.100.0/24.")
    return found


def files(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return files of `host_change`: the writer, its settings, and on one server nginx's, too."""
    settings = {name: given[name] for name in SAME if name in given and (name != "apps" or given[name])}
    settings["mail_port"] = given["mail_port"] if given.get("mail") else 0
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    code = on_host.code("_pages/main.py", f"_pages/{given['runner']}.py")
    found = [
        *({"path": str(on_host.CODE / name), "content": content} for name, content in code.items()),
        {"path": str(PLACE / "settings.json"), "content": text, "apply": ["writer"]},
    ]
    if given["runner"] == "compose":
        found += [{"path": str(WEB / name), "content": text, "apply": ["web"]} for name, text in page().items()]
        web = configuration(on_server(given), MANAGED)
        found.append({"path": str(PLACE / "nginx.conf"), "content": web, "apply": ["web"]})
    return found


def secrets(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the file of the login, which nginx reads anew by itself. In a Swarm the service has it."""
    if given["runner"] != "compose":
        return []
    text = users_file({USER: given["password"]}, [USER], str(given.get("seed", "")))
    return [{"path": str(USERS), "content": text, "mode": "0640", "group": "www-data"}]


def page() -> dict[str, str]:
    return {file: (PAGE / file).read_text(encoding="utf-8") for file in FILES}


def on_server(given: Mapping[str, Any]) -> Web:
    """Describe an nginx of its own beside the app's: none of the two can keep the other from starting."""
    place = RUNTIME_OF_NGINX
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return Web(
        str(WEB),
        str(RUNTIME),
        str(USERS),
        **_doors(given),
        mail=given.get("mail") or "",
        certificate=given.get("certificate") or "",
        addresses=("", "[::]:"),
        main=("user www-data;", f"pid {place}/nginx.pid;", "error_log stderr;"),
        http=(
            *(f"{kind}_temp_path {place}/{kind};" for kind in kinds),
            "# Who has asked is in the host's journal.",
            "access_log syslog:server=unix:/dev/log,nohostname,tag=izzzi_pages;",
        ),
    )


def _doors(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "port": given.get("port", 8080),
        "mail_port": given.get("mail_port", 8025),
        "sources": tuple(given.get("sources") or ()),
    }


def in_swarm(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a Swarm needs: `services`, a task on every node, and the `configs` and `secrets` that it mounts.

    `certificate` is the name of a secret of the stack, or `certificate_site` the site whose certificate is carried to
    every node; `mail` is the service that catches mail, with its port."""
    certificate, site = given.get("certificate") or "", given.get("certificate_site") or ""
    web = Web(
        STATIC,
        f"{STATIC}-state",
        f"/run/secrets/{SERVICE}_users",
        **_doors(given),
        mail=f"tasks.{given['mail']}" if given.get("mail") else "",
        certificate=f"/run/secrets/{certificate}" if certificate else carried.path(site) if site else "",
        inner=True,
        main=("pid /tmp/nginx.pid;", "error_log stderr;"),
        http=("access_log /dev/stdout;", "resolver 127.0.0.11 valid=1s ipv6=off;", "resolver_timeout 3s;"),
    )
    contents = {f"{SERVICE}_nginx.conf": configuration(web, MANAGED)}
    contents |= {f"{SERVICE}_{file}": text for file, text in page().items()}
    contents |= {f"{SERVICE}_watch.sh": carried.SCRIPT} if site else {}
    targets = {name: f"{STATIC}/{name.removeprefix(f'{SERVICE}_')}" for name in contents}
    targets |= {f"{SERVICE}_nginx.conf": "/etc/nginx/nginx.conf"}
    targets |= {f"{SERVICE}_watch.sh": carried.PROGRAM} if site else {}
    login = users_file({USER: given["password"]}, [USER], given["app"]) if given.get("password") else ""
    ports = [web.port, *([web.mail_port] if web.mail else [])]
    status = f"http://127.0.0.1:{INNER_PORT}/status"
    service = {
        "image": given["image"],
        "entrypoint": carried.entrypoint([site]) if site else ["nginx", "-g", "daemon off;"],
        "ports": [f"{port}:{port}" for port in ports],
        "stop_signal": "SIGQUIT",
        "configs": [{"source": name, "target": target} for name, target in targets.items()],
        "secrets": [f"{SERVICE}_users", *([certificate] if certificate else [])],
        "healthcheck": {
            "test": f"curl -fsS -o /dev/null {status} || wget -q -O /dev/null {status}",
            "interval": "5s",
            "timeout": "4s",
            "retries": 5,
            **({"start_period": "30s"} if site else {}),
        },
        "deploy": {"resources": {"limits": {"cpus": 0.25, "memory": "64M"}}},
    }
    return {"services": {SERVICE: service}, "configs": contents, "secrets": {f"{SERVICE}_users": login}}
