# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host import guard
from ansible_collections.izzzi.infra.plugins.module_utils._host.declared_files import changes
from ansible_collections.izzzi.infra.plugins.module_utils._host.files import put


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files their owners back, as root")
def test_the_steps_bring_everything_back_without_python(tmp_path):
    place, copies = tmp_path / "etc", tmp_path / "undo"
    place.mkdir()
    copies.mkdir()
    (place / "it's kept").write_text("old\n")
    (place / "gone").write_text("gone\n")
    (place / "gone").chmod(0o640)
    os.chown(place / "gone", 65534, 65534)
    (place / "mode").write_text("same\n")
    (place / "mode").chmod(0o600)
    (place / "link").symlink_to("gone")
    before = listing(place)
    wanted = {
        "files": [
            {"path": f"{place}/it's kept", "content": "new\n"},
            {"path": f"{place}/mode", "content": "same\n"},
            {"path": f"{place}/new/deep/file", "content": ""},
        ],
        "links": [{"path": f"{place}/link", "target": "mode"}],
        "absent": [f"{place}/gone"],
    }
    due = changes(wanted)
    steps = guard.steps_back(due, copies, copies)
    put(due)
    assert listing(place) != before
    subprocess.run(["sh", "-euc", "\n".join(steps)], check=True)
    assert listing(place) == before


def listing(place):
    found = {}
    for path in sorted(place.rglob("*")):
        status = path.lstat()
        what = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else None
        found[path.name] = (what, status.st_mode, status.st_uid, status.st_gid)
    return found


def test_what_a_command_says_is_the_reason():
    with pytest.raises(ValueError, match=r"^sshd: no such key$"):
        guard.must("echo no such key >&2; exit 1", "sshd")
    with pytest.raises(ValueError, match=r"^sshd: exit status 3 of exit 3$"):
        guard.must("exit 3", "sshd")


def test_the_script_is_valid_shell(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "UNDO", tmp_path / "undo")
    for name in ("SERVICE_UNIT", "TIMER_UNIT", "AT_BOOT"):
        monkeypatch.setattr(guard, name, tmp_path / "units" / name)
    (tmp_path / "units").mkdir()
    guard._save([], ["systemctl reload ssh"], 60)
    assert "OnActiveSec=60" in (tmp_path / "units/TIMER_UNIT").read_text()
    subprocess.run(["sh", "-n", tmp_path / "undo/undo.sh"], check=True)
    assert "\nsystemctl reload ssh\n" in (tmp_path / "undo/undo.sh").read_text()
