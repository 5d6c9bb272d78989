# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which names Spaces is reached, and how a request to a bucket's own host name looks with the bucket in the path.
Pure functions."""

from __future__ import annotations

import re
from typing import Any

DOMAIN = "digitaloceanspaces.com"
REGIONS = ("ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1")
_HOST = re.compile(
    rf"(?:(?P<bucket>[a-z0-9][a-z0-9.-]*)\.)?(?:{'|'.join(REGIONS)})\.{re.escape(DOMAIN)}", re.IGNORECASE
)


def is_name(host: str) -> bool:
    """Whether Spaces answers under this name: a region's, or that of a bucket in a region."""
    return _HOST.fullmatch(host) is not None


def certificate_names() -> list[str]:
    return [f"*.{DOMAIN}", *(f"*.{region}.{DOMAIN}" for region in REGIONS)]


def path_style(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the WSGI environment as the S3 server wants it, which takes any other host name for a bucket's."""
    host = _HOST.fullmatch(environ["HTTP_HOST"].partition(":")[0])
    if host is None:
        return environ
    prefix = f"/{host['bucket'].lower()}" if host["bucket"] else ""
    paths = {name: prefix + environ[name] for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI") if name in environ}
    return {**environ, **paths, "HTTP_HOST": "localhost"}
