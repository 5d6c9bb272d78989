# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles write onto a host that gets certificates: this very code, its settings, a timer. Pure, but for reading the
code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._app import on_host
from .settings import ACME, AUTHORITY, HTTP, PLACE, SETTINGS, SWARM, TOKEN

PROGRAM = "/usr/local/sbin/izzzi-certificate"
UNITS = "/etc/systemd/system"
TIMER = "izzzi-certificate.timer"
MANAGED = "# Managed by Ansible, roles izzzi.infra.nginx and izzzi.infra.swarm_stack"
# -P: what lies in the directory where somebody calls it is none of the command's code.
SCRIPT = f"""#!/bin/sh
{MANAGED}: `izzzi-certificate --help`
PYTHONPATH=/usr/local/lib/izzzi exec python3 -BP -m infra._certificate.main "$@"
"""
SERVICE = f"""{MANAGED}
[Unit]
Description=Renew the certificates of nginx's sites
After=network-online.target nginx.service docker.service
Wants=network-online.target

[Service]
Type=oneshot
ExecStart={PROGRAM}
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes
"""
TIMER_TEXT = f"""{MANAGED}
[Unit]
Description=Renew the certificates of nginx's sites

[Timer]
# Twice a day, as authorities ask, and not everybody at the same time.
OnCalendar=*-*-* 03,15:00
RandomizedDelaySec=6h
Persistent=true

[Install]
WantedBy=timers.target
"""
ACME_SETTINGS = ("directory", "email", "addresses", "resolvers", "dns_api_url")


def asked(sites: Mapping[str, Any], sources: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return what the program is to know of sites whose certificates come from one of these sources."""
    return {
        name: {
            "names": site.get("server_names", ["_"]),
            "challenge": tls.get("challenge", HTTP),
            "source": tls["source"],
            "port": site.get("listen_tls", 443),
        }
        for name, site in sites.items()
        if (tls := site.get("tls") or {}).get("source") in sources
    }


def written(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of `host_change`. `given` has `place`, `sites` as `asked` makes them, and `acme`: what
    ACME_SETTINGS names, `ca_certificates` and `dns_token`. In a Swarm also `project` and `constraints`."""
    acme = given["acme"]
    settings = {name: acme[name] for name in ACME_SETTINGS} | {
        "place": given["place"],
        "sites": given["sites"],
        "ca_certificates": str(AUTHORITY) if acme["ca_certificates"] else "",
    }
    if given["place"] == SWARM:
        settings |= {"project": given["project"], "constraints": given["constraints"]}
    code = on_host.code("_certificate/main.py", f"_certificate/{given['place']}.py")
    has_authority = any(site["source"] == ACME for site in given["sites"].values())
    return {
        "directories": [{"path": str(PLACE), "mode": "0700"}],
        "files": [
            *({"path": str(on_host.CODE / name), "content": content} for name, content in code.items()),
            {"path": PROGRAM, "content": SCRIPT, "mode": "0755"},
            {"path": f"{UNITS}/izzzi-certificate.service", "content": SERVICE},
            {"path": f"{UNITS}/{TIMER}", "content": TIMER_TEXT},
            {"path": str(SETTINGS), "content": json.dumps(settings, indent=2, sort_keys=True) + "\n", "mode": "0600"},
            {"path": str(AUTHORITY), "content": acme["ca_certificates"], "mode": "0600"},
        ],
        "secrets": [{"path": str(TOKEN), "content": acme["dns_token"]}],
        "packages": ["openssl", "lego"] if has_authority else ["openssl"],
    }
