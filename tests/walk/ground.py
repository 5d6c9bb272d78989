# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the droplet of the walks, once."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

from .host import BIN, ROOT, Host, address_of

PROJECT = os.environ.get("IZZZI_WALK_PROJECT", "walk")  # in the sandbox's account
NAME = os.environ.get("IZZZI_WALK_DROPLET", f"{PROJECT}-dev-compose")
HERE = Path(__file__).parent


@cache
def ready_host() -> Host:
    """The walk's own droplet with Docker and nginx, and the walk's image on it."""
    if not address_of(NAME):
        made = subprocess.run(
            [BIN / "ansible-playbook", HERE / "ground.yml", "-e", f"walk_project={PROJECT}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-1000:]
    host = Host(address_of(NAME))
    host.prepare(HERE / "image")
    return host
