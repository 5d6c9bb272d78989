# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import release as manifests
from ansible_collections.izzzi.infra.plugins.module_utils._compose import store
from ansible_collections.izzzi.infra.plugins.module_utils._compose.colours import ColouredApp
from ansible_collections.izzzi.infra.plugins.module_utils._compose.transaction import Options, Transaction

from .engine import answer_here


@pytest.fixture
def transaction(tmp_path, monkeypatch) -> Callable[..., Transaction]:
    """A run on a host without Docker, in a directory of the test's; the clock stands still."""
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))

    def make(live: manifests.Manifest | None = None, app: dict | None = None, **options) -> Transaction:
        declared = {"services": {"api": {"build": {}, "port": 4000, "environment": {"TOKEN": "${TOKEN}"}}}}
        directory = tmp_path / "shop"
        directory.mkdir(exist_ok=True)
        if live:
            (directory / "releases" / live.id).mkdir(parents=True)
            store.write(directory, live)
            (directory / "current").symlink_to(Path("releases") / live.id)
        everything = {"project": "shop", "directory": directory, "secrets": {"TOKEN": "t"}, **declared, **(app or {})}
        return Transaction(
            ColouredApp(**everything), Options(source="20260105-aaaa", **options), lambda: 1000.0, lambda _s: None
        )

    return make


class Engine:
    """A host with a stand-in for Docker (engine.py), whose Compose files are damaged until they are called healthy."""

    def __init__(self, directory: Path):
        self.directory = directory
        directory.mkdir(exist_ok=True)
        (directory / "docker").write_text(
            f"#!{sys.executable} -IS\n" + Path(__file__).with_name("engine.py").read_text()
        )
        (directory / "docker").chmod(0o755)
        for name, body in {"ss": "", "nginx": f"! grep -rq broken {directory.parent}/edge", "systemctl": ""}.items():
            (directory / name).write_text(f"#!/bin/sh\n{body}\n")
            (directory / name).chmod(0o755)

    def has(self, *containers: dict) -> None:
        (self.directory / "engine.json").write_text(json.dumps(containers))

    @property
    def containers(self) -> dict[str, str]:
        found = json.loads((self.directory / "engine.json").read_text())
        return {c["Id"]: c["State"]["Status"] for c in found}

    @property
    def asked(self) -> str:
        return (self.directory / "asked").read_text()

    def heal(self) -> None:
        (self.directory / "healthy").touch()


@pytest.fixture
def engine(transaction, tmp_path, monkeypatch) -> Engine:
    made = Engine(tmp_path / "no-programs")
    monkeypatch.setenv("PATH", f"{made.directory}:/usr/bin:/bin")
    run = subprocess.run

    def run_here(arguments, **options):
        if arguments[0] != "docker" or options.get("stdout") != subprocess.PIPE:
            return run(arguments, **options)
        return subprocess.CompletedProcess(arguments, *answer_here(made.directory, list(arguments[1:])))

    monkeypatch.setattr(subprocess, "run", run_here)
    return made
