# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import live, read_all, write


def test_manifests_survive_on_disk_and_half_of_one_does_not_count(tmp_path):
    (tmp_path / "releases/a").mkdir(parents=True)
    (tmp_path / "releases/b").mkdir()
    whole = Manifest("a", "a", "f" * 8, GOOD, live_at=1, images={"web": "sha256:1"}, colour="blue")
    write(tmp_path, whole)
    (tmp_path / "releases/b/release.json").write_text('{"id": "b"')
    (tmp_path / "current").symlink_to("releases/a")
    releases = read_all(tmp_path)
    assert list(releases) == ["a"]
    assert live(tmp_path, releases) == whole
    assert (tmp_path / "releases/a/release.json").stat().st_mode & 0o777 == 0o600
