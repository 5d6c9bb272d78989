# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declaration of nginx sites would take from the apps that are live on the host. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LiveSite:
    """A site on the host that sends its visitors to an app with a release that is live there."""

    name: str
    app: str
    server_names: tuple[str, ...]


def parse_live(text: str) -> list[LiveSite]:
    """Parses what the role's probe prints: words of `site:app:name,name`."""
    parts = [word.split(":", 2) for word in text.split()]
    return [LiveSite(site, app, tuple(names.split(","))) for site, app, names in parts]


def apps_of(sites: Mapping[str, Any]) -> set[str]:
    """Names the apps that the declared sites send visitors to."""
    return {
        str(site.get("app", name))
        for name, site in sites.items()
        if any("service" in location for location in site["locations"])
    }


def taken_by(sites: Mapping[str, Any], live: LiveSite) -> list[str]:
    """Names the declared sites that the visitors of a live site would meet instead."""
    return [name for name, site in sites.items() if {*site.get("server_names", ["_"])} & {*live.server_names, "_"}]


def collisions(
    sites: Mapping[str, Any],
    there: str | Iterable[LiveSite],
    listening: str = "",
    names: Mapping[str, str] | None = None,
) -> list[str]:
    """Tell for each live app that no declared site serves any more who would get its visitors, and what to do; and
    which ports are taken. `names` is what people call a site, by its name, when it is not part of `nginx_sites`."""
    kept = apps_of(sites)
    live_sites = parse_live(there) if isinstance(there, str) else there
    cut_off = [_sentence(live, taken_by(sites, live)) for live in live_sites if live.app not in kept]
    return [*cut_off, *taken_ports(sites, listening, names or {})]


def taken_ports(sites: Mapping[str, Any], listening: str, names: Mapping[str, str]) -> list[str]:
    """Tell for each port of a site that another program listens on. `listening`: words of `port:program`."""
    others = dict(word.split(":", 1) for word in listening.split())
    found = []
    for name, site in sites.items():
        ports = {
            "listen": site.get("listen", 80),
            **({"listen_tls": site.get("listen_tls", 443)} if site.get("tls") else {}),
        }
        where = names.get(name) or f"nginx_sites.{name}"
        found += [
            f"{where}.{key}: port {port} is in use on this host by {others[str(port)]}, and nginx could not"
            f" start. Stop it (ss -ltnp 'sport = :{port}' shows it), or choose another port."
            for key, port in ports.items()
            if str(port) in others
        ]
    return found


def _sentence(live: LiveSite, takers: list[str]) -> str:
    names = [name for name in live.server_names if name != "_"]
    who = f"visitors of {', '.join(names)}" if names else "visitors of any name"
    instead = f"the declared site {' or '.join(takers)}" if takers else "no site"
    return (
        f"The app {live.app} is live on this host behind the site {live.name}, and nginx_sites serves it no longer: its"
        f" {who} would meet {instead}. If both are to run, declare both sites in nginx_sites, each with server_names of"
        f" its own. If {live.app} is to go, remove it first: playbooks/remove.yml -e app_project={live.app} -e"
        f" confirm={live.app} (its volumes stay)."
    )
