# SPDX-License-Identifier: GPL-3.0-or-later
"""The page "When the server is gone", word for word: its commands, in their order, in a checkout that was just made."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from pathlib import Path

from tests.e2e.driver import ROOT, cloud
from tests.load.data.harness import Proof, Row

PAGE = ROOT / "docs/backups.md"
SECTION = re.compile(r"^## When the server is gone$(.*?)^## ", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^\d\. .*?`(ansible-playbook [^`]+)`", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The first command of each numbered step."""
    (section,) = SECTION.findall(page)
    steps = re.split(r"^(?=\d\. )", section, flags=re.MULTILINE)[1:]
    return [match[1] for step in steps if (match := STEP.match(step))]


def checkout(folder: Path) -> Path:
    """A clone with nothing in it that is not in the repository, made ready as the README says."""
    place = folder / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place)], check=True)
    subprocess.run(["scripts/setup"], cwd=place, check=True, capture_output=True, timeout=600)
    return place


def runbook(proof: Proof) -> None:
    """The droplet is deleted. All that is left are inventory, vault file, password and bucket."""
    with proof.writer() as writer:
        writer.wait_for(100)
    proof.timed(Row(""), "backup")
    kept = set(proof.there())
    (node,) = proof.cluster.nodes
    cloud(f"/droplets/{node.id}", "DELETE")
    place = checkout(proof.cluster.folder)
    (proof.cluster.folder / "known_hosts").unlink(missing_ok=True)
    for command in commands(PAGE.read_text(encoding="utf-8")):
        row, begun = Row(f"fresh checkout: {command.removeprefix('ansible-playbook ')}"), time.monotonic()
        words = [str(place / ".venv/bin/ansible-playbook"), *shlex.split(command)[1:]]
        inventory = ["-i", str(proof.cluster.folder / "inventory")]
        done = subprocess.run(
            [*words, *inventory], cwd=place, stdin=-3, capture_output=True, text=True, timeout=1500, check=False
        )
        row.seconds, row.status = time.monotonic() - begun, done.returncode
        row.problems += [f"exit {done.returncode}: {(done.stdout + done.stderr)[-2500:]}"] if done.returncode else []
        if "restore=" in command:
            proof.cluster.look()
            row.lost = len(kept - set(proof.there()))
            row.problems += [f"{row.lost} rows of the backup are not back"] if row.lost else []
        proof.add(row)
