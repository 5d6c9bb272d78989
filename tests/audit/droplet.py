# SPDX-License-Identifier: GPL-3.0-or-later
"""A droplet under audit, driven over SSH as its users drive it."""

from __future__ import annotations

import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Droplet:
    name: str
    address: str
    private: str
    key: str
    known_hosts: str

    def ssh(self, command: str, stdin: str | bytes = b"", timeout: int = 900) -> subprocess.CompletedProcess:
        options = ["-oBatchMode=yes", "-oStrictHostKeyChecking=accept-new", "-oLogLevel=ERROR"]
        options += [f"-oUserKnownHostsFile={self.known_hosts}", "-oConnectTimeout=5"]
        return subprocess.run(
            ["ssh", "-i", self.key, *options, f"deploy@{self.address}", command],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    def run(self, command: str, stdin: str | bytes = b"", timeout: int = 900) -> str:
        """As root. What it printed, or an error with what it said."""
        done = self.ssh(f"sudo sh -c {shlex.quote(command)}", stdin, timeout)
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()[-2000:]
            raise RuntimeError(f"{self.name}: {command[:200]} ended with {done.returncode}: {said}")
        return done.stdout.decode(errors="replace")

    def holds(self, command: str) -> bool:
        return self.ssh(f"sudo sh -c {shlex.quote(command)}", timeout=60).returncode == 0

    def wait(self, seconds: int = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.ssh("true").returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} ({self.address}) does not answer SSH within {seconds} s")
            time.sleep(1)

    def reboot(self) -> None:
        before = self.run("cat /proc/sys/kernel/random/boot_id; uptime -s; systemctl show -p UserspaceTimestamp")
        self.ssh("sudo systemctl reboot", timeout=30)
        deadline = time.monotonic() + 120
        while True:
            done = self.ssh(
                "sudo sh -c 'cat /proc/sys/kernel/random/boot_id; uptime -s; systemctl show -p UserspaceTimestamp'"
            )
            if done.returncode == 0 and done.stdout.decode() != before:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not come back from a reboot")
            time.sleep(1)
        self.run("systemctl is-system-running --wait || true", timeout=120)


def read_inventory(path: Path) -> dict[str, Droplet]:
    everything = yaml.safe_load(path.read_text())["all"]
    key = everything["vars"]["ansible_ssh_private_key_file"]
    return {
        name: Droplet(name, host["ansible_host"], host["private_ip"], key, f"{path}.known_hosts")
        for name, host in everything["hosts"].items()
    }
