# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can ask of an app on one server: plan, data, build, deploy, rollback, remove, info, and what operate.py
has."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._app.release import ReleaseError
from . import jobs, operate, upgrade
from . import plan as planning
from . import remove as removing
from . import rollback as rolling
from .build import build
from .colours import shape_problems
from .data import data
from .deploy import carry_out, keep, release
from .info import candidate_diff, report
from .problems import has_docker, refuse
from .recall import read_journal
from .run import Run
from .status import release_lines, status_lines
from .surroundings import claim_ports
from .transaction import JOURNAL, Transaction

ARCHIVES = Path("/var/tmp")  # what a killed run leaves there goes with the system's own cleaning


def plan(run: Run) -> dict[str, Any]:
    """What a deploy would do, after what a killed run left is ended; refuses what would stop it. With `keep`, and where
    no release is to be made, the rest of a deploy is done at once: the live one is kept as it should be."""
    if run.check_mode:
        with run.told("lock"):
            run.lease.would_acquire()
        with run.told("plan"):
            return look(run, run.own())
    with run.locked("deploy") as still_ours:
        with run.told("plan"):
            t, told = run.recovered()
            found = look(run, t)
        if found["new"] or not run.params["keep"]:
            return {**found, "changed": bool(told), "recovered": told}
        return {**found, **_after(told, keep(t, still_ours))}


def _after(told: str, result: dict[str, Any]) -> dict[str, Any]:
    """Add to a result what was told of the end of a killed run before it."""
    events = [*filter(None, [told]), *result["events"]]
    return {**result, "recovered": told, "changed": result["changed"] or bool(told), "events": events}


def look(run: Run, t: Transaction) -> dict[str, Any]:
    if found := shape_problems(t.app):
        raise ReleaseError("\n".join(found))
    result = planning.plan(t)
    refuse(t, result["new"], run.check_mode, result["release"])
    needs_source = result["new"] and t.app.built
    archive = ARCHIVES / f"izzzi-{t.app.project}-{secrets.token_hex(8)}.tar.gz" if needs_source else ""
    return {"changed": False, "judged": has_docker(), "archive": str(archive), **result}


def provide_data(run: Run) -> dict[str, Any]:
    """Bring the data services up where nothing is live yet, so that data can be brought back before the first release.
    Raise ReleaseError where a release is live: visitors would see the data change under them."""
    if run.check_mode:
        with run.told("data"):
            return _foreseen_data(run.own())
    with run.locked("data") as still_ours:
        with run.told("data"):
            t, told = run.recovered()
            _foreseen_data(t)
        said, steps = carry_out(t, "", {"data": data}, still_ours)
        changed = said["data"]["changed"] or bool(told)
        events = [*filter(None, [told]), *said["data"]["reasons"]]
        return {"changed": changed, "recovered": told, "steps": steps, "events": events}


def _foreseen_data(t: Transaction) -> dict[str, Any]:
    if t.live:
        raise ReleaseError(f"Release {t.live.id} is live on this host, so that its data is not replaced by a deploy.")
    reasons = planning.data_drift(t)
    return {"changed": bool(reasons), "events": reasons}


def build_images(run: Run) -> dict[str, Any]:
    """Build or pull the images that the next deploy needs. What is live, and what serves, stays as it is."""
    if run.check_mode:
        with run.told("plan"):
            found = look(run, run.own())
        return {**found, "changed": found["new"], "events": told_of_build(found, "would be")}
    try:
        with run.locked("build") as still_ours:
            with run.told("plan"):
                t, told = run.recovered()
                found = look(run, t)
                require_archive(run, found)
            steps = build(t, found["release"], still_ours) if found["new"] else {}
            events = [*filter(None, [told]), *told_of_build(found, "are")]
            return {**found, "changed": found["new"] or bool(told), "recovered": told, "steps": steps, "events": events}
    finally:
        drop_archive(run)


def told_of_build(found: dict[str, Any], are: str) -> list[str]:
    if not found["new"]:
        return [
            f"Release {found['release']} is live: nothing is to be built. deploy.yml -e rebuild=true builds it anew."
        ]
    return [f"The images of release {found['release']} {are} there. playbooks/deploy.yml releases them."]


def require_archive(run: Run, found: dict[str, Any]) -> None:
    if found["archive"] and not run.params["archive"]:
        raise ReleaseError("Another run has changed what is live since this one looked. Run again.")


def drop_archive(run: Run) -> None:
    if run.params["archive"]:
        Path(run.params["archive"]).unlink(missing_ok=True)


