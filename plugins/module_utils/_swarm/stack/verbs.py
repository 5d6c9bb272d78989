# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can ask of a stack: plan, data, deploy, rollback, scale, remove, run a command, look; and restart, stop
and start, which are in power.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from typing import Any

from ..._app import release as manifests
from ..._app.app import declared_image
from ..._app.failure import headline
from ..._app.images import Image, built_name, from_facts, pulled
from ..._app.release import Manifest
from ..engine import EngineError
from ..labels import BESIDE, DATA, KIND, PART
from . import jobs, power
from .deploy import RELEASE_COMMAND, Deployment, recover
from .diff import NOOP, StackChange
from .images import known_pins
from .job import job, one_off, trial_name
from .model import Bundle, StackError
from .once import as_declared, at_most_one, refuse_scale, scaled
from .report import info, logs, node_images
from .run import Run, Told, told
from .spec import bundle
from .store import LOCK, live_release

Result = dict[str, Any]


def plan(run: Run) -> Result:
    """Say what a deploy would do. Images that are not built yet stand under the name that they will have."""
    run.check_variables()
    releases = run.store.releases()
    release = run.release_id(releases)
    pins = known_pins(run.swarm.services())
    contents = bundle(run.stack(release, expected_images(run, release, pins)))
    deployment = run.deployment(contents.services, contents)
    planned = deployment.plan()
    live, journal = live_release(releases), bool(run.store.journal)
    if run.check_mode or not journal:  # before images are built; what a killed run left says nothing of what was there
        with told(release, live):
            deployment.refuse_homeless(planned)
    is_new = run.is_new(release, live)
    result = {"release": release, "new": is_new, "live": live.id if live else "", "journal": journal, "pins": pins}
    return result | summary(planned, is_new) | {"notes": deployment.findings}


def expected_images(run: Run, release: str, pins: Mapping[str, str]) -> dict[str, Image]:
    """Return the images that were found, and for others what they are going to be called."""
    images = from_facts(run.params["images"])
    p = run.params
    services = {**p["data_services"], **p["services"], **p["edge"], **(p["pages"].get("services") or {})}
    for name, service in services.items():
        built = built_name(run.params["registry"], run.project, name, release)
        declared = built if "build" in service else declared_image(service, run.params["env"], release)
        images.setdefault(name, Image(pins.get(declared, declared), declared, command=("unknown",)))
    return images


def deploy(run: Run) -> Result:
    """Release what is declared as one transaction, after undoing what a killed run left."""
    run.check_variables()
    if run.check_mode:
        return plan(run)
    images = from_facts(run.params["images"])
    with run.locked("deploy"):
        releases = run.store.releases()
        release, live = run.release_id(releases), live_release(releases)
        run.swarm.provide_network(bool(run.params["options"].get("encrypted")))
        contents = bundle(run.stack(release, images))
        deployment = run.deployment(contents.services, contents)
        recovered = recover(deployment)
        is_new = run.is_new(release, live)
        planned = deployment.plan()
        result = {"release": release, "new": is_new, "recovered": recovered, "events": run.events}
        result["notes"] = deployment.findings
        if not is_new and all(change.action == NOOP for change in planned):
            with told(release, live):
                for change in planned:  # nothing to do is only true when it runs
                    deployment.apply_service(change)
            return result | summary(planned, bool(recovered)) | _of_nodes(run)
        manifest = Manifest(release, run.params["source"], run.fingerprint)
        command = release_job(run, contents, release, images) if is_new else None
        planned = _released(run, deployment, manifest, command, releases)
        pinned = {name: image.reference for name, image in images.items()}
        manifest = replace(manifest, services=stateless(run.swarm.specs()), images=pinned)
        removed = deployment.commit(manifest, time.time())
        return result | summary(planned, True) | {"removed": removed} | _of_nodes(run)


def _of_nodes(run: Run) -> Result:
    return {"node_images": node_images(run.swarm.specs(), run.store.releases())}


