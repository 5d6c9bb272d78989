# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of a host that are out of date, and whether it has to reboot for them. Pure, but for Apt and read_host."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# As apt says what it would do: Inst NAME [BEFORE] (AFTER Debian:12.1/stable [amd64])
_INSTALL = re.compile(r"^Inst (\S+) (?:\[(\S+)\] )?\((\S+)")
_KERNEL = re.compile(r"^linux-image-\d")
_ENGINE = re.compile(r"^(docker\.io|docker-ce|containerd(\.io)?|runc)$")
_NUMBERS = re.compile(r"(\d+)")
MARK = Path("/run/reboot-required")
# A question would hang the update, and files that roles have written stay.
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a", "APT_LISTCHANGES_FRONTEND": "none"}
KEEP_FILES = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
# An upgrade of containerd stops Docker, and nothing starts it again.
START_ENGINE = "if systemctl is-enabled --quiet docker.service; then systemctl start docker.service; fi"
LONGEST = 3600.0  # seconds that an upgrade may take


@dataclass(frozen=True)
class Package:
    """A package that would be upgraded, or, without `before`, installed with others."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Host:
    """What a host says of its last updates. `kernels` are those in /boot, and `running` is the one that it runs."""

    marked: bool = False
    packages: tuple[str, ...] = ()
    running: str = ""
    kernels: tuple[str, ...] = ()


def parse(simulated: str) -> list[Package]:
    """Read what `apt-get --simulate` says."""
    found = map(_INSTALL.match, simulated.splitlines())
    return [Package(one[1], one[2] or "", one[3]) for one in found if one]


def engine(packages: Iterable[Package]) -> list[str]:
    """Name the packages whose upgrade restarts the containers' engine."""
    return [package.name for package in packages if _ENGINE.match(package.name)]


def reboot_reasons(host: Host, pending: Iterable[Package] = ()) -> list[str]:
    """Say why the host has to reboot, now or after the pending upgrades; empty when it has not.

    Other packages may ask for a reboot while they are installed: nobody knows before."""
    found = []
    if host.marked:
        asking = f" ({', '.join(host.packages)})" if host.packages else ""
        found.append(f"an update asks for it{asking}")
    if newer := newer_kernel(host.running, host.kernels):
        found.append(f"kernel {newer} is installed, and {host.running} runs")
    found += [f"kernel {p.name.removeprefix('linux-image-')} would come" for p in pending if _KERNEL.match(p.name)]
    return found


def newer_kernel(running: str, kernels: Iterable[str]) -> str:
    """Return the newest installed kernel of the flavour that runs, when it is not the one that runs. A container runs
    its host's kernel, and has none."""
    flavour = _flavour(running)
    able = [kernel for kernel in kernels if _flavour(kernel) == flavour]
    newest = max(able, key=_order, default=running)
    return newest if running in able and _order(newest) > _order(running) else ""


def _flavour(kernel: str) -> str:
    """Return `cloud-amd64` of 6.12.43+deb13-cloud-amd64."""
    return re.sub(r"^[\d.]+(-\d+|\+\w+(\.\w+)*)*-?", "", kernel)


def _order(kernel: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _NUMBERS.split(kernel) if part]


def read_host(mark: Path = MARK, boot: Path = Path("/boot")) -> Host:
    """Read what this host says."""
    try:
        packages = mark.with_name(f"{mark.name}.pkgs").read_text(encoding="utf-8").split()
    except OSError:
        packages = []
    kernels = sorted(path.name.removeprefix("vmlinuz-") for path in boot.glob("vmlinuz-*"))
    return Host(mark.exists(), tuple(dict.fromkeys(packages)), os.uname().release, tuple(kernels))


def start_seconds(shown: str) -> int:
    """Return how long the host's services took to start last time, from what systemd shows of itself; 0 when it does
    not say, as before it has finished."""
    times = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    began, ended = (int(times.get(f"{name}TimestampMonotonic") or 0) for name in ("Userspace", "Finish"))
    return round((ended - began) / 1e6) if ended > began else 0


@dataclass
class Apt:
    """Asks apt through `call`, which runs a program and raises when it fails. `lock_timeout` is for how many seconds it
    waits for whoever has its lock."""

    call: Callable[..., str]
    lock_timeout: int = 300
    _options: list[str] = field(default_factory=list, init=False)

    @contextmanager
    def fresh(self, keep: bool) -> Iterator[None]:
        """Fetch the lists. Without `keep` they are gone after the block, and the host's own stay as they are."""
        with tempfile.TemporaryDirectory(prefix="izzzi-apt-") as name:
            if not keep:
                for folder in ("lists/partial", "cache/archives/partial"):
                    (Path(name) / folder).mkdir(parents=True)
                self._options = ["-o", f"Dir::State::lists={name}/lists", "-o", f"Dir::Cache={name}/cache"]
                self._options += ["-o", "APT::Sandbox::User=root"]
            try:
                self._get("update", "--error-on=any", "-qq")
                yield
            finally:
                self._options = []

    def pending(self) -> list[Package]:
        """Return what an upgrade would bring."""
        return parse(self._get("upgrade", "--with-new-pkgs", "--simulate", "-qq"))

    def upgrade(self) -> None:
        """Bring it. What an upgrade that was killed has left is finished first."""
        environment = {**os.environ, **ENVIRONMENT}
        self.call(["dpkg", "--configure", "-a", "--force-confdef", "--force-confold"], timeout=LONGEST, env=environment)
        try:
            self._get("upgrade", "--with-new-pkgs", "-qq", "-y", *KEEP_FILES)
        finally:
            self.call(["sh", "-c", START_ENGINE], timeout=300)

    def _get(self, *words: str) -> str:
        wait = ["-o", f"DPkg::Lock::Timeout={self.lock_timeout}"]
        environment = {**os.environ, **ENVIRONMENT, "LC_ALL": "C"}
        return self.call(["apt-get", *words, *wait, *self._options], timeout=LONGEST, env=environment)
