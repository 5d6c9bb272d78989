# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor's droplet: floor.sh makes of a bare one what site.yml made of ours, and runs once more with nothing to do.

It is in the same account as ours, so that both can be measured in turn, and no environment knows it: it has no tag, and
is in the region's default VPC. Its SSH key is the one that site.yml has put into the account.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.driver import SANDBOX_HOME, cloud, on_droplet

SCRIPT = Path(__file__).with_suffix(".sh")
# What the roles and the deploy write, and the app needs.
FILES = (
    "/etc/nftables.conf /etc/systemd/system/nftables.service.d /etc/sudoers.d/90-izzzi "
    "/etc/ssh/sshd_config.d/00-izzzi.conf /etc/apt/apt.conf.d/60izzzi /etc/docker/daemon.json "
    "/etc/nginx/nginx.conf /etc/nginx/izzzi /usr/local/sbin/izzzi-nginx /etc/systemd/system/nginx.service.d "
    "/var/www/izzzi-pages /etc/nginx/sites-available/izzzi /etc/nginx/sites-enabled/izzzi /opt/izzzi"
)


@dataclass(frozen=True)
class Model:
    """What the floor takes over from our droplet: the files, and the names of the packages that are there by wish."""

    files: bytes
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Floor:
    container: str
    packages: tuple[str, ...]

    def again(self) -> float:
        """Return the seconds of a run with nothing to do. By the engine's exec: AllowUsers has closed the door to
        root."""
        command = ["docker", "exec", "--interactive", "--workdir", "/root", self.container, "bash", "-s", "--"]
        start = time.monotonic()
        _run([*command, *self.packages])
        return time.monotonic() - start


def read_model() -> Model:
    """Read what site.yml made of our droplet. Of the packages apt installs what is missing, as site.yml did: a list
    that is written down here falls behind the roles, and the floor then does less than they do."""
    pack = f"sudo tar --create --file /tmp/files.tar --absolute-names {FILES} && sudo chmod 644 /tmp/files.tar"
    on_droplet(pack)
    (ours,) = cloud("/droplets?name=izzzi-dev-app")["droplets"]
    read = ["docker", "exec", _container(ours["id"]), "cat", "/tmp/files.tar"]
    files = subprocess.run(read, capture_output=True, check=True).stdout
    return Model(files, tuple(on_droplet("rm -f /tmp/files.tar; apt-mark showmanual").split()))


def make(model: Model) -> tuple[Floor, float]:
    """Return the floor and the seconds from a droplet that does not exist to the live app."""
    keys = [row["id"] for row in cloud("/account/keys")["ssh_keys"]]
    wanted = {"name": "floor", "region": "fra1", "size": "s-2vcpu-4gb", "image": "debian-13-x64", "ssh_keys": keys}
    start = time.monotonic()
    id = cloud("/droplets", "POST", wanted)["droplet"]["id"]
    ssh = _ssh(address_when_active(id))
    _wait_for_login(ssh)
    subprocess.run([*ssh, "useradd --create-home deploy; cat > files.tar"], input=model.files, check=True)
    _run([*ssh, f"bash -s -- {' '.join(model.packages)}"])
    return Floor(_container(id), model.packages), time.monotonic() - start


def _run(shell: list[str | Path]) -> None:
    subprocess.run(shell, input=SCRIPT.read_bytes(), stdout=subprocess.DEVNULL, check=True, timeout=1200)


def _container(id: int) -> str:
    return f"izzzi-sandbox-droplet-{id}"


def address_when_active(id: int, every: float = 0.5) -> str:
    """Return a droplet's public address when the API calls it active; `every` so many seconds it is asked."""
    while (droplet := cloud(f"/droplets/{id}")["droplet"])["status"] != "active":
        time.sleep(every)
    (address,) = [n["ip_address"] for n in droplet["networks"]["v4"] if n["type"] == "public"]
    return address


def _ssh(address: str) -> list[str | Path]:
    options = ["-oBatchMode=yes", "-oLogLevel=ERROR", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null"]
    return ["ssh", "-i", SANDBOX_HOME / "id_ed25519", *options, f"root@{address}"]


def _wait_for_login(ssh: list[str | Path]) -> None:
    for _ in range(120):
        if subprocess.run([*ssh, "cloud-init status --wait"], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.2)
    raise RuntimeError("the floor's droplet lets nobody in")
