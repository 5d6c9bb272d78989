# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys a whole stack as one transaction: every service gets there, or every service is what it was before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..._app import release as manifests
from ..._app.release import Manifest
from ..engine import EngineError
from ..labels import DATA, EDGE, PART, SERVICE, START, STATELESS
from ..service import Spec, may_overlap, replicas, used_objects
from .converge import Convergence
from .data import irreversible
from .diff import CREATE, DELETE, NOOP, UPDATE, StackChange, changes, changes_mode, made_anew, with_live_scale
from .job import trial, trial_name
from .model import Bundle, StackError
from .once import at_most_one, put_back
from .proof import prove_edge, prove_trial
from .restore import Step, steps
from .retire import make_anew, predecessors, retire, stop_slow, until_free
from .store import Store

RELEASE_COMMAND = "release-command"
ALL_LINES = 10_000
DONE = {CREATE: "started", UPDATE: "updated", NOOP: "unchanged, runs"}


@dataclass
class Deployment(Convergence):
    """One run. `desired` are specs by full name, in the order in which they are applied."""

    desired: Mapping[str, dict] = field(default_factory=dict)
    contents: Bundle = field(default_factory=Bundle)
    # What a person did by hand that does not stay, and services that go.
    findings: list[str] = field(default_factory=list, init=False)
    leaving: dict[str, dict] = field(default_factory=dict, init=False)
    irreversible: list[str] = field(default_factory=list, init=False)

    def __post_init__(self):
        super().__post_init__()
        self.store = Store(self.swarm)

    def plan(self) -> list[StackChange]:
        return self._plan(self.swarm.specs())

    def _plan(self, current: Mapping[str, dict]) -> list[StackChange]:
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
    ) -> list[StackChange]:
        """Make all services what is desired. Any failure restores all of them and is raised again."""
        current = self.swarm.specs()
        planned = self._plan(current)
        self.refuse_homeless(planned)
        for finding in self.findings:
            self.note(finding)
        self.checks = checks
        self.transact(release, kind, current, lambda: self._apply(planned, job, timeout, release))
        return planned

    def transact(self, release: str, kind: str, current: Mapping[str, dict], act: Callable[[], None]) -> None:
        """Note what is there, and act. Any failure restores it and is raised again. The note stays open."""
        snapshot = {name: at_most_one(spec) for name, spec in current.items()}
        order = list(self.desired or current)
        self.store.open({"release": release, "kind": kind, "snapshot": snapshot, "order": order})
        try:
            act()
        except BaseException as error:
            failures = self.restore(snapshot, order)
            if failures and isinstance(error, StackError):
                raise StackError(str(error), error.service, error.logs, error.facts, failures) from error
            raise

    def refuse_homeless(self, planned: Iterable[StackChange]) -> None:
        """Raise StackError for services that have no place, and for changes of data that no undo takes back.

        Before anything is touched: Swarm ends a global service's old tasks at once when no node fits any more.
        """
        specs = {change.name: self.desired[change.name] for change in planned if change.action in (CREATE, UPDATE)}
        for name, why in self.swarm.misfits(specs).items():
            raise StackError(f"{name}: {why}. Nothing was changed.", name)
        if self.irreversible and not self.options.allow_data_change:
            raise StackError(
                " ".join(self.irreversible)
                + " Nothing was changed. Have a backup (a dump, for another major version), and consent: "
                "-e swarm_stack_allow_data_change=true."
            )

    def _apply(self, planned: list[StackChange], job: dict | None, timeout: float, release: str) -> None:
        self.swarm.ensure_network(self.options.encrypted)
        self.swarm.ensure("secrets", self.contents.secrets)
        self.swarm.ensure("configs", self.contents.configs)
        data = [change for change in planned if self._part(change.name) == DATA]
        last = [change for change in planned if change not in data and self._starts_last(change.name)]
        for change in data:
            self.apply_service(change)
        if job:
            self.run_job(job, timeout)
        for change in planned:
            if change not in data and change not in last:
                if self._needs_trial(change):
                    self.try_out(self.desired[change.name], release)
                self.apply_service(change)
        late = {self.desired[change.name]["Labels"][SERVICE] for change in last}
        self.prove({service: asked for service, asked in self.checks.items() if service not in late}, release)
        for change in last:
            self.apply_service(change)
        if late & set(self.checks):
            self.prove({service: asked for service, asked in self.checks.items() if service in late}, release)

    def _part(self, name: str) -> str:
        return self.desired[name]["Labels"][PART] if name in self.desired else ""

    def _starts_last(self, name: str) -> bool:
        return name in self.desired and START in self.desired[name]["Labels"]

    def _needs_trial(self, change: StackChange) -> bool:
        """New tasks beside live ones: Swarm lets visitors in once the health check is met, which may not be enough."""
        is_app = self._part(change.name) == STATELESS and change.action == UPDATE and change.restarts
        return self.options.trial and is_app and may_overlap(self.desired[change.name])

    def try_out(self, spec: dict, release: str) -> None:
        """Start one new task that nobody is sent to; it must be healthy and meet the service's checks."""
        began, beside = self.clock(), trial(spec)
        self.swarm.remove(beside["Name"])
        self.swarm.create(beside)
        try:
            watch = self.watch(beside, monitor=0)
            self.wait(watch, beside)
            proven = prove_trial(self, beside, self.checks.get(spec["Labels"][SERVICE]) or [], release, watch)
        except StackError as error:
            why = str(error).removeprefix(f"{beside['Name']}: ")
            text = f"{spec['Name']}: a trial task failed: {why}"
            raise StackError(text, spec["Name"], error.logs, error.facts) from error
        finally:
            self.swarm.remove(beside["Name"])
        self.note(f"{spec['Name']}: a trial task {proven} ({self.clock() - began:.1f} s)")

    def apply_service(self, change: StackChange) -> None:
        """Create, update or remove one service and wait until its tasks have converged."""
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
            self._create(spec)
        elif change.action == UPDATE:
            self._update(spec)
        monitor = 0 if change.action == NOOP else None
        self.wait(self.watch(spec, before, stale, monitor, first=change.action == CREATE), spec)
        self.note(f"{change.name}: {DONE[change.action]} ({self.clock() - began:.1f} s)")

    def _create(self, spec: Spec) -> None:
        until_free(self.swarm, spec, self.clock, self.sleep)
        self.swarm.create(spec)

    def _update(self, spec: Spec) -> None:
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

    def run_job(self, spec: dict, timeout: float) -> None:
        """Run the release command once, from the new image, before any task of the release gets traffic."""
        began = self.clock()
        self.swarm.remove(spec["Name"])
        try:
            self.run_once(spec, timeout, lines=0)
        except StackError as error:
            raise StackError(f"The release command failed. {error}", error.service, error.logs, error.facts) from error
        self.note(f"{spec['Name']}: completed ({self.clock() - began:.1f} s)")

    def run_once(self, spec: dict, timeout: float, lines: int = ALL_LINES) -> str:
        """Run a job and return what it said. It ends with 0, or StackError carries its output."""
        name = spec["Name"]
        self.swarm.create(spec)
        try:
            self.wait(self.watch(spec), spec, timeout)
            return "".join(self.swarm.logs(task.id, lines) for task in self.swarm.tasks(name)) if lines else ""
        finally:
            self.swarm.remove(name)

    def prove(self, checks: Mapping[str, list], release: str) -> None:
        """Ask every node that has the edge, as a visitor does, for the new release."""
        edge = next((spec for spec in self.desired.values() if spec["Labels"][PART] == EDGE), None)
        if self.options.edge_port and edge:
            asked = {service: those for service, those in checks.items() if not self._stands_still(service)}
            prove_edge(self, self.swarm.eligible(edge), asked, release)

    def _stands_still(self, service: str) -> bool:
        """Return whether a person has scaled it to nothing: its pages have nobody to answer, and that is meant."""
        name = f"{self.swarm.project}_{service}"
        found = name in self.desired and replicas(self.desired[name]) == 0
        if found:
            self.note(f"{name}: has 0 tasks since it was scaled, so that its checks are not asked")
        return found

    def restore(self, snapshot: Mapping[str, dict], order: list[str]) -> list[str]:
        """Put every service back. Return what cannot be; the others come back all the same."""
        snapshot = {name: at_most_one(spec) for name, spec in snapshot.items()}  # a journal may be older
        failures: list[str] = []
        with contextlib.suppress(EngineError):
            for name in (f"{self.swarm.project}_{RELEASE_COMMAND}", *map(trial_name, order)):
                self.swarm.remove(name)
        for step in steps(snapshot, self.swarm.specs(), order):
            try:
                self._take(step)
                self.note(f"{step.name}: {'put back' if step.spec is not None else 'removed again'}")
            except EngineError as error:
                failures.append(f"{step.name} could not be restored: {error}")
        # All of them: Swarm may have rolled one back by itself, and may not be done with it.
        for name, spec in snapshot.items():
            try:
                self.wait(replace(self.watch(spec, self._failed_tasks(name), monitor=0), restoring=True), spec)
            except (StackError, EngineError) as error:
                failures.append(f"{name} is what it was, but not well: {error}")
        with contextlib.suppress(EngineError):
            self.prune()
        self.store.close()
        return failures

    def _take(self, step: Step) -> None:
        if step.action == DELETE:
            retire(self.swarm, step.name, self.clock, self.sleep)
        elif step.action == CREATE:
            self._create(step.spec)
        else:
            self._update(step.spec)

    def _failed_tasks(self, name: str) -> frozenset[str]:
        """Return tasks that have failed so far: that is why there is something to restore."""
        return frozenset(task.id for task in self.swarm.tasks(name) if task.state in ("failed", "rejected", "complete"))

    def commit(self, manifest: Manifest, now: float) -> list[str]:
        """Remember the release, and remove releases, secrets and configs that are too old to go back to."""
        live = replace(manifest, state=manifests.GOOD, live_at=now, reason="")
        self.store.write(live)
        self.store.close()
        old, forgotten = manifests.to_prune(self.store.releases(), live.id, self.options.keep_releases)
        for id in [*old, *forgotten]:
            self.store.forget_release(id)
        return self.prune()

    def prune(self) -> list[str]:
        """Remove secrets and configs of former contents, unless a service, a job that runs or a kept release needs
        them."""
        running = {name: item["Spec"] for name, item in self.swarm.jobs().items()}
        used = used_objects({**self.swarm.specs(), **running})
        for release in self.store.releases().values():
            used |= used_objects(release.services)
        return self.swarm.prune(used)


def recover(deployment: Deployment) -> str:
    """Undo what a killed run left half done; return one sentence about it."""
    journal = deployment.store.journal
    if not journal:
        return ""
    release = journal["release"]
    failures = deployment.restore(journal["snapshot"], journal["order"])
    if failures:
        raise StackError(f"The run of release {release} was killed and could not be undone:\n" + "\n".join(failures))
    return f"The run of release {release} was killed: undid it."
