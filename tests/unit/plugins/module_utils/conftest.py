from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils import _release_manifest as manifests
from ansible_collections.izzzi.infra.plugins.module_utils._colour import App
from ansible_collections.izzzi.infra.plugins.module_utils._release import Options, Transaction


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
            manifests.write(directory, live)
            (directory / "current").symlink_to(Path("releases") / live.id)
        everything = {"project": "shop", "directory": directory, "secrets": {"TOKEN": "t"}, **declared, **(app or {})}
        return Transaction(
            App(**everything), Options(source="20260105-aaaa", **options), lambda: 1000.0, lambda _s: None
        )

    return make
