# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can ask of a stack: plan, deploy, rollback, scale, remove, info, logs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from ..._app import release as manifests
from ..._app.app import App, build_problems, declared_image, fingerprint, variable_problems
from ..._app.failure import Failure, headline, render
from ..._app.release import Manifest
from ..engine import Engine, EngineError
from .api import SPEC, Swarm
from .deploy import RELEASE_COMMAND, Deployment, Options, StackError, recover, scaled
from .diff import NOOP, Change
from .images import Images, from_facts, known_pins, of_nodes, reference
from .once import as_declared, at_most_one, refuse_scale
from .report import service_report
from .spec import DATA, PART, SERVICE, Bundle, Image, Policy, Stack, bundle, job, one_off, trial_name
from .store import LOCK, Store, SwarmLock, held

# In a config: the range of the app's network, which nobody knows before Swarm has chosen it.
NETWORK = "@network@"


class Run:
    """One call of the module."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool, engine: Engine | None = None):
        self.params = params
        self.check_mode = check_mode
        self.project = params["project"]
        self.swarm = Swarm(engine or Engine(), self.project)
        self.store = Store(self.swarm)
        self.events: list[str] = []

    @property
    def fingerprint(self) -> str:
        p = self.params
        app = App(self.project, Path("/"), p["services"], env=p["env"], secrets=p["secret_env"])
        return fingerprint(app, [p["edge"], p["secret_files"], p["config_files"], p["policy"], p["release_command"]])

    def release_id(self, releases: Mapping[str, Manifest]) -> str:
        return manifests.choose_id(self.params["source"] or self.project, self.fingerprint, releases.values())

    def is_new(self, release: str, live: Manifest | None) -> bool:
        return live is None or live.id != release or live.fingerprint != self.fingerprint

    def stack(self, release: str, images: Mapping[str, Image]) -> Stack:
        p = self.params
        policy = {key: value for key, value in p["policy"].items() if value is not None}
        if "data_constraints" in policy:
            policy["data_constraints"] = tuple(policy["data_constraints"])
        return Stack(
            project=self.project,
            release=release,
            services=p["services"],
            data_services=p["data_services"],
            edge=p["edge"],
            volumes=p["volumes"],
            variables={**p["env"], "RELEASE": release},
            secrets={key: str(value) for key, value in p["secret_env"].items()},
            secret_files=p["secret_files"],
            config_files=placed(p["config_files"], self.swarm.network_range()),
            images=images,
            policy=Policy(**policy, monitor=p["monitor"]),
        )

    def check_variables(self) -> None:
        p = self.params
        app = App(self.project, Path("/"), p["services"], p["data_services"], env=p["env"], secrets=p["secret_env"])
        prefix = "swarm_stack_"
        if found := variable_problems(app, {}, prefix) + build_problems(app, {}, prefix):
            raise ValueError("\n".join(found))

    def deployment(self, desired: Mapping[str, dict], contents: Bundle) -> Deployment:
        p = self.params
        known = {field.name for field in fields(Options)}
        given = {key: value for key, value in p["options"].items() if key in known and value is not None}
        given |= {key: p[key] for key in ("wait_timeout", "monitor", "pending_grace")}
        ports = {name: int(service["port"]) for name, service in p["services"].items() if service.get("port")}
        return Deployment(self.swarm, desired, contents, Options(**given), events=self.events, ports=ports)

    @property
    def checks(self) -> dict[str, list]:
        return {name: service.get("checks") or [] for name, service in self.params["services"].items()}

    def before(self) -> dict[str, dict]:
        """The services as they are, or as they were before a killed run, which is undone first."""
        journal = self.store.journal
        return journal["snapshot"] if journal else self.swarm.specs()

    def locked(self, purpose: str) -> AbstractContextManager:
        p = self.params
        return held(self.swarm, p["owner"], purpose, p["lock_ttl"], p["lock_wait"])


def plan(run: Run) -> dict[str, Any]:
    """What a deploy would do. Images that are yet to be built stand under the name that they will have."""
    run.check_variables()
    releases = run.store.releases()
    release = run.release_id(releases)
    images = from_facts(run.params["images"])
    pins = known_pins(run.swarm.services())
    services = {**run.params["data_services"], **run.params["services"], **run.params["edge"]}
    for name, service in services.items():
        built = reference(run.params["registry"], run.project, name, release)
        declared = built if "build" in service else declared_image(service, run.params["env"], release)
        images.setdefault(name, Image(pins.get(declared, declared), declared, command=("unknown",)))
    contents = bundle(run.stack(release, images))
    deployment = run.deployment(contents.services, contents)
    planned = deployment.plan()
    live, journal = live_release(releases), bool(run.store.journal)
    if run.check_mode or not journal:  # before images are built; what a killed run left says nothing of what was there
        with told(release, live):
            deployment.refuse_homeless(planned)
    is_new = run.is_new(release, live)
    result = {"release": release, "new": is_new, "live": live.id if live else "", "journal": journal}
    return result | summary(planned, is_new) | {"notes": deployment.findings}


def deploy(run: Run) -> dict[str, Any]:
    run.check_variables()
    if run.check_mode:
        return plan(run)
    images = from_facts(run.params["images"])
    with run.locked("deploy"):
        releases = run.store.releases()
        release = run.release_id(releases)
        run.swarm.provide_network(bool(run.params["options"].get("encrypted")))
        contents = bundle(run.stack(release, images))
        deployment = run.deployment(contents.services, contents)
        recovered = recover(deployment)
        live = live_release(releases)
        is_new = run.is_new(release, live)
        planned = deployment.plan()
        result = {"release": release, "new": is_new, "recovered": recovered, "events": run.events}
        result["notes"] = deployment.findings
        if not is_new and all(change.action == NOOP for change in planned):
            with told(release, live):
                for change in planned:  # nothing to do is only true when it runs
                    deployment.bring(change)
            return result | summary(planned, bool(recovered)) | {"node_images": node_images(run)}
        manifest = Manifest(release, run.params["source"], run.fingerprint)
        command = release_job(run, contents, release, images) if is_new else None
        timeout = float(run.params["release_command"].get("timeout") or 600)
        try:
            with told(release, live):
                planned = deployment.run(release, "deploy", command, run.checks, timeout)
        except Told as error:
            if release not in releases or releases[release].state != manifests.GOOD:
                bad = replace(manifest, state=manifests.BAD, reason=headline(error.reason))
                with suppress(EngineError):  # the reason counts for more than its note
                    run.store.write(bad)
            raise
        pinned = {name: image.reference for name, image in images.items()}
        manifest = Manifest(
            release, manifest.source, manifest.fingerprint, services=stateless(run.swarm.specs()), images=pinned
        )
        removed = deployment.commit(manifest, time.time())
        return result | summary(planned, True) | {"removed": removed, "node_images": node_images(run)}


def node_images(run: Run) -> dict[str, list[str]]:
    kept = [image for release in run.store.releases().values() for image in release.images.values()]
    return of_nodes(run.swarm.specs(), kept)


def release_job(run: Run, contents: Bundle, release: str, images: Mapping[str, Image]) -> dict | None:
    command = run.params["release_command"]
    if not command:
        return None
    return job(run.stack(release, images), contents, RELEASE_COMMAND, command["service"], command["command"])


class Told(StackError):
    """A failure in the words of the renderer. `reason` is its cause alone, for the list of releases."""

    def __init__(self, text: str, reason: str, service: str, logs: str):
        super().__init__(text, service, logs)
        self.reason = reason


@contextmanager
def told(release: str, live: Manifest | None, opening: str = "") -> Iterator[None]:
    """What fails in the block is told with all that is known, what serves now, and what to do."""
    try:
        yield
    except (StackError, EngineError, ValueError) as error:
        seen = {name: getattr(error, name, default) for name, default in (("service", ""), ("logs", ""), ("facts", ()))}
        failure = Failure(
            str(error),
            release,
            serving=live.id if live else "",
            kept="Every service is what it was",
            trouble=getattr(error, "trouble", ()),
            opening=opening,
            **seen,
        )
        raise Told(render(failure), str(error), seen["service"], seen["logs"]) from error


def rollback(run: Run) -> dict[str, Any]:
    """To what a kept release ran, with the data services and the scale of today."""
    releases = run.store.releases()
    live = live_release(releases)
    target = manifests.rollback_target(releases, live, run.params["release"])

    def prepared(current: Mapping[str, dict]) -> Deployment:
        data = {name: as_declared(spec) for name, spec in current.items() if spec["Labels"][PART] == DATA}
        return run.deployment({**data, **target.services}, Bundle())

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


def scale(run: Run) -> dict[str, Any]:
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
    """All services as they are, but for the one that gets another number of tasks; or why it does not."""
    name = f"{run.project}_{run.params['service']}"
    if name not in current:
        known = sorted(spec["Labels"][SERVICE] for spec in current.values())
        raise StackError(f"There is no service {run.params['service']}. There are: {', '.join(known) or 'none'}.")
    if refused := refuse_scale(current[name], wanted, run.params["allow_zero"]):
        raise StackError(refused, name)
    spec = scaled(current[name], wanted)
    if not spec["TaskTemplate"]["ContainerSpec"]["Labels"]:
        raise StackError(f"{name} was not deployed by this module.")
    others = {other: at_most_one(found) for other, found in current.items()}
    deployment = run.deployment({**others, name: spec}, Bundle())
    deployment.options = Options(**{**asdict(deployment.options), "keep_scale": False, "edge_port": 0})
    return deployment


def remove(run: Run) -> dict[str, Any]:
    """All services, secrets, configs and the network. Volumes stay: they hold data."""
    names = list(run.swarm.services())
    configs, secrets = run.swarm.objects("configs"), run.swarm.objects("secrets")
    left = bool(names or configs or secrets or run.swarm.network_range())
    if run.check_mode or not left:
        return {"changed": left, "removed": names}
    with run.locked("remove"):
        for name in [*names, *map(trial_name, names), f"{run.project}_{RELEASE_COMMAND}"]:
            run.swarm.remove(name)
        for kind, objects in (("configs", configs), ("secrets", secrets)):
            for item in objects.values():
                if item["Spec"]["Labels"].get(SPEC) != LOCK:
                    run.swarm.engine.delete(f"/{kind}/{item['ID']}")
        run.swarm.remove_network()
    return {"changed": True, "removed": names}


def info(run: Run) -> dict[str, Any]:
    nodes = run.swarm.nodes()
    releases = run.store.releases()
    live = live_release(releases)
    services = run.swarm.services()
    lease = SwarmLock(run.swarm, time.time).read()
    journal = run.store.journal
    app = {
        "live": live.id if live else None,
        "nodes": [asdict(node) for node in sorted(nodes.values(), key=lambda node: node.name)],
        "services": [
            service_report(name, item, run.swarm.tasks(name), nodes) for name, item in sorted(services.items())
        ],
        "releases": [
            {
                "id": m.id,
                "state": "live" if live and m.id == live.id else m.state,
                "live_at": m.live_at,
                "reason": m.reason,
                "images": dict(m.images),
            }
            for m in releases.values()
        ],
        "lock": {"owner": lease.owner, "purpose": lease.purpose, "held": lease.is_held(time.time())} if lease else None,
        "unfinished": {key: journal[key] for key in ("release", "kind")} if journal else None,
    }
    return {"changed": False, "app": app}


def logs(run: Run) -> dict[str, Any]:
    """Of all tasks of a service, or of all services, in the order of time, each line with the task that wrote it."""
    nodes = run.swarm.nodes()
    wanted = run.params["service"]
    lines: list[tuple[str, str]] = []
    services = run.swarm.services()
    if wanted and f"{run.project}_{wanted}" not in services:
        known = sorted(service["Spec"]["Labels"][SERVICE] for service in services.values())
        raise StackError(f"There is no service {wanted}. There are: {', '.join(known) or 'none'}.")
    for name in [f"{run.project}_{wanted}"] if wanted else sorted(services):
        for task in run.swarm.tasks(name):
            text = run.swarm.logs(task.id, run.params["lines"], timestamps=True)
            node = nodes[task.node].name if task.node in nodes else "none"
            for line in text.splitlines():
                when, _, words = line.partition(" ")
                lines.append((when, f"{name}.{task.slot or node}@{node} | {words}"))
    return {"changed": False, "logs": "\n".join(f"{when[:23]} {text}" for when, text in sorted(lines))}


def command(run: Run) -> dict[str, Any]:
    """Runs a command once, in the image and environment of a running service; returns what it said."""
    name = f"{run.project}_{run.params['service']}"
    spec = run.swarm.specs().get(name)
    if spec is None:
        known = sorted(found["Labels"][SERVICE] for found in run.swarm.specs().values())
        raise StackError(f"There is no service {run.params['service']}. There are: {', '.join(known) or 'none'}.")
    if not run.params["command"]:
        raise StackError("command: say what to run.")
    if run.check_mode:
        return {"changed": True, "logs": ""}
    pinned = spec["TaskTemplate"]["ContainerSpec"]["Image"]
    declared = {**run.params["data_services"], **run.params["services"]}.get(run.params["service"]) or {}
    image = Images(run.swarm.engine, run.project, "", "", "").pinned(pinned)
    job_spec = one_off(spec, f"{name}-run-{token_hex(4)}", image, declared.get("entrypoint"), run.params["command"])
    return {"changed": True, "logs": run.deployment({}, Bundle()).run_once(job_spec, run.params["wait_timeout"])}


def placed(files: Mapping[str, str], network: str) -> dict[str, str]:
    """Configs with the range of the app's network where they ask for it; before there is one they ask on."""
    return {name: text.replace(NETWORK, network) if network else text for name, text in files.items()}


def live_release(releases: Mapping[str, Manifest]) -> Manifest | None:
    return next((m for m in releases.values() if m.state == manifests.GOOD), None)


def stateless(specs: Mapping[str, dict]) -> dict[str, dict]:
    """What a release holds; data services are no part of it."""
    return {name: spec for name, spec in specs.items() if spec["Labels"][PART] != DATA}


def summary(planned: list[Change], changed: bool) -> dict[str, Any]:
    acting = [change for change in planned if change.action != NOOP]
    diff = [
        {"before_header": change.name, "after_header": change.name, "before": change.before, "after": change.after}
        for change in acting
    ]
    return {
        "changed": changed or bool(acting),
        "services": [change.summary for change in planned],
        "diff": diff,
    }


ACTIONS = {
    "plan": plan,
    "deploy": deploy,
    "rollback": rollback,
    "scale": scale,
    "remove": remove,
    "info": info,
    "logs": logs,
    "run": command,
}
