# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `name: value` lines: seconds until a droplet of the sandbox answers SSH, and those of `izzzi-sandbox up`.

Makes droplets in the account beside what is there, one after the other, and deletes them; powers all droplets off and
on again, as `down` and `up` do.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.figures import say  # noqa: E402 - after the path
from tests.bench.floor import address_when_active  # noqa: E402
from tests.e2e.driver import BIN, cloud  # noqa: E402

ROUNDS = 5
WANTED = {"name": "bench", "region": "fra1", "size": "s-1vcpu-2gb"}
IMAGES = ("debian-13-x64", "ubuntu-24-04-x64")


def answers(address: str) -> bool:
    """Return whether an sshd says its name there."""
    try:
        with socket.create_connection((address, 22), timeout=1) as door:
            return door.recv(4) == b"SSH-"
    except OSError:
        return False


def create(image: str) -> tuple[float, float]:
    """Return after how many seconds the API called a new droplet active, and after how many its sshd answered."""
    start = time.monotonic()
    id = cloud("/droplets", "POST", {**WANTED, "image": image})["droplet"]["id"]
    try:
        address = address_when_active(id, every=0.1)
        active = time.monotonic() - start
        while not answers(address):
            if time.monotonic() - start > 120:
                raise TimeoutError(f"{address} does not answer SSH")
            time.sleep(0.1)
        return active, time.monotonic() - start
    finally:
        cloud(f"/droplets/{id}", "DELETE")


def verb(*words: str) -> float:
    start = time.monotonic()
    subprocess.run([BIN / "izzzi-sandbox", *words], check=True, stdout=subprocess.DEVNULL, timeout=600)
    return time.monotonic() - start


def main() -> None:
    verb("up")
    say("sandbox_up_running_seconds", median(verb("up") for _ in range(ROUNDS)), "at most 2")
    verb("down")
    say("sandbox_up_after_down_seconds", verb("up"), "at most 2")
    for image in IMAGES:
        verb("images", image)
        times = [create(image) for _ in range(ROUNDS)]
        name = image.replace("-", "_")
        say(f"droplet_{name}_active_seconds", median(active for active, _ssh in times))
        say(f"droplet_{name}_ssh_seconds", median(ssh for _active, ssh in times), "at most 6")


if __name__ == "__main__":
    main()
