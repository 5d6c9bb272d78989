# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release of a whole stack as one transaction: every service gets there, or every service is what it was before."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..._app import release as manifests
from ..._app.checks import Answer
from ..._app.http import Request
from ..._app.probe import Probe, expectation
from ..._app.release import Manifest
from ..engine import EngineError
from ..tasks import CONVERGED, FAILED, Node, Task, Verdict, Watch
from .api import Swarm, used_objects
from .data import irreversible
from .diff import CREATE, DELETE, NOOP, UPDATE, Change, changes, changes_mode, made_anew, with_live_scale
from .once import at_most_one, put_back, reason, replicas_of
from .restore import steps
from .retire import make_anew, predecessors, retire, stop_grace, stop_slow, until_free
from .spec import DATA, DECLARED, EDGE, PART, SERVICE, START, STATELESS, TASKS, Bundle, may_overlap, trial, trial_name
from .store import Store

INTERVAL = 0.5
RELEASE_COMMAND = "release-command"
ALL_LINES = 10_000
# A first start has nothing to fall back on and may stumble once; an update that stumbles is undone.
FIRST_START_FAILURES = 1


class StackError(Exception):
    """A release that is not live. `service`, `logs` and `facts` explain it; `trouble` is what could not be undone."""

    def __init__(
        self, message: str, service: str = "", logs: str = "", facts: Iterable[str] = (), trouble: Iterable[str] = ()
    ):
        super().__init__(message)
        self.service = service
        self.logs = logs
        self.facts = tuple(facts)
        self.trouble = tuple(trouble)


@dataclass(frozen=True)
class Options:
    wait_timeout: float = 180
    monitor: float = 5
    pending_grace: float = 15
    encrypted: bool = False
    keep_scale: bool = True
    keep_releases: int = 3
    allow_data_change: bool = False
    trial: bool = True
    edge_port: int = 0
    edge_host: str = ""
    edge_scheme: str = "http"


