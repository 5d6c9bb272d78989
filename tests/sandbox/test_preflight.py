# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops the sandbox and its set-up before anything is made: no engine, no disk."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from izzzi_sandbox.daemon import preflight

from .daemon import Daemon

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "unix:///run/izzzi-no-engine.sock"


def test_setup_names_the_engine_that_does_not_answer(tmp_path):
    environment = {**os.environ, "DOCKER_HOST": NOWHERE, "XDG_CONFIG_HOME": str(tmp_path)}
    refused = subprocess.run(
        [ROOT / "scripts/setup"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert refused.returncode != 0
    assert f"no Docker engine answers at {NOWHERE}" in refused.stderr


def test_up_names_the_engine_that_does_not_answer(tmp_path):
    nowhere = Daemon.prepare(tmp_path / "home", BACKEND="docker")
    nowhere.environment["DOCKER_HOST"] = NOWHERE
    refused = nowhere.cli("up")
    assert refused.returncode != 0, refused.stdout
    assert "no Docker engine answers" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_full_disk_is_named_with_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "FREE_GIGABYTES", 10**9)
    with pytest.raises(preflight.PreflightError, match=rf"GB are free at {tmp_path}, and the sandbox needs"):
        preflight.check_disk(tmp_path)