def provide_data(run: Run) -> Result:
    """Bring the data services up where nothing is live yet, so that data can be brought back before the first release.
    Raise StackError where a release is live: visitors would see the data change under them."""
    run.check_variables()
    releases = run.store.releases()
    if live := live_release(releases):
        raise StackError(f"Release {live.id} is live in this Swarm, so that its data is not replaced by a deploy.")
    release = run.release_id(releases)
    if run.check_mode:
        planned = data_deployment(run, release, expected_images(run, release, {})).plan()
        return summary(planned, False) | {"events": []}
    with run.locked("data"):
        run.swarm.provide_network(bool(run.params["options"].get("encrypted")))
        deployment = data_deployment(run, release, from_facts(run.params["images"]))
        recovered = recover(deployment)
        with told(release, None):
            planned = deployment.run(release, "data", None, {}, 0)
        run.store.close()
        return summary(planned, bool(recovered)) | {"recovered": recovered, "events": run.events}


def data_deployment(run: Run, release: str, images: Mapping[str, Image]) -> Deployment:
    """Prepare the data services of a release alone."""
    contents = bundle(run.stack(release, images))
    data = {name: spec for name, spec in contents.services.items() if spec["Labels"][PART] == DATA}
    return run.deployment(data, contents, edge_port=0)


def _released(
    run: Run, deployment: Deployment, manifest: Manifest, command: dict | None, releases: Mapping[str, Manifest]
) -> list[StackChange]:
    """Deploy; a release that fails is remembered as bad, unless it was good before."""
    release, timeout = manifest.id, float(run.params["release_command"].get("timeout") or 600)
    try:
        with told(release, live_release(releases)):
            return deployment.run(release, "deploy", command, run.checks, timeout)
    except Told as error:
        if release not in releases or releases[release].state != manifests.GOOD:
            with suppress(EngineError):  # the reason counts for more than its note
                run.store.write(replace(manifest, state=manifests.BAD, reason=headline(error.reason)))
        raise


def release_job(run: Run, contents: Bundle, release: str, images: Mapping[str, Image]) -> dict | None:
    command = run.params["release_command"]
    if not command:
        return None
    return job(run.stack(release, images), contents, RELEASE_COMMAND, command["service"], command["command"])


def rollback(run: Run) -> Result:
    """Go back to what a kept release ran, with the data services and the scale of today."""
    releases = run.store.releases()
    live = live_release(releases)
    target = manifests.rollback_target(releases, live, run.params["release"])

    def prepared(current: Mapping[str, dict]) -> Deployment:
        beside = {name: as_declared(spec) for name, spec in current.items() if spec["Labels"][PART] in BESIDE}
        return run.deployment({**beside, **target.services})

    result = {"release": target.id, "events": run.events}
    if run.check_mode:
        deployment = prepared(run.before())
        planned = deployment.plan()
        with told(target.id, live):
            deployment.refuse_homeless(planned)
        return result | summary(planned, True) | {"notes": deployment.findings}
    with run.locked("rollback"):
        recovered = recover(prepared({}))
        deployment = prepared(run.swarm.specs())  # not what a killed run had made of them
        with told(target.id, live):
            planned = deployment.run(target.id, "rollback", None, run.checks, 0)
        deployment.commit(target, time.time())
        return result | {"recovered": recovered, "notes": deployment.findings} | summary(planned, True)


