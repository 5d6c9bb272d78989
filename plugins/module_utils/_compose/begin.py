# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first steps of a release: the transaction is opened, and its source and files are written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from .._app import release as manifests
from .._app.program import run
from .._app.release import Manifest
from .files import colour_files, write_files
from .info import files_diff
from .transaction import Transaction


def begin(t: Transaction, release: str, kind: str) -> dict[str, Any]:
    """Opens the transaction: from here on a killed run is undone by the next one."""
    before = {name: t.edge.read(name) for name in ("http.conf", "server.conf")} if t.edge else {}
    t.journal = {}
    if t.edge:
        t.keep_token()
    for directory in ("releases", "backups"):
        (t.app.directory / directory).mkdir(mode=0o755, parents=True, exist_ok=True)
    for partial in (t.app.directory / "backups").glob("*.partial"):
        partial.unlink(missing_ok=True)  # of a run that was killed while it dumped
    t.note(release=release, colour=t.next_colour, kind=kind, step="begin", edge=before, started=t.clock())
    t.note(first_port=t.app.first_port)
    if kind == "deploy" and (release not in t.releases or t.releases[release].state != manifests.GOOD):
        t.app.release_directory(release).mkdir(mode=0o755, exist_ok=True)
        t.releases[release] = Manifest(
            release,
            t.options.source,
            t.fingerprint,
            services=dict(t.app.services),
            env=dict(t.app.env),
            data_services=dict(t.app.data_services),
            volumes=dict(t.app.volumes),
        )
        t.update()
    return {}


def unpack(t: Transaction) -> dict[str, Any] | None:
    """Unpacks the source that was copied to the host; nothing where no service is built from one."""
    if not t.app.built:
        return None
    source = t.app.release_directory(t.release) / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(mode=0o755)
    archive = ["--file", t.options.archive, "--directory", str(source)]
    run(["tar", "--extract", "--no-same-owner", *archive], timeout=t.options.build_timeout)
    Path(t.options.archive).unlink()  # room for the build
    return {}


def files(t: Transaction) -> dict[str, Any]:
    """Writes the candidate's Compose file and environment; returns in what they differ from the live colour's."""
    wanted = colour_files(t, t.release, t.colour)
    diff = files_diff(t, wanted)
    write_files(wanted)
    return {"diff": diff}
