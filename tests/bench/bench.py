# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `name: value` lines: what site.yml costs, cold and with nothing to change, beside a shell floor.

Empties the sandbox's account. Ratios are what to compare between machines; seconds are this machine's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.driver import BIN, SANDBOX_HOME, cloud, droplet_address, http, on_droplet, site  # noqa: E402 - after the path

FLOOR = Path(__file__).with_name("floor.sh")
REPORT = ROOT / "artifacts" / "phases.json"
# What the roles install on Debian 13.
PACKAGES = (
    "nftables openssh-server sudo systemd-timesyncd tzdata unattended-upgrades ca-certificates curl "
    "docker.io docker-cli docker-compose docker-buildx nginx"
)
FILES = (
    "/etc/nftables.conf /etc/systemd/system/nftables.service.d /etc/sudoers.d/90-izzzi "
    "/etc/ssh/sshd_config.d/00-izzzi.conf /etc/apt/apt.conf.d/60izzzi /etc/docker/daemon.json "
    "/etc/nginx/nginx.conf /etc/nginx/izzzi /usr/local/sbin/izzzi-nginx /etc/systemd/system/nginx.service.d "
    "/var/www/izzzi-pages /etc/nginx/sites-available/izzzi /etc/nginx/sites-enabled/izzzi /opt/izzzi"
)


def say(name: str, value: float) -> None:
    print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}", flush=True)


def reset() -> None:
    subprocess.run([BIN / "izzzi-sandbox", "reset", "--yes"], check=True, stdout=subprocess.DEVNULL, timeout=300)


def requests_served() -> int:
    token = (SANDBOX_HOME / "token").read_text().strip()
    reply = http("http://127.0.0.1:8780/_sandbox/summary", headers={"Authorization": f"Bearer {token}"})
    return reply.json["requests"]


def measure_site(prefix: str) -> float:
    before, start = requests_served(), time.monotonic()
    run = site(env={"IZZZI_PHASES_REPORT": str(REPORT), "ANSIBLE_CALLBACKS_ENABLED": "izzzi.infra.phases"})
    seconds = time.monotonic() - start
    assert run.status == 0, run.output[-4000:]
    say(f"{prefix}_seconds", seconds)
    phases = json.loads(REPORT.read_text())
    for phase in phases:
        say(f"{prefix}_{phase['name'].rsplit('.', 1)[-1].replace(' ', '_').lower()}_seconds", float(phase["seconds"]))
    say(f"{prefix}_tasks", sum(phase["tasks"] for phase in phases))
    say(f"{prefix}_changed", run.total("changed"))
    say(f"{prefix}_api_calls", requests_served() - before)
    return seconds


def measure_floor(files: bytes) -> tuple[float, float]:
    """Seconds from nothing to the app, and of a second run."""
    start = time.monotonic()
    key = (SANDBOX_HOME / "id_ed25519.pub").read_text()
    cloud("/account/keys", "POST", {"name": "floor", "public_key": key})
    wanted = {"name": "floor", "region": "fra1", "size": "s-2vcpu-4gb", "image": "debian-13-x64"}
    keys = [row["id"] for row in cloud("/account/keys")["ssh_keys"]]
    id = cloud("/droplets", "POST", {**wanted, "ssh_keys": keys})["droplet"]["id"]
    while (droplet := cloud(f"/droplets/{id}")["droplet"])["status"] != "active":
        time.sleep(0.5)
    (address,) = [n["ip_address"] for n in droplet["networks"]["v4"] if n["type"] == "public"]
    ssh = ["ssh", "-i", SANDBOX_HOME / "id_ed25519", "-oBatchMode=yes", "-oLogLevel=ERROR"]
    ssh += ["-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", f"root@{address}"]
    for _ in range(120):
        if subprocess.run([*ssh, "cloud-init status --wait"], capture_output=True, check=False).returncode == 0:
            break
        time.sleep(0.2)
    subprocess.run([*ssh, "useradd --create-home deploy; cat > files.tar"], input=files, check=True)
    script = FLOOR.read_bytes()
    command = [*ssh, f"bash -s -- {PACKAGES}"]
    subprocess.run(command, input=script, check=True, timeout=1200)
    cold = time.monotonic() - start
    start = time.monotonic()
    # AllowUsers has closed the door to root; the connection test of a second run is the engine's exec.
    container = ["docker", "exec", "--interactive", "--workdir", "/root", f"izzzi-sandbox-droplet-{id}"]
    subprocess.run([*container, "bash", "-s", "--", *PACKAGES.split()], input=script, check=True, timeout=1200)
    return cold, time.monotonic() - start


def main() -> None:
    REPORT.parent.mkdir(exist_ok=True)
    reset()
    cold = measure_site("site_cold")
    noop = measure_site("site_noop")
    assert http(f"http://{droplet_address()}/api/health").status == 200
    on_droplet(f"sudo tar --create --file /tmp/files.tar --absolute-names {FILES} && sudo chmod 644 /tmp/files.tar")
    container = f"izzzi-sandbox-droplet-{cloud('/droplets?name=izzzi-dev-app')['droplets'][0]['id']}"
    files = subprocess.run(
        ["docker", "exec", container, "cat", "/tmp/files.tar"], capture_output=True, check=True
    ).stdout
    reset()
    floor_cold, floor_noop = measure_floor(files)
    say("floor_cold_seconds", floor_cold)
    say("floor_noop_seconds", floor_noop)
    say("ratio_cold_to_floor", cold / floor_cold)
    say("ratio_noop_to_floor", noop / floor_noop)
    reset()


if __name__ == "__main__":
    main()
