# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `name: value` lines: requests and seconds of the cloud layer, beside community.digitalocean's modules.

Runs a sandbox of its own, with droplets that are only remembered. Seconds are those of a whole module process, or of
ansible-playbook where a name says so. The peers' set has no domain, since their records cannot be sent elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".ansible" / "collections")]

from tests.bench.figures import say  # noqa: E402 - after the path
from tests.bench.fleet import fleet, with_management  # noqa: E402
from tests.cloud.conftest import KEY, PLAYBOOK, Sandbox, declaration, spawn, start, stop  # noqa: E402


def requests(sandbox: Sandbox) -> int:
    return sandbox.api("GET", "/_sandbox/summary")["requests"]


def measure(sandbox: Sandbox, name: str, declared: dict[str, Any]) -> None:
    started = time.monotonic()
    result = spawn(declared).result(timeout=300)
    assert "failed" not in result, result
    say(f"{name}_seconds", time.monotonic() - started)
    say(f"{name}_requests", result["api_calls"])


def ours(sandbox: Sandbox, count: int) -> None:
    declared = fleet(sandbox, count)
    for name, changes in (("create", {}), ("noop", {}), ("destroy", {"state": "absent"})):
        measure(sandbox, f"ours_{count}_{name}", {**declared, **changes})


def play(sandbox: Sandbox, name: str, playbook: Path, variables: dict[str, Any], runs: tuple[str, ...]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({**variables, "ansible_python_interpreter": sys.executable}, file)
        file.flush()
        command = [PLAYBOOK, "-i", "localhost,", "-c", "local", "-e", f"@{file.name}", playbook]
        for run in runs:
            before, started = requests(sandbox), time.monotonic()
            environ = {**os.environ, "ANSIBLE_STRATEGY": "linear"}
            ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environ)
            if ran.returncode:
                sys.exit(f"{playbook} failed:\n{ran.stdout[-2000:]}{ran.stderr[-500:]}")
            say(f"{name}_{run}_playbook_seconds", time.monotonic() - started)
            say(f"{name}_{run}_requests", requests(sandbox) - before)


def side_by_side(sandbox: Sandbox) -> None:
    """The set that the peers can be given elsewhere than at DigitalOcean: no records, no project."""
    set_of_peers = with_management(declaration(sandbox.url, sandbox.token))
    sandbox.reset()
    with tempfile.TemporaryDirectory() as folder:
        task = {"name": "Declare", "izzzi.infra.environment": "{{ declared }}"}
        (playbook := Path(folder) / "ours.yml").write_text(
            json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
        )
        play(sandbox, "ours_same_set", playbook, {"declared": set_of_peers}, ("create", "noop"))
    sandbox.reset()
    given = {"url": f"{sandbox.url}/v2", "token": sandbox.token, "key": KEY}
    play(sandbox, "peers_same_set", ROOT / "tests/bench/cloud.yml", given, ("create", "noop"))


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        sandbox = start(Path(home))
        try:
            for count in (1, 10, 100):
                ours(sandbox, count)
            side_by_side(sandbox)
        finally:
            stop(sandbox)


if __name__ == "__main__":
    main()