def deploy(run: Run) -> dict[str, Any]:
    """Makes what is declared the live release, or keeps the live one as it should be."""
    if run.check_mode:
        return _predicted(run)
    try:
        with run.locked("deploy") as still_ours:
            with run.told("plan"):
                t, told = run.recovered()
                found = look(run, t)
                require_archive(run, found)
                if found["new"]:
                    claim_ports(t, run.params["first_port"])
            name, new = found["release"], found["new"]
            result = release(t, name, "deploy", still_ours) if new else keep(t, still_ours)
            return {**_after(told, result), "release": name, "new": new}
    finally:
        drop_archive(run)


def _predicted(run: Run) -> dict[str, Any]:
    with run.told("plan"):
        t = run.own()
        found = look(run, t)
        diff = candidate_diff(t, found["release"]) if found["new"] else []
    events = [f"Release {found['release']} would be live."] if found["new"] else []
    changed = found["new"] or bool(found["reasons"])
    return {**found, "changed": changed, "events": [*found["reasons"], *events], "diff": diff}


def rollback(run: Run) -> dict[str, Any]:
    """Goes back to a release that the host keeps."""
    wanted = run.params["release"]
    with run.told("plan"):
        t = run.own()
        if run.check_mode:
            run.lease.would_acquire()
            return rolling.predict(t, wanted)
        if not t.journal:  # what a killed run left may change where to go
            rolling.choose(t, wanted)
    with run.locked("rollback") as still_ours:
        with run.told("plan"):
            t, told = run.recovered()
            result = rolling.predict(t, wanted)
        return {**result, **release(t, result["release"], "rollback", still_ours), "recovered": told}


def remove(run: Run) -> dict[str, Any]:
    """Takes the app off the host. A host without it is not changed, also not by a lock."""
    t = run.own()
    result = removing.answer(t, removing.find(t))
    if not result["changed"]:
        return result
    if run.check_mode:
        run.lease.would_acquire()
        return result
    with run.locked("remove") as still_ours:
        removing.remove(t, removing.find(t), still_ours)
    removing.leave(t.app.directory)
    return result


def pause(run: Run) -> dict[str, Any]:
    """Stops the live release, so that its data can move; what a killed run left is ended first."""
    with run.locked("upgrade") as still_ours:
        with run.told("pause"):
            t = _undone(run)[0]
            upgrade.require_live(t)
        return _step(t, "pause", upgrade.pause, still_ours)


def exchange(run: Run) -> dict[str, Any]:
    """Brings the data services up as they are declared, for a database that moves."""
    return _go_on(run, "exchange", upgrade.exchange)


def resume(run: Run) -> dict[str, Any]:
    """Starts and proves the app on its data that has moved."""
    return _go_on(run, "resume", upgrade.resume)


def take_back(run: Run) -> dict[str, Any]:
    """Ends what a killed run left, and nothing else."""
    if run.check_mode:
        t = run.own()
        return {"changed": bool(t.journal or t.data_before.exists()), "recovered": ""}
    with run.locked("undo"), run.told("plan"):
        told = _undone(run)[1]
    return {"changed": bool(told), "recovered": told}


def _undone(run: Run) -> tuple[Transaction, str]:
    t, told = run.recovered()
    if read_journal(t.app.directory / JOURNAL):
        raise ReleaseError(told)
    return t, told


def _go_on(run: Run, name: str, act: Callable[[Transaction], dict[str, Any]]) -> dict[str, Any]:
    with run.locked("upgrade") as still_ours:
        with run.told(name):
            upgrade.require_paused(t := run.own())
        return _step(t, name, act, still_ours)


def _step(
    t: Transaction, name: str, act: Callable[[Transaction], dict[str, Any]], still_ours: Callable[[], Any]
) -> dict[str, Any]:
    _said, seconds = carry_out(t, t.live.id, {name: act}, still_ours)
    return {"changed": True, "release": t.live.id if t.live else "", "steps": seconds, "events": []}


def info(run: Run) -> dict[str, Any]:
    """Reports the state of the host."""
    app = {**report(run.transaction(), time.time()), "jobs": jobs.listing(run)["jobs"]}
    return {"changed": False, "app": app, "status": status_lines(app), "listed": release_lines(app)}


ACTIONS: dict[str, Callable[[Run], dict[str, Any]]] = {
    "plan": plan,
    "data": provide_data,
    "build": build_images,
    "deploy": deploy,
    "rollback": rollback,
    "remove": remove,
    "info": info,
    **operate.ACTIONS,
    **jobs.ACTIONS,
    "pause": pause,
    "exchange": exchange,
    "resume": resume,
    "undo": take_back,
}
