# SPDX-License-Identifier: GPL-3.0-or-later
"""The droplet of the walk of hosts: made naked, kept between walks, reached by whatever its SSH settings say."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

from .host import BIN, ROOT, SANDBOX_HOME, Host, address_of

PROJECT = os.environ.get("IZZZI_WALK_HOSTS_PROJECT", "walkhosts")  # in the sandbox's account
NAME = f"{PROJECT}-dev-hosts"
RANGE = "10.73.0.0/24"
HERE = Path(__file__).parent
KEYS = ROOT / ".cache/walk/keys"
OPTIONS = ["-oBatchMode=yes", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"]
REGISTRY = "198.51.100.2:5000"
UNIT = """\
[Unit]
Description=What stands behind nginx in the walk
[Service]
ExecStart=/usr/bin/python3 /opt/walk-upstream.py
Restart=always
[Install]
WantedBy=multi-user.target
"""


def key_file(name: str) -> Path:
    """Of a key pair, made once."""
    if name == "first":
        return SANDBOX_HOME / "id_ed25519"
    KEYS.mkdir(parents=True, exist_ok=True)
    path = KEYS / name
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path


def public_key(name: str) -> str:
    return key_file(name).with_name(f"{key_file(name).name}.pub").read_text().strip()


class Door(Host):
    """A droplet whose port, user and keys change."""

    def __init__(self, address: str, port: int = 22, user: str = "deploy", key: str = "first"):
        self.port, self.user, self.key = port, user, key
        super().__init__(address)

    def ssh(self, command: str) -> list[str]:
        own = ["-i", str(key_file(self.key)), "-oIdentitiesOnly=yes", "-oConnectTimeout=5", "-p", str(self.port)]
        return ["ssh", *own, *OPTIONS, f"{self.user}@{self.address}", command]

    def login(self) -> str:
        """What a new login says against itself; empty when it works."""
        done = subprocess.run(self.ssh("sudo -n true"), capture_output=True, text=True, check=False, timeout=30)
        return "" if done.returncode == 0 else done.stderr.strip() or str(done.returncode)

    def go_through(self, port: int, user: str, key: str) -> None:
        """From now on by this way in; the process on the droplet is started anew by it, as the next run would be."""
        if (port, user, key) != (self.port, self.user, self.key):
            self.close()
            self.port, self.user, self.key = port, user, key

    def variables(self) -> dict[str, Any]:
        """What an inventory says of it."""
        return {
            "inventory_hostname": NAME,
            "ansible_host": self.address,
            "ansible_connection": "ssh",
            "ansible_ssh_private_key_file": str(key_file(self.key)),
            "ansible_ssh_common_args": "-oUserKnownHostsFile=/dev/null -oStrictHostKeyChecking=no"
            " -oLogLevel=ERROR -oIdentitiesOnly=yes",
        }

    def restart(self) -> None:
        """As `systemctl reboot` does it; back when the agent answers and systemd has started what it will."""
        before = self.shell("stat -c %Y /proc/1").strip()
        self.shell("systemd-run --quiet --on-active=0.2 systemctl reboot")
        self.close()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            time.sleep(0.4)
            asked = "sudo stat -c %Y /proc/1; systemctl is-system-running"
            seen = subprocess.run(self.ssh(asked), check=False, capture_output=True, text=True).stdout.split()
            if seen[1:] in (["running"], ["degraded"]) and seen[0] != before:
                return
        raise AssertionError(f"the droplet did not come back: {seen}")


def put(host: Host, path: str, content: bytes) -> None:
    host.ask("write", path=path, content=base64.b64encode(content).decode())


@cache
def ready_host() -> Door:
    """The walk's own droplet, with what stands behind nginx on it. Roles are not its business."""
    if not address_of(NAME):
        variables = ["-e", f"walk_project={PROJECT}", "-e", "walk_kind=hosts", "-e", f"walk_range={RANGE}"]
        command = [str(BIN / "ansible-playbook"), str(HERE / "ground.yml"), *variables]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-1000:]
    host = _open(address_of(NAME))
    put(host, "/opt/walk-upstream.py", (HERE / "droplet/upstream.py").read_bytes())
    put(host, "/etc/systemd/system/walk-upstream.service", UNIT.encode())
    host.shell("systemctl daemon-reload && systemctl enable --quiet --now walk-upstream.service")
    return host


def _open(address: str) -> Door:
    """By whichever way in an earlier walk has left. One that was killed may have left none."""
    for rescued in (False, True):
        if rescued:
            _rescue(address)
        for port in (22, 2222):
            for user in ("deploy", "walker"):
                for key in ("first", "second"):
                    try:
                        return Door(address, port, user, key)
                    except subprocess.CalledProcessError:
                        continue
    raise AssertionError(f"no way into {address}: remove the droplet {NAME} in the sandbox, the walk makes a new one")


def _rescue(address: str) -> None:
    """As by a console: the first user's key and sshd's own settings are back."""
    shown = "{{.Name}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    running = subprocess.run(["docker", "ps", "-q"], capture_output=True, text=True, check=True).stdout.split()
    told = subprocess.run(["docker", "inspect", "-f", shown, *running], capture_output=True, text=True, check=True)
    doors = [line.split()[0].lstrip("/") for line in told.stdout.splitlines() if address in line.split()]
    names = [name.replace("-port-", "-droplet-") for name in doors]  # the sandbox's door and what is behind it
    script = (
        f"cd ~deploy && mkdir -p .ssh && echo '{public_key('first')}' > .ssh/authorized_keys && chown -R deploy: .ssh"
        " && chmod 0755 . && chmod 0700 .ssh && chmod 0600 .ssh/authorized_keys; usermod -s /bin/bash deploy;"
        " rm -f /etc/ssh/sshd_config.d/00-*.conf; nft delete table inet izzzi; fail2ban-client unban --all;"
        " pkill -o -x sshd; sleep 0.5; systemctl restart ssh.service"
    )
    for name in names[:1]:
        subprocess.run(["docker", "exec", name, "sh", "-c", script], capture_output=True, check=False)
