# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseFile
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import BAD, GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.files import colour_files
from ansible_collections.izzzi.infra.plugins.module_utils._compose.info import files_diff, report
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import write

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1)


def test_a_report_names_releases_lock_dumps_and_what_is_unfinished(transaction):
    t = transaction(LIVE)
    (t.app.directory / "releases/r1").mkdir()
    write(t.app.directory, Manifest("r1", "r1", "f", BAD, reason="no luck"))
    (t.app.directory / "backups").mkdir()
    (t.app.directory / "backups/1.dump").write_text("123")
    LeaseFile(t.app.directory / "lease.json", lambda: 1000.0).acquire("ann", "deploy", 60)
    transaction().note(release="r2", colour="green", step="build", kind="deploy")
    found = report(transaction(), 1090.0)
    assert (found["live"], found["colour"]) == ("r0", "blue")
    assert [(r["id"], r["state"], r["reason"]) for r in found["releases"]] == [
        ("r0", "live", ""),
        ("r1", "bad", "no luck"),
    ]
    assert found["lock"] == {"owner": "ann", "purpose": "deploy", "age": 90.0, "held": False}
    assert found["unfinished"] == {"release": "r2", "step": "build", "kind": "deploy"}
    assert found["backups"] == [{"name": "1.dump", "bytes": 3}]


def test_a_diff_shows_names_of_variables_and_no_value(transaction):
    t = transaction(app={"secrets": {"TOKEN": "hunter22"}})
    diffs = files_diff(t, colour_files(t, "r1", "blue"))
    assert any("TOKEN=..." in diff["after"] for diff in diffs)
    assert "hunter22" not in str(diffs)