def scale(run: Run) -> Result:
    """Give one service another number of tasks."""
    wanted = run.params["replicas"]
    if not run.params["service"] or wanted is None or wanted < 0:
        raise StackError("scale: say which service and how many: -e service=NAME -e replicas=NUMBER (0 or more).")
    deployment = scaling(run, run.before(), wanted)
    planned = deployment.plan()
    name, live = f"{run.project}_{run.params['service']}", live_release(run.store.releases())
    opening = f"{name} was not scaled to {wanted}"
    result = {"events": run.events, "notes": deployment.findings} | summary(planned, False)
    if run.check_mode:
        with told("", live, opening):
            deployment.refuse_homeless(planned)
    if run.check_mode or all(change.action == NOOP for change in planned):
        return result
    with run.locked("scale"):
        recover(deployment)
        deployment = scaling(run, run.swarm.specs(), wanted)  # not what a killed run had made of them
        with told("", live, opening):
            deployment.run(f"scale {name}", "scale", None, {}, 0)
        run.store.close()
    return result


def scaling(run: Run, current: Mapping[str, dict], wanted: int) -> Deployment:
    """Prepare all services as they are, but for the one that gets another number of tasks. Raises StackError when it
    must not have it."""
    name, spec = run.named(current)
    if refused := refuse_scale(spec, wanted, run.params["allow_zero"]):
        raise StackError(refused, name)
    if not spec["TaskTemplate"]["ContainerSpec"]["Labels"]:
        raise StackError(f"{name} was not deployed by this module.")
    others = {other: at_most_one(found) for other, found in current.items()}
    return run.deployment({**others, name: scaled(spec, wanted)}, keep_scale=False, edge_port=0)


def remove(run: Run) -> Result:
    """Remove all services, secrets, configs and the network. Volumes stay: they hold data."""
    names = [*run.swarm.services(), *run.swarm.carriers(), *run.swarm.jobs_that_run()]
    configs, secrets = run.swarm.objects("configs"), run.swarm.objects("secrets")
    left = bool(names or configs or secrets or run.swarm.network_range())
    if run.check_mode or not left:
        return {"changed": left, "removed": names}
    with run.locked("remove"):
        for name in [*names, *map(trial_name, names), f"{run.project}_{RELEASE_COMMAND}"]:
            run.swarm.remove(name)
        for kind, objects in (("configs", configs), ("secrets", secrets)):
            for item in objects.values():
                if item["Spec"]["Labels"].get(KIND) != LOCK:
                    run.swarm.engine.delete(f"/{kind}/{item['ID']}")
        run.swarm.remove_network()
    return {"changed": True, "removed": names}


def command(run: Run) -> Result:
    """Run a command once, in the image and environment of a running service; return what it said."""
    name, spec = run.named(run.swarm.specs())
    if not run.params["command"]:
        raise StackError("command: say what to run.")
    if run.check_mode:
        return {"changed": True, "logs": ""}
    pinned = spec["TaskTemplate"]["ContainerSpec"]["Image"]
    declared = {**run.params["data_services"], **run.params["services"]}.get(run.params["service"]) or {}
    job_spec = one_off(
        spec, f"{name}-run-{token_hex(4)}", pulled(pinned), declared.get("entrypoint"), run.params["command"]
    )
    return {"changed": True, "logs": run.deployment({}).run_once(job_spec, run.params["wait_timeout"])}


def stateless(specs: Mapping[str, dict]) -> dict[str, dict]:
    """Return what a release holds; data services and the pages for operators are no part of it."""
    return {name: spec for name, spec in specs.items() if spec["Labels"][PART] not in BESIDE}


def summary(planned: list[StackChange], changed: bool) -> Result:
    """Return the module's answer about changes, with their diff."""
    acting = [change for change in planned if change.action != NOOP]
    return {
        "changed": changed or bool(acting),
        "services": [change.summary for change in planned],
        "diff": [
            {"before_header": change.name, "after_header": change.name, "before": change.before, "after": change.after}
            for change in acting
        ],
    }


ACTIONS: dict[str, Callable[[Run], Result]] = {
    "plan": plan,
    "data": provide_data,
    "deploy": deploy,
    "rollback": rollback,
    "scale": scale,
    "remove": remove,
    "info": info,
    "logs": logs,
    "run": command,
    **jobs.ACTIONS,
    **power.ACTIONS,
}
