# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the data of a live app move: the app stops, its database begins on another volume, and the app goes on.

That is a transaction over several calls, because the data is moved between them, on another node. Its journal is a
deploy's: whatever happens, the next run of anything that changes the Swarm brings back what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..labels import DATA, PART, STATELESS
from .data import irreversible
from .deploy import Deployment, recover
from .diff import StackChange
from .model import StackError
from .once import at_most_one
from .retire import stop
from .run import Run, told
from .spec import bundle
from .store import live_release
from .verbs import expected_images

KIND = "upgrade"
Result = dict[str, Any]


def pause(run: Run) -> Result:
    """Open the transaction and stop all services but data and edge, after undoing what a killed run left."""
    with run.locked("upgrade"):
        recovered = recover(run.deployment({}))
        live = live_release(run.store.releases())
        if not live:
            raise StackError(f"No release of {run.project} is live in this Swarm. Run playbooks/deploy.yml first.")
        current = {name: at_most_one(spec) for name, spec in run.swarm.specs().items()}
        run.store.open({"release": live.id, "kind": KIND, "snapshot": current, "order": list(current)})
        deployment = run.deployment(current)
        app = [spec for spec in current.values() if spec["Labels"].get(PART) == STATELESS]
        _or_back(run, deployment, lambda: [stop(run.swarm, s, deployment.clock, deployment.sleep) for s in app])
        return {"changed": True, "recovered": recovered, "events": [f"{spec['Name']}: stopped" for spec in app]}


def exchange(run: Run) -> Result:
    """Bring the data services up as they are declared, the database on its new volume."""
    run.check_variables()
    with run.locked("upgrade"):
        journal = _require_paused(run)
        contents = bundle(run.stack(journal["release"], expected_images(run, journal["release"], {})))
        data = {name: spec for name, spec in contents.services.items() if spec["Labels"][PART] == DATA}
        current = run.swarm.specs()
        deployment = run.deployment({**current, **data}, contents, keep_scale=False)
        moves = f"{run.project}_{run.params['service']}"
        others = {name: spec for name, spec in data.items() if name != moves}

        def act() -> None:
            if found := list(irreversible(others, {name: s for name, s in current.items() if name != moves})):
                raise StackError(f"{' '.join(found)} Declare that as it was, and change it by a deploy.")
            run.swarm.ensure("secrets", contents.secrets)
            run.swarm.ensure("configs", contents.configs)
            _apply(deployment, deployment.plan(), lambda change: change.name in data)

        _or_back(run, deployment, act)
        return {"changed": True, "events": run.events}


def resume(run: Run) -> Result:
    """Start the app as it was, prove it, and close the transaction: there is no undo from here on."""
    with run.locked("upgrade"):
        journal, current = _require_paused(run), run.swarm.specs()
        data = {name: spec for name, spec in current.items() if spec["Labels"].get(PART) == DATA}
        deployment = run.deployment({**journal["snapshot"], **data}, keep_scale=False)
        deployment.checks = run.checks

        def act() -> None:
            _apply(deployment, deployment.plan(), lambda change: change.name not in data)
            deployment.prove(run.checks, journal["release"])

        _or_back(run, deployment, act)
        run.store.close()
        deployment.prune()
        return {"changed": True, "release": journal["release"], "events": run.events}


def undo(run: Run) -> Result:
    """End what a killed run left, and nothing else."""
    if run.check_mode:
        return {"changed": bool(run.store.journal), "recovered": ""}
    with run.locked("undo"):
        recovered = recover(run.deployment({}))
    return {"changed": bool(recovered), "recovered": recovered, "events": run.events}


def _require_paused(run: Run) -> dict[str, Any]:
    journal = run.store.journal or {}
    if journal.get("kind") != KIND:
        raise StackError("Another run has ended this upgrade, and undone it. Run it again.")
    return journal


def _apply(deployment: Deployment, planned: Iterable[StackChange], is_meant: Callable[[StackChange], bool]) -> None:
    for change in planned:
        if is_meant(change):
            deployment.apply_service(change)


def _or_back(run: Run, deployment: Deployment, act: Callable[[], Any]) -> None:
    """Do it; any failure restores every service to what it was before the upgrade, and is raised again."""
    journal = run.store.journal or {}
    with told("", live_release(run.store.releases()), "The database was not upgraded"):
        try:
            act()
        except BaseException as error:
            failures = deployment.restore(journal["snapshot"], journal["order"])
            if failures and isinstance(error, StackError):
                raise StackError(str(error), error.service, error.logs, error.facts, failures) from error
            raise


ACTIONS: dict[str, Callable[[Run], Result]] = {"pause": pause, "exchange": exchange, "resume": resume, "undo": undo}