@dataclass
class Deployment:
    """One run. `desired` are specs by full name, in the order in which they are brought up."""

    swarm: Swarm
    desired: Mapping[str, dict]
    contents: Bundle
    options: Options
    clock: Any = time.monotonic
    sleep: Any = time.sleep
    events: list[str] = field(default_factory=list)
    ports: Mapping[str, int] = field(default_factory=dict)  # of services by their short names
    checks: Mapping[str, list] = field(default_factory=dict)  # the same, of what they shall answer
    started: float = field(init=False)
    # What a person did by hand that does not stay, and services that go.
    findings: list[str] = field(default_factory=list, init=False)
    leaving: dict[str, dict] = field(default_factory=dict, init=False)
    irreversible: list[str] = field(default_factory=list, init=False)

    def __post_init__(self):
        self.started = self.clock()
        self.store = Store(self.swarm)

    def plan(self) -> list[Change]:
        return self._plan(self.swarm.specs())

    def _plan(self, current: Mapping[str, dict]) -> list[Change]:
        keep = self.options.keep_scale
        desired = {name: with_live_scale(spec, current.get(name), keep) for name, spec in self.desired.items()}
        # What starts after the switch comes last, and so is the first to be put back.
        self.desired = dict(sorted(desired.items(), key=lambda item: START in item[1]["Labels"]))
        self.findings = put_back(current, self.desired) + made_anew(current, self.desired)
        self.irreversible = list(irreversible(self.desired, current))
        self.leaving = {name: spec for name, spec in current.items() if name not in self.desired}
        return changes(self.desired, current)

    def run(
        self, release: str, kind: str, job: dict | None, checks: Mapping[str, list], timeout: float
    ) -> list[Change]:
        """Brings all services to what is desired. Any failure restores all of them and is raised again."""
        current = self.swarm.specs()
        planned = self._plan(current)
        self.refuse_homeless(planned)
        for finding in self.findings:
            self.note(finding)
        snapshot = {name: at_most_one(spec) for name, spec in current.items()}
        self.store.open({"release": release, "kind": kind, "snapshot": snapshot, "order": list(self.desired)})
        self.checks = checks
        try:
            self._apply(planned, job, timeout, checks, release)
        except BaseException as error:
            trouble = self.restore(snapshot, list(self.desired))
            if trouble and isinstance(error, StackError):
                raise StackError(str(error), error.service, error.logs, error.facts, trouble) from error
            raise
        return planned

    def refuse_homeless(self, planned: Iterable[Change]) -> None:
        """Before anything is touched: Swarm ends a global service's old tasks at once when no node fits any more."""
        specs = {change.name: self.desired[change.name] for change in planned if change.action in (CREATE, UPDATE)}
        for name, why in self.swarm.misfits(specs).items():
            raise StackError(f"{name}: {why}. Nothing was changed.", name)
        if self.irreversible and not self.options.allow_data_change:
            raise StackError(
                ". ".join(self.irreversible)
                + ". Nothing was changed. Have a backup (a dump, for another major version), and consent: "
                "-e swarm_stack_allow_data_change=true."
            )

    def _apply(
        self, planned: list[Change], job: dict | None, timeout: float, checks: Mapping[str, list], release: str
    ) -> None:
        self.swarm.ensure_network(self.options.encrypted)
        self.swarm.ensure("secrets", self.contents.secrets)
        self.swarm.ensure("configs", self.contents.configs)
        data = [change for change in planned if self._part(change.name) == DATA]
        last = [change for change in planned if change not in data and self._starts_last(change.name)]
        for change in data:
            self.bring(change)
        if job:
            self.run_job(job, timeout)
        for change in planned:
            if change not in data and change not in last:
                if self._needs_trial(change):
                    self.try_out(self.desired[change.name], checks, release)
                self.bring(change)
        late = {self.desired[change.name]["Labels"][SERVICE] for change in last}
        self.prove({service: asked for service, asked in checks.items() if service not in late}, release)
        for change in last:
            self.bring(change)
        if late & set(checks):
            self.prove({service: asked for service, asked in checks.items() if service in late}, release)

    def _starts_last(self, name: str) -> bool:
        return name in self.desired and START in self.desired[name]["Labels"]

    def _needs_trial(self, change: Change) -> bool:
        """New tasks beside live ones: Swarm lets visitors in once the health check is met, which may not be enough."""
        is_app = self._part(change.name) == STATELESS and change.action == UPDATE and change.restarts
        return self.options.trial and is_app and may_overlap(self.desired[change.name])

    def try_out(self, spec: dict, checks: Mapping[str, list], release: str) -> None:
        """One new task that nobody is sent to must be healthy and meet the service's checks."""
        began, beside = self.clock(), trial(spec)
        self.swarm.remove(beside["Name"])
        self.swarm.create(beside)
        try:
            watch = self.watch(beside, monitor=0)
            self.wait(watch, beside)
            asked = self._prove_trial(beside, checks.get(spec["Labels"][SERVICE]) or [], release, watch)
        except StackError as error:
            why = str(error).removeprefix(f"{beside['Name']}: ")
            text = f"{spec['Name']}: a trial task failed: {why}"
            raise StackError(text, spec["Name"], error.logs, error.facts) from error
        finally:
            self.swarm.remove(beside["Name"])
        self.note(f"{spec['Name']}: a trial task {asked} ({self.clock() - began:.1f} s)")

    def _prove_trial(self, spec: dict, checks: list, release: str, watch: Watch) -> str:
        """Every check at the task's own port, twice in a row; returns what that was."""
        name, port = spec["Name"], self.ports.get(spec["Labels"][SERVICE])
        if not checks or not port:
            return "is healthy"
        if not (door := self.swarm.doorway()):
            return "is healthy; no container of the app runs on this manager, so that its checks could not be asked"
        deadline, in_a_row = self.clock() + self.options.wait_timeout, 0
        while in_a_row < 2:
            problem = self._unmet(name, door, port, checks, release)
            in_a_row = 0 if problem else in_a_row + 1
            if problem and self.clock() > deadline:
                raise StackError(
                    f"{name}: {problem}", name, "".join(self.swarm.logs(t.id) for t in self.swarm.tasks(name))
                )
            self.wait(watch, spec)  # one that has died meanwhile fails here
            self.sleep(INTERVAL if problem else 0)
        return "is healthy and answers as asked"

    def _unmet(self, name: str, door: int, port: int, checks: list, release: str) -> str:
        address = next(iter(self.swarm.addresses(name)), "")
        if not address:
            return "it has no address in the app's network"
        for check in checks:
            answer = self.swarm.ask(door, address, port, check)
            if unmet := expectation(check, release).unmet(answer):
                return f"{check['path']} does not answer as asked: {unmet}; got {answer.describe()}"
        return ""

    def _part(self, name: str) -> str:
        return self.desired[name]["Labels"][PART] if name in self.desired else ""

    def bring(self, change: Change) -> None:
        """One service, until its tasks are as wanted."""
        if change.action == DELETE:
            if change.name in self.leaving:  # else its successor has ended it already
                self._retire(change.name)
            return
        spec = self.desired[change.name]
        for predecessor in predecessors(spec, self.leaving):
            self._retire(predecessor)
        service = self.swarm.service(change.name)
        before = frozenset(task.id for task in self.swarm.tasks(change.name)) if service else frozenset()
        status = (service or {}).get("UpdateStatus") or {}
        goes_on = change.action == NOOP and status.get("State") == "updating"  # a person's, who made tasks anew
        stale = "" if goes_on else status.get("StartedAt", "")
        began = self.clock()
        if change.action == CREATE:
            until_free(self.swarm, spec, self.clock, self.sleep)
            self.swarm.create(spec)
        elif change.action == UPDATE:
            self._update(spec)
        first = change.action == CREATE
        self.wait(self.watch(spec, before, stale, monitor=0 if change.action == NOOP else None, first=first), spec)
        done = {CREATE: "started", UPDATE: "updated", NOOP: "unchanged, runs"}[change.action]
        self.note(f"{change.name}: {done} ({self.clock() - began:.1f} s)")

    def _update(self, spec: Mapping[str, Any]) -> None:
        current = self.swarm.service(spec["Name"])
        if current and changes_mode(spec, current["Spec"]):
            make_anew(self.swarm, spec, self.clock, self.sleep)
            return
        stop_slow(self.swarm, spec, self.clock, self.sleep)
        self.swarm.update(spec)

    def _retire(self, name: str) -> None:
        retire(self.swarm, name, self.clock, self.sleep)
        self.leaving.pop(name, None)
        self.note(f"{name}: removed")

    def watch(
        self, spec: dict, before=frozenset(), stale: str = "", monitor: float | None = None, first=False
    ) -> Watch:
        mode = spec["Mode"]
        return Watch(
            mark=spec["TaskTemplate"]["ContainerSpec"]["Labels"].get(TASKS, ""),
            replicas=mode["Replicated"]["Replicas"] if "Replicated" in mode else None,
            monitor=self.options.monitor if monitor is None else monitor,
            pending_grace=self.options.pending_grace,
            failures_allowed=FIRST_START_FAILURES if first else 0,
            is_job="ReplicatedJob" in mode,
            alone=bool(reason(spec)),
            ends_by_itself=spec["TaskTemplate"]["RestartPolicy"]["Condition"] in ("none", "on-failure"),
            before=before,
            stale_update=stale,
        )

    def wait(self, watch: Watch, spec: dict, timeout: float | None = None) -> Verdict:
        name = spec["Name"]
        limit = self._limit(watch, spec) if timeout is None else timeout
        deadline, most = self.clock() + limit, 0
        while True:
            update = (self.swarm.service(name) or {}).get("UpdateStatus")
            nodes = self.swarm.nodes()
            verdict = watch.look(self.swarm.tasks(name), nodes, update, self.clock())
            if verdict.state == CONVERGED:
                return verdict
            if verdict.state == FAILED:
                raise self._failure(name, verdict, nodes)
            if watch.most > most and timeout is None:  # one more runs: an edge on many nodes takes its time on each
                deadline, most = self.clock() + limit, watch.most
            if self.clock() > deadline:
                after = " after the last task that did" if most else ""
                raise self._failure(name, verdict, nodes, f"did not get there within {limit:.0f} s{after}: ")
            self.sleep(INTERVAL)

    def _limit(self, watch: Watch, spec: dict) -> float:
        """The time for one task, for the one before it to stop, and the pauses that the update makes between them."""
        update = spec.get("UpdateConfig") or {}
        stops = stop_grace(spec) if update.get("Order") == "stop-first" else 0
        turns = (watch.replicas or len(self.swarm.nodes())) / max(update.get("Parallelism", 1), 1)
        return self.options.wait_timeout + stops + turns * update.get("Delay", 0) / 10**9 + watch.monitor

    def _failure(self, name: str, verdict: Verdict, nodes: Mapping[str, Node], prefix: str = "") -> StackError:
        task = verdict.task
        logs = self.swarm.logs(task.id) if task else ""
        place = ""
        if task:
            node = nodes[task.node].name if task.node in nodes else "none"
            code = f", exit code {task.exit_code}" if task.exit_code else ""
            place = f" (task {name}.{task.slot} {task.id[:12]}, node {node}{code})"
        facts = self._facts(name, task) if task else []
        return StackError(f"{name}: {prefix}{verdict.why}{place}", name, logs, facts)

    def _facts(self, name: str, task: Task) -> list[str]:
        """What its health check said, or, where only another node's engine knows that, what it answers itself."""
        service = name.removesuffix(trial_name("")).removeprefix(f"{self.swarm.project}_")
        if said := self.swarm.health(task.container):
            return [f"{name}: its health check said: {said}"]
        port, checks = self.ports.get(service), self.checks.get(service)
        if not (port and checks) or task.state not in ("starting", "running"):
            return []
        door, address = self.swarm.doorway(), self.swarm.address(task.id)
        if not (door and address):
            return []
        answer = self.swarm.ask(door, address, port, checks[0])
        return [f"{name}: asked for {checks[0]['path']} at port {port}, it said: {answer.describe()}"]

    def run_job(self, spec: dict, timeout: float) -> None:
        """Once, from the new image, before any task of the release gets traffic."""
        name = spec["Name"]
        began = self.clock()
        self.swarm.remove(name)
        self.swarm.create(spec)
        try:
            self.wait(self.watch(spec), spec, timeout)
        except StackError as error:
            raise StackError(f"The release command failed. {error}", error.service, error.logs, error.facts) from error
        finally:
            self.swarm.remove(name)
        self.note(f"{name}: completed ({self.clock() - began:.1f} s)")

    def run_once(self, spec: dict, timeout: float) -> str:
        """What a command of a person's said. It ends with 0, or StackError carries its output."""
        name = spec["Name"]
        self.swarm.create(spec)
        try:
            self.wait(self.watch(spec), spec, timeout)
            return "".join(self.swarm.logs(task.id, ALL_LINES) for task in self.swarm.tasks(name))
        finally:
            self.swarm.remove(name)

    def prove(self, checks: Mapping[str, list], release: str) -> None:
        """Every node that has the edge answers as a visitor asks, with the new release."""
        edge = next((spec for spec in self.desired.values() if spec["Labels"][PART] == EDGE), None)
        if not self.options.edge_port or not edge:
            return
        asked = {service: those for service, those in checks.items() if not self._stands_still(service)}
        probes = [probe for node in self.swarm.eligible(edge) for probe in self._probes(node, asked, release)]
        deadline = self.clock() + self.options.wait_timeout
        in_a_row = 0
        while probes and in_a_row < 3:
            problem = next(((p, why) for p in probes if (why := p.unmet(self._ask(p)))), None)
            in_a_row = 0 if problem else in_a_row + 1
            if problem and self.clock() > deadline:
                raise StackError(
                    f"{problem[0].service}: {problem[0].request.url} does not answer as asked: {problem[1]}"
                )
            self.sleep(INTERVAL if problem else 0)

    def _stands_still(self, service: str) -> bool:
        """Whether a person has scaled it to nothing: its pages have nobody to answer, and that is meant."""
        name = f"{self.swarm.project}_{service}"
        found = name in self.desired and replicas_of(self.desired[name]) == 0
        if found:
            self.note(f"{name}: has 0 tasks since it was scaled, so that its checks are not asked")
        return found

    def _probes(self, node: Node, checks: Mapping[str, list], release: str) -> Iterable[Probe]:
        scheme, port, host = self.options.edge_scheme, self.options.edge_port, self.options.edge_host
        for service, asked in checks.items():
            for check in asked:
                if check.get("edge", True):
                    url = f"{scheme}://{host or node.address}:{port}{check['path']}"
                    request = Request(url, connect_to=(node.address, port), validate_certs=False)
                    yield Probe(service, request, expectation(check, release))

    def _ask(self, probe: Probe) -> Answer:
        return probe.request.send(5.0)

    def restore(self, snapshot: Mapping[str, dict], order: list[str]) -> list[str]:
        """Every service as it was. What cannot be brought back is returned, and the others come back all the same."""
        snapshot = {name: at_most_one(spec) for name, spec in snapshot.items()}  # a journal may be older
        trouble: list[str] = []
        with contextlib.suppress(EngineError):
            for name in (f"{self.swarm.project}_{RELEASE_COMMAND}", *map(trial_name, order)):
                self.swarm.remove(name)
        for step in steps(snapshot, self.swarm.specs(), order):
            try:
                self._take(step)
                self.note(f"{step.name}: {'put back' if step.spec is not None else 'removed again'}")
            except EngineError as error:
                trouble.append(f"{step.name} could not be restored: {error}")
        # All of them: Swarm may have rolled one back by itself, and may not be done with it.
        for name, spec in snapshot.items():
            try:
                self.wait(replace(self.watch(spec, self._tasks_now(name), monitor=0), restoring=True), spec)
            except (StackError, EngineError) as error:
                trouble.append(f"{name} is what it was, but not well: {error}")
        with contextlib.suppress(EngineError):
            self.prune()
        self.store.close()
        return trouble

    def _take(self, step) -> None:
        if step.action == "remove":
            retire(self.swarm, step.name, self.clock, self.sleep)
        elif step.action == "create":
            until_free(self.swarm, step.spec, self.clock, self.sleep)
            self.swarm.create(step.spec)
        else:
            self._update(step.spec)

    def _tasks_now(self, name: str) -> frozenset[str]:
        """Tasks that have failed so far: that is why there is something to restore."""
        return frozenset(task.id for task in self.swarm.tasks(name) if task.state in ("failed", "rejected", "complete"))

    def note(self, text: str) -> None:
        self.events.append(f"{self.clock() - self.started:6.1f} s  {text}")

    def commit(self, manifest: Manifest, now: float) -> list[str]:
        """Remembers the release, and removes releases, secrets and configs that are too old to go back to."""
        live = replace(manifest, state=manifests.GOOD, live_at=now, reason="")
        self.store.write(live)
        self.store.close()
        return self.tidy(live)

    def tidy(self, live: Manifest) -> list[str]:
        releases = self.store.releases()
        old, forgotten = manifests.to_prune(releases, live.id, self.options.keep_releases)
        for id in [*old, *forgotten]:
            self.store.forget_release(id)
        return self.prune()

    def prune(self) -> list[str]:
        """Secrets and configs of former contents, unless a service or a kept release needs them."""
        used = used_objects(self.swarm.specs())
        for release in self.store.releases().values():
            used |= used_objects(release.services)
        return self.swarm.prune(used)


def recover(deployment: Deployment) -> str:
    """Undoes what a killed run left half done."""
    journal = deployment.store.journal
    if not journal:
        return ""
    release = journal["release"]
    trouble = deployment.restore(journal["snapshot"], journal["order"])
    if trouble:
        raise StackError(f"The run of release {release} was killed and could not be undone:\n" + "\n".join(trouble))
    return f"The run of release {release} was killed: undid it."


def scaled(spec: dict, replicas: int) -> dict:
    """The service with so many tasks. The declaration's number stays noted, so that a later deploy keeps this one."""
    if "Replicated" not in spec["Mode"]:
        raise StackError(f"{spec['Name']} runs on every node and cannot be scaled.")
    result = {**spec, "Mode": {"Replicated": {"Replicas": replicas}}}
    result["Labels"] = {DECLARED: str(spec["Mode"]["Replicated"]["Replicas"]), **spec["Labels"]}
    return result
