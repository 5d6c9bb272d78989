# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of one host: files, which its nginx reads."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .authority import ask
from .certificate import Certificate, read
from .renewal import Asked, Renewal, addresses_of
from .settings import HTTP, Failure, Settings, Site

HOME = Path("/var/lib/izzzi-certificate")
TLS = Path("/etc/nginx/tls")
NGINX = "/usr/local/sbin/izzzi-nginx"


class Host:
    """A place of certificates."""

    def __init__(self, settings: Settings, home: Path = HOME, tls: Path = TLS):
        self.settings = settings
        self._home = home
        self._tls = tls

    @contextmanager
    def locked(self) -> Iterator[None]:
        (self._home / "webroot").mkdir(mode=0o755, parents=True, exist_ok=True)
        with open(self._home / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def current(self, name: str) -> Certificate | None:
        try:
            return read((self._tls / f"{name}.pem").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def held_until(self, name: str) -> float:
        try:
            return float(self._hold(name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return 0.0

    def hold(self, name: str, until: float) -> None:
        self._hold(name).write_text(str(until), encoding="utf-8")

    def _hold(self, name: str) -> Path:
        return self._home / f"{name}.wait"

    def check_names(self, site: Site) -> None:
        if site.challenge != HTTP:
            return
        own = own_addresses(self.settings)
        if wrong := misdirected({name: addresses_of(name) for name in site.names}, own):
            raise Failure(
                f"DNS: {'; '.join(wrong)}. This host is {', '.join(sorted(own))}. Mend the records, or list the address"
                " of a load balancer or reserved IP in nginx_acme_addresses. The authority was not asked."
            )

    def obtain(self, site: Site) -> str:
        return ask(self.settings, site, self._home / "lego", self._home / "webroot", nothing)

    def install(self, name: str, pem: str) -> None:
        """Write key and chain into one file: nginx sees the old pair or the new one, never a mixture."""
        handle, temporary = tempfile.mkstemp(dir=self._tls)  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._tls / f"{name}.pem")


def nothing() -> None:
    """On one host a lock of the kernel is lost by nobody who lives."""


def own_addresses(settings: Settings) -> set[str]:
    # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
    said = subprocess.run(["ip", "-j", "address"], capture_output=True, text=True, check=True).stdout
    return global_addresses(said) | set(settings.addresses)


def global_addresses(said: str) -> set[str]:
    """Read the addresses of a host from what `ip -j address` says. Pure."""
    found = (address for link in json.loads(said) for address in link["addr_info"])
    return {address["local"] for address in found if address["scope"] == "global"}


def misdirected(names: Mapping[str, set[str]], own: set[str]) -> list[str]:
    """Say which names do not lead to this host alone. Pure."""
    found = []
    for name, addresses in names.items():
        if not addresses:
            found.append(f"{name} has no address record")
        elif addresses - own:
            found.append(f"{name} points to {', '.join(sorted(addresses - own))}")
    return found


def run(settings: Settings, asked: Asked, reload: Callable = subprocess.run) -> int:
    """Look after the certificates of this host; return the exit status."""
    place = Host(settings)
    with place.locked():
        status = Renewal(place, asked).all()
        if not asked.check:  # also what an earlier run has installed and not loaded
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            reload([NGINX, "reload"], check=True)
    return status
