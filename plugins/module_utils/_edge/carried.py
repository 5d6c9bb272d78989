# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx in a Swarm starts with certificates that are carried to its node, and loads those that come later. Pure."""

from __future__ import annotations

from collections.abc import Iterable

DIRECTORY = "/etc/nginx/izzzi/tls"  # in the node's volume
PROGRAM = "/etc/nginx/izzzi-watch.sh"
# A task that comes to a new node waits for what is carried there at the same time, as nginx ends without a certificate.
# A reload keeps the node's port, and requests go on. What nginx refuses is told in the log and not loaded.
SCRIPT = f"""# Starts nginx when the certificates of these sites are there, and lets it load what comes later.
seen() {{ cat {DIRECTORY}/*.pem {DIRECTORY}/*.conf 2>/dev/null | cksum; }}
for site; do
  until [ -s "{DIRECTORY}/$site.pem" ]; do
    [ "$told" = "$site" ] || echo "waits for the certificate of $site, which the service certificates brings" >&2
    told=$site
    sleep 0.2
  done
done
loaded=$(seen)
while sleep 2; do
  now=$(seen)
  [ "$now" != "$loaded" ] || continue
  loaded=$now
  nginx -q -t && nginx -s reload
done &
exec nginx -g 'daemon off;'
"""


def path(site: str) -> str:
    """Return where nginx finds key and chain of a site."""
    return f"{DIRECTORY}/{site}.pem"


def entrypoint(sites: Iterable[str]) -> list[str]:
    """Return what starts nginx with these sites' certificates."""
    return ["sh", PROGRAM, *sites]
