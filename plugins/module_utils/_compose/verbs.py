# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can ask of an app on one server: plan, data, deploy, rollback, remove, info."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .._app.failure import Failure, render
from .._app.lock import LeaseError, LeaseFile, held
from .._app.program import CommandError
from .._app.release import ReleaseError
from .._app.service_rules import with_replicas
from . import plan as planning
from . import remove as removing
from . import rollback as rolling
from .colours import ColouredApp, shape_problems
from .data import data
from .deploy import carry_out, keep, release, titled
from .failure_report import reason_of
from .info import candidate_diff, report
from .problems import has_docker, refuse
from .surroundings import claim_ports, require_own_directory, site_name, take_ports
from .transaction import Options, Transaction
from .undo import recover

HEARTBEAT = 5.0
ARCHIVES = Path("/var/tmp")  # what a killed run leaves there goes with the system's own cleaning


class Run:
    """One call of the module."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool):
        self.params = params
        self.check_mode = check_mode
        self.lease = LeaseFile(Path(params["directory"]) / "lease.json", time.time)

    def transaction(self) -> Transaction:
        """The host as it is now, with the app's ports."""
        t = self._bare(self.params["services"])
        take_ports(t, self.params["first_port"])
        if not t.options.edge_host:
            t.options = replace(t.options, edge_host=site_name(t.options.edge_directory))
        return t

    def _bare(self, services: Mapping[str, Any]) -> Transaction:
        p = self.params
        app = ColouredApp(
            project=p["project"],
            directory=Path(p["directory"]),
            services={name: with_replicas(service or {}) for name, service in services.items()},
            data_services=p["data_services"],
            volumes=p["volumes"],
            env=p["env"],
            secrets=p["secret_env"],
            build_ca_bundle=p["build_ca_bundle"],
        )
        return Transaction(app, Options(**{field.name: p[field.name] for field in fields(Options) if field.name in p}))

    def own(self) -> Transaction:
        """The same, where the directory is this app's."""
        t = self.transaction()
        require_own_directory(t)
        return t

    def recovered(self) -> tuple[Transaction, str]:
        """Ends what a killed run left; returns the host after that, and what was done."""
        told = recover(self.own())
        t = self.transaction()
        t.journal = {}  # the file stays where not all could be undone, so that the next run tries again
        return t, told

    @contextmanager
    def told(self, step: str, opening: str = "") -> Iterator[None]:
        """What fails in the block, before anything is begun, is told with who serves and what to do."""
        try:
            yield
        except (CommandError, LeaseError, OSError, ValueError) as error:
            live = self._bare({}).live
            service = getattr(error, "service", "")
            known = {"step": titled(step), "serving": live.id if live else "", "service": service, "opening": opening}
            raise ReleaseError(render(Failure(reason_of(error), **known)), service) from error

    @contextmanager
    def locked(self, purpose: str) -> Iterator[Callable[[], Any]]:
        """The lock while the block runs. Calling what the block gets raises LeaseError when it is ours no more."""
        asked = self.params["lock"]
        ttl, wait = int(asked.get("ttl", 60)), int(asked.get("wait", 0))
        with ExitStack() as stack:
            with self.told("lock", "Nothing was removed" if purpose == "remove" else ""):
                lock = held(self.lease, asked.get("owner", ""), purpose, ttl, wait, HEARTBEAT)
                still_ours = stack.enter_context(lock)
            yield still_ours


def plan(run: Run) -> dict[str, Any]:
    """What a deploy would do, after what a killed run left is ended; refuses what would stop it."""
    if run.check_mode:
        with run.told("lock"):
            run.lease.would_acquire()
        with run.told("plan"):
            return _look(run, run.own())
    with run.locked("deploy"), run.told("plan"):
        t, told = run.recovered()
        return {**_look(run, t), "changed": bool(told), "recovered": told}


def _look(run: Run, t: Transaction) -> dict[str, Any]:
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


def deploy(run: Run) -> dict[str, Any]:
    """Makes what is declared the live release, or keeps the live one as it should be."""
    if run.check_mode:
        return _predicted(run)
    try:
        with run.locked("deploy") as still_ours:
            with run.told("plan"):
                t, told = run.recovered()
                found = _look(run, t)
                if found["archive"] and not run.params["archive"]:
                    raise ReleaseError("Another run has changed what is live since this one looked. Run again.")
                if found["new"]:
                    claim_ports(t, run.params["first_port"])
            name, new = found["release"], found["new"]
            result = release(t, name, "deploy", still_ours) if new else keep(t, still_ours)
            known = {"release": name, "new": new, "recovered": told, "changed": result["changed"] or bool(told)}
            return {**result, **known, "events": [*filter(None, [told]), *result["events"]]}
    finally:
        if run.params["archive"]:
            Path(run.params["archive"]).unlink(missing_ok=True)


def _predicted(run: Run) -> dict[str, Any]:
    with run.told("plan"):
        t = run.own()
        found = _look(run, t)
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


def info(run: Run) -> dict[str, Any]:
    """Reports the state of the host."""
    return {"changed": False, "app": report(run.transaction(), time.time())}


ACTIONS: dict[str, Callable[[Run], dict[str, Any]]] = {
    "plan": plan,
    "data": provide_data,
    "deploy": deploy,
    "rollback": rollback,
    "remove": remove,
    "info": info,
}
