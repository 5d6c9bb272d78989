# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a certificate authority, by lego, and explains what it said."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .settings import DNS, Failure, Settings, Site

SECONDS = 300
LOOK_EVERY = 5.0
LIMITED = "limits the rate"
_LIMITS = ("rateLimited", ":: 429 ::", " 429 ")
_AWAY = re.compile(r"connection refused|no such host|i/o timeout|no route to host|context deadline|EOF")


def command(settings: Settings, site: Site, home: Path, webroot: Path) -> list[str]:
    """Return the words that start lego for a site. Pure."""
    words = ["lego", "--accept-tos", "--path", str(home), "--key-type", "ec256", "--pem"]
    words += ["--server", settings.directory, "--email", settings.email]
    for name in site.names:
        words += ["--domains", name]
    if site.challenge == DNS:
        words += ["--dns", "digitalocean"]
        for resolver in settings.resolvers:
            words += ["--dns.resolvers", resolver]
        if settings.resolvers:
            words.append("--dns.disable-cp")  # these are enough; the domain's own may be out of reach from here
    else:
        words += ["--http", "--http.webroot", str(webroot)]
    return [*words, "run"]


def environment(settings: Settings, site: Site) -> dict[str, str]:
    """Return what lego reads beside its arguments: the token stands in a file. Pure."""
    found = {"LEGO_CA_CERTIFICATES": settings.ca_certificates}
    if site.challenge == DNS:
        found |= {"DO_AUTH_TOKEN_FILE": settings.dns_token_file, "DO_API_URL": settings.dns_api_url}
    return found


def ask(settings: Settings, site: Site, home: Path, webroot: Path, still_ours: Callable[[], None]) -> str:
    """Return key and chain as one text. Raise Failure when the authority gives none.

    `still_ours` is called now and then; what it raises ends lego, so that nobody asks for whom somebody else does."""
    # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
    process = subprocess.Popen(
        command(settings, site, home, webroot),
        env={**os.environ, **environment(settings, site)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        said = _words(process, settings.directory, still_ours)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise Failure(explain(settings.directory, said))
    # lego's file names: of the first name, * as _
    return (home / "certificates" / f"{site.names[0].replace('*', '_')}.pem").read_text(encoding="utf-8")


def _words(process: subprocess.Popen, directory: str, still_ours: Callable[[], None]) -> str:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return process.communicate(timeout=LOOK_EVERY)[0]
        except subprocess.TimeoutExpired:
            still_ours()
            if time.monotonic() > deadline:
                raise Failure(f"{directory} did not answer within {SECONDS} s.") from None


def explain(directory: str, said: str) -> str:
    """Say in a sentence what lego said. Pure."""
    words = " ".join(line for line in said.splitlines() if "[INFO]" not in line)[-1500:].strip()
    if any(word in said for word in _LIMITS):
        return f"{directory} {LIMITED}: {words}"
    if _AWAY.search(said) and ("get directory at" in said or "could not create client" in said.lower()):
        return f"{directory} cannot be reached: {words}"
    return f"{directory} gave no certificate: {words}"
