# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to the release that is live, from wherever a run failed or was killed."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._app import maintenance
from .._app import release as manifests
from .._app.failure import headline
from .._app.program import CommandError
from . import store
from .closing import stop_of
from .commit import settle, tidy
from .containers import published, running, stopped
from .data import restore
from .drain import drain_colour, drain_old
from .hand_over import stop, take_back
from .images import remove_images
from .migrate import remove_container
from .project import Edge
from .repair import keep_up
from .transaction import Transaction, use_release

UPGRADE = "upgrade"  # of a journal, and of the page for visitors meanwhile
# From here on the new release has proven itself at the edge: a killed run is finished, not undone.
PROVEN = ("drain", "commit")


def undo(t: Transaction, reason: str) -> dict[str, Any]:
    """The old release serves, the candidate and its debris are gone, and it is marked. Every part is tried, and none
    needs a file, an image or a service of the candidate: they may be what failed."""
    trouble: list[str] = []
    restored: list[str] = []
    if t.data_before.exists():
        with _noted(trouble, "bring the data services back"):
            restored = restore(t)
    result = {"live": t.live.id if t.live else "", "restored": restored, "trouble": trouble}
    if not t.journal:
        return {"changed": bool(restored or trouble), **result}
    with _noted(trouble, "make room"):
        _drop_source(t)
    with _noted(trouble, "stop what must not run twice"):
        take_back(t)
    with _noted(trouble, "start the old release"):
        _revive(t)
    with _noted(trouble, "switch nginx back"):
        _switch_back(t)
    with _noted(trouble, "take the page for visitors off"):
        open_again(t)
    with _noted(trouble, "remove the candidate's containers"):
        remove_container(f"{t.app.project}-release-command")
        _remove_candidate(t)
    with _noted(trouble, "mark the release"):
        _mark(t, reason)
    if not trouble:
        t.forget()
    return {"changed": True, **result}


@contextlib.contextmanager
def _noted(trouble: list[str], what: str):
    try:
        yield
    except (CommandError, OSError) as error:
        trouble.append(f"could not {what}: {error}")


def _drop_source(t: Transaction) -> None:
    """On a full disk the next parts need some room, and this is what a bad release needs least."""
    for release in _unproven(t):
        shutil.rmtree(t.app.release_directory(release) / "source", ignore_errors=True)


def _unproven(t: Transaction) -> list[str]:
    """The candidate. Without its name, all releases that were never proven."""
    if t.release:
        manifest = t.releases.get(t.release)
        return [t.release] if manifest is None or manifest.state != manifests.GOOD else []
    return [manifest.id for manifest in t.releases.values() if manifest.state == manifests.OPEN]


def _revive(t: Transaction) -> None:
    """The old colour may have been stopped already, and its files may be damaged. A stopped app stays stopped."""
    if stop_of(t):
        for compose in (t.compose(t.live.colour) if t.live else t.data, t.data):
            stop(compose, running(compose.containers()))
    elif t.live:
        keep_up(t, t.of_release(t.live))


def _switch_back(t: Transaction) -> None:
    """To the files from before; when nginx refuses them, to what they should have been."""
    edge = Edge(Path(t.options.edge_directory))
    if not t.options.edge_directory or not edge.is_there():
        return
    t.keep_token()
    before = t.journal.get("edge") or (t.live_edge_files() if t.live else {})
    try:
        edge.switch(before)
    except CommandError:
        if not t.live:
            raise
        edge.switch(t.live_edge_files())
    drain_colour(published(t.compose(t.colour).containers()), 5, t.sleep)


def open_again(t: Transaction) -> None:
    """Take the page for visitors off that this run has put on."""
    if t.journal.get("kind") == UPGRADE and t.options.edge_directory:
        place = t.options.edge_directory
        asked = maintenance.asked(t.app.project, "absent", UPGRADE)
        maintenance.switch(Edge(Path(place)), asked, check_mode=False, directory=place)


def _remove_candidate(t: Transaction) -> None:
    compose = t.compose(t.colour)
    compose.remove()
    if not t.data.ids():  # data services are in both colours' networks
        compose.remove_networks()


def _mark(t: Transaction, reason: str) -> None:
    """A kept release that was to come back stays what it was."""
    for release in _unproven(t):
        remove_images(t, release)
        for part in ("source", "assets"):
            shutil.rmtree(t.app.release_directory(release) / part, ignore_errors=True)
        if manifest := t.releases.get(release):
            t.releases[release] = replace(manifest, state=manifests.BAD, reason=headline(reason))
            store.write(t.app.directory, t.releases[release])


def recover(t: Transaction) -> str:
    """Ends what a killed run began: finished when it was proven, undone otherwise. What was done, for the log.

    Whatever cannot be undone is told and does not stop the next run: it may be the cure."""
    _drop_halves(t)
    if not t.journal and not t.data_before.exists():
        return ""
    name, step = t.journal.get("release") or "a release", t.journal.get("step", "data")
    if step in PROVEN and _stands(t):
        _finish(t)
        return f"Release {name} was proven when its run was killed ({step}): finished it."
    result = undo(t, f"the run was killed ({step})")
    told = f"The run of {name} was killed ({step}): "
    if result["trouble"]:
        t.journal = {}  # what follows notes its own; until then the file stays, so that the next run tries again
        return told + "it could not be undone wholly: " + "; ".join(result["trouble"])
    return told + "undid it."


def _drop_halves(t: Transaction) -> None:
    """Removes files that were being written when a run was killed: some hold secrets. Whoever has the lock writes none
    now."""
    root, edge = t.app.directory, Path(t.options.edge_directory)
    halves = [*root.glob(".*.new"), *root.glob("*/.*.new"), *root.glob("releases/*/.*.new")]
    halves += [edge / f".{name}.new" for name in ("http.conf", "server.conf")] if t.options.edge_directory else []
    for path in halves:
        with contextlib.suppress(OSError):  # what cannot be removed does not stop the cure either
            path.unlink(missing_ok=True)


def _stands(t: Transaction) -> bool:
    """Whether the candidate still runs: its host may have been restarted since."""
    manifest = t.releases.get(t.release)
    return bool(manifest) and not stopped(
        t.compose(t.colour).containers(), replace(t.app, services=manifest.services).replicas
    )


def _finish(t: Transaction) -> None:
    kept = t.app
    use_release(t, t.releases[t.release])
    if t.live and t.live.colour != t.colour:
        drain_old(t)
    settle(t)
    with contextlib.suppress(CommandError):  # the next commit tidies again
        if t.options.is_declared:
            tidy(t)
    t.app = kept
