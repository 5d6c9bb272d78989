# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts services of a stack, stops a whole app, and starts it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..labels import DATA, PART, STATELESS
from ..service import replicas
from .deploy import Deployment, recover
from .model import StackError
from .once import reason
from .retire import stop as stop_tasks
from .retire import until_ended
from .run import Run, told
from .stopped import is_part, is_stopped, started, stopped
from .store import live_release

Result = dict[str, Any]


def restart(run: Run) -> Result:
    """Replace the tasks of a service, or of all stateless ones, as an update does; nothing is released."""
    names = chosen(run, run.before())
    if run.check_mode:
        return {"changed": bool(names), "events": [f"{name} would be restarted." for name in names]}
    with run.locked("restart"):
        deployment, recovered, specs = begun(run)
        names = chosen(run, specs)
        live = live_release(run.store.releases())

        def act() -> None:
            for name in names:
                renew(deployment, specs[name])

        with told("", live, "Nothing was restarted"):
            deployment.transact("restart", "restart", specs, act)
        run.store.close()
        return {"changed": bool(names), "recovered": recovered, "events": run.events}


def begun(run: Run) -> tuple[Deployment, str, dict[str, dict]]:
    """Undo what a killed run left; return a deployment, what was undone, and the services as they are then."""
    recovered = recover(run.deployment({}))
    return run.deployment({}), recovered, run.swarm.specs()


def chosen(run: Run, specs: Mapping[str, dict]) -> list[str]:
    """Name the services to restart. Raise StackError when there is nothing, or the app is stopped."""
    if not specs:
        raise StackError(f"There is no {run.project} in this Swarm. Run playbooks/deploy.yml first.")
    if is_stopped(specs):
        raise StackError("The app is stopped. Start it: playbooks/start.yml, or `izzzi start`.")
    if run.params["service"]:
        return [run.named(specs)[0]]
    return [name for name, spec in specs.items() if spec["Labels"][PART] == STATELESS and replicas(spec) != 0]


def renew(deployment: Deployment, spec: dict) -> None:
    """Replace a service's tasks. Of what must not run twice the old one has ended before the new one begins."""
    swarm, name, began = deployment.swarm, spec["Name"], deployment.clock()
    service = swarm.service(name) or {}
    before = frozenset(task.id for task in swarm.tasks(name))
    if reason(spec) and replicas(spec):
        stop_tasks(swarm, spec, deployment.clock, deployment.sleep)
        swarm.update(spec)
    else:
        swarm.update(spec, anew=True)
    stale = (service.get("UpdateStatus") or {}).get("StartedAt", "")
    deployment.wait(replace(deployment.watch(spec, before, stale), anew=True), spec)
    deployment.note(f"{name}: restarted ({deployment.clock() - began:.1f} s)")


def stop(run: Run) -> Result:
    """Take all tasks of the app away, and keep everything else; the edge answers visitors with its page."""
    before = run.before()
    if not before:
        raise StackError(f"There is no {run.project} in this Swarm.")
    names = [name for name, spec in before.items() if stopped(spec) != spec]
    if run.check_mode or not names:
        return {"changed": bool(names), "events": [f"{name} would be stopped." for name in names]}
    with run.locked("stop"):
        deployment, recovered, specs = begun(run)
        live = live_release(run.store.releases())
        with told("", live, "The app was not stopped"):
            deployment.transact("stop", "stop", specs, lambda: halt(deployment, specs.values()))
        run.store.close()
        return {"changed": True, "recovered": recovered, "events": run.events}


def halt(deployment: Deployment, specs: Iterable[dict]) -> None:
    """Stop the app's own services, all at once, and its data services when nobody asks them any more."""
    swarm, waits = deployment.swarm, (deployment.clock, deployment.sleep)
    mine = [spec for spec in specs if is_part(spec) and stopped(spec) != spec]
    for is_data in (False, True):
        some = [spec for spec in mine if (spec["Labels"][PART] == DATA) is is_data]
        for spec in some:
            swarm.update(stopped(spec))
        for spec in some:
            name = spec["Name"]
            if left := until_ended(swarm, lambda name=name: swarm.tasks(name), spec, *waits):
                raise StackError(f"{name} does not stop: task {left[0].id[:12]} is still {left[0].state}.", name)
            deployment.note(f"{name}: stopped")


def start(run: Run) -> Result:
    """Bring every service back to the number of tasks that it had, and prove the release at every node's edge."""
    live = live_release(run.store.releases())
    before = run.before()
    if not before:
        raise StackError(f"There is no {run.project} in this Swarm. Run playbooks/deploy.yml first.")
    names = [name for name, spec in before.items() if started(spec) != spec]
    if run.check_mode or not names:
        events = [f"{name} would be started." for name in names] or ["The app is not stopped."]
        return {"changed": bool(names), "events": events}
    with run.locked("start"):
        _deployment, recovered, specs = begun(run)
        deployment = run.deployment({name: started(spec) for name, spec in specs.items()}, keep_scale=False)
        release = live.id if live else ""
        with told("", live, "The app was not started, and stays stopped"):
            deployment.run(release, "start", None, run.checks, 0)
        run.store.close()
        return {"changed": True, "recovered": recovered, "events": run.events}


ACTIONS: dict[str, Callable[[Run], Result]] = {"restart": restart, "stop": stop, "start": start}
