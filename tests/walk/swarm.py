# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through declarations and events of an app that is released to a Swarm of three real nodes."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from .compose_faults import Fault
from .released import Outcome, Released, is_same, run_role
from .role import Role
from .swarm_declared import DECLARATION, EDGE, PROJECT, expected, runs_once, services_of, variables, with_edge
from .swarm_faults import FAULTS
from .swarm_host import NAMES, WORKERS, Swarm, SwarmModules, ready_swarm
from .walk import Ground, Walk, told

PLAN, DEPLOY = "plan | Compare every service", "deploy | Bring every service there, or all of them back"


@cache
def role() -> Role:
    return Role("swarm_stack")


# Between two writes to the engine, or some time after one; of what provides the images, between two programs.
MOMENT = st.fixed_dictionaries(
    {
        "call": st.just(2),
        "event": st.integers(0, 24),
        "later": st.sampled_from([0, 0, 0.3, 2]),
        "group": st.just(False),
        "writes": st.just(True),
    }
) | st.fixed_dictionaries({"call": st.just(1), "event": st.integers(0, 8), "group": st.booleans()})
NUMBER = st.integers(0, 5)
BY_HAND = ("scale", "environment", "image", "force", "rm")


class SwarmWalk(Released):
    """One app in a Swarm of a manager and two workers."""

    def __init__(self) -> None:
        super().__init__()
        self.swarm: Swarm = ready_swarm()
        self.host = self.swarm.manager
        self.swarm.clear(PROJECT)
        self.visited = self._visits()["offset"]
        self.live = ""  # the id of the release that visitors meet
        self.good: dict[str, Any] = {}  # the inputs of the live release
        self.given_of: dict[str, dict[str, Any]] = {}  # by the id of each release that was live
        self.pending: set[str] = set()  # releases of killed runs
        self.drained: set[str] = set()
        self.rows = 0
        self.was_killed = False

    def teardown(self) -> None:
        self.swarm.clear(PROJECT)

    # -- runs

    def run(self, given: dict[str, Any], check: bool = False, kill: dict | None = None, entry: str = "main") -> Outcome:
        modules = SwarmModules(self.host, kill, str(given.get("version", "1")))
        outcome = run_role(role(), given, modules, check, entry)
        images = outcome.results.get(DEPLOY, {}).get("node_images")
        if outcome.is_done and images and not check:
            self._give_images(images, outcome)
        return outcome

    def _give_images(self, images: dict[str, Any], outcome: Outcome) -> None:
        """The last play of playbooks/deploy.yml; young images go, too, since no other run makes a release here."""
        given = {**images, "prefix": f"{self.swarm.registry}/{PROJECT}/", "age": 0}
        for short, host in self.swarm.hosts.items():
            answer = host.ask("module", name="swarm_node_images", arguments=given, check=False, kill=None)
            assert not answer["result"].get("failed"), f"{short}: {answer['result']['msg']}"

    def node(self, short: str, state: str) -> dict[str, Any]:
        """What playbooks/drain.yml and activate.yml run: a check, then the module, which does what it said."""
        given = {"node": NAMES[short], "state": state, "lock_wait": 10, "wait_timeout": 90}
        told = self.host.ask("module", name="swarm_node", arguments=given, check=True, kill=None)["result"]
        done = self.host.ask("module", name="swarm_node", arguments=given, check=False, kill=None)["result"]
        assert not done.get("failed"), f"{state}: {done.get('msg')}"
        assert told["changed"] == done["changed"], f"the check said {told}, {state} did {done}"
        assert told["moves"] == done["moves"], f"the check said {told}, {state} did {done}"
        return done

    # -- what must hold

    def look(self) -> dict[str, Any]:
        """All that is defined; tasks come and go by themselves."""
        found = self.host.ask("look_swarm", project=PROJECT)
        for service in found["services"].values():
            service["tasks"] = sorted(task for task in service["tasks"] if task[1] == "running")
        return found

    def defined(self) -> dict[str, Any]:
        found = self.look()
        for service in found["services"].values():
            del service["tasks"]
        found["nodes"] = {name: availability for name, (availability, _state) in found["nodes"].items()}
        return found

    def foresee(self, given: dict[str, Any], **options: Any) -> Outcome:
        before = self.defined()
        outcome = self.run(given, check=True, **options)
        is_same(before, self.defined(), "a check changed something")
        return outcome

    def is_whole(self) -> bool:
        return not self.look()["other"]  # a journal, a lock

    def differences(self, outcome: Outcome) -> str:
        planned = outcome.results.get(PLAN, {})
        acting = [change for change in planned.get("services", []) if change["action"] != "noop"]
        return f"new: {planned.get('new')}, {acting}"

    def _visits(self, offset: int = 0) -> dict[str, Any]:
        return self.host.ask("visits", host="walk.test", offset=offset, addresses=self.swarm.addresses)

    def visits(self, allowed: set[str], is_planned: bool) -> None:
        """All visitors since the last look met one of the releases."""
        answer = self._visits(self.visited)
        self.visited = answer["offset"]
        if is_planned:
            wrong = [row for row in answer["answers"] if row[1] != 200 or row[2] not in allowed]
            assert not wrong, f"visitors met {wrong}, not one of {sorted(allowed)}"

    def current(self, seen: dict[str, Any]) -> str:
        good = [(release["live_at"], id) for id, release in seen["releases"].items() if release["state"] == "good"]
        return max(good)[1] if good else ""

    def active(self) -> list[str]:
        return [name for short, name in NAMES.items() if short not in self.drained]

    def is_open(self) -> bool:
        """Whether visitors may expect an answer."""
        web = self.look()["services"].get(f"{PROJECT}_web")
        return bool(self.live and web and web["replicas"])

    def settled(self, numbers: dict[str, int]) -> None:
        """After a run that was not killed: what is declared runs, and nothing is left over."""
        now = self.look()
        assert self.current(now) == self.live, f"{self.current(now)} is live, not {self.live}"
        assert not now["other"], f"left over: {now['other']}"
        wanted = numbers if self.live else {}
        assert set(now["services"]) == set(wanted), f"services are {sorted(now['services'])}, not {sorted(wanted)}"
        for name, number in wanted.items():
            self._is_well(name, number, now["services"][name])
        for is_data, name, declared in services_of(self.good) if self.live else []:
            self._is_declared(declared, is_data, now["services"][f"{PROJECT}_{name}"])
        used = {name for service in now["services"].values() for name in service["objects"]}
        used |= {name for release in now["releases"].values() for name in release["objects"]}
        stray = {*now["secrets"], *now["configs"]} - used
        assert not stray, f"secrets and configs that nothing needs: {stray}"
        assert set(now["networks"]) <= {PROJECT}, now["networks"]
        self._rows()

    def _is_well(self, name: str, number: int, service: dict[str, Any]) -> None:
        running = [task for task in service["tasks"] if task[2] == "running" and task[4] == "current"]
        assert len(running) == number == len(service["tasks"]), f"{name} shall run {number} times: {service}"
        assert not service["moving"], f"{name} is still marked as moving: {service['moving']}"

    def _is_declared(self, declared: dict[str, Any], is_data: bool, service: dict[str, Any]) -> None:
        wanted = declared.get("environment", {})
        for name in ("VERSION", "RELEASE"):
            value = wanted.get(name, "")
            value = self.live if value == "${RELEASE}" else value
            assert service["environment"].get(name, "") == value, f"{name} is {service['environment']}, not {value}"
        assert set(service["environment"]) <= {*wanted}, f"{service['environment']} was not declared"
        if "image" in declared:
            assert service["image"].startswith(declared["image"] + "@"), f"{service['image']}, not {declared['image']}"

    def _rows(self) -> None:
        """One container writes to the volume; what was acknowledged is there; one more row."""
        users = self.host.shell(f"docker ps -q --filter volume={PROJECT}_rows").split()
        assert len(users) <= 1, f"two on one volume: {users}"
        if not users:
            return
        there = 0
        for _ in range(50):
            answer = self.host.shell(f"docker exec {users[0]} redis-cli llen rows", check=False).strip()
            if answer.isdigit():
                there = int(answer)
                break
            time.sleep(0.1)
        assert there == self.rows, f"{there} rows are there, {self.rows} were acknowledged"
        self.rows = int(self.host.shell(f"docker exec {users[0]} redis-cli rpush rows {self.rows}"))

    def has_no_stray_images(self) -> None:
        """After a run that succeeded, on every node; nor sources."""
        now = self.look()
        needed = {service["image"] for service in now["services"].values()}
        needed |= {image for release in now["releases"].values() for image in release["images"]}
        digests = {image.partition("@")[2] for image in needed}
        for short, host in self.swarm.hosts.items():
            for names in host.ask("look_node", prefix=f"{self.swarm.registry}/{PROJECT}/")["images"]:
                kept = digests & {name.partition("@")[2] for name in names}
                assert kept, f"an image of no kept release on {short}: {names}"
        left = self.host.shell(f"ls -d /opt/{PROJECT}/source-* 2>/dev/null", check=False).split()
        assert not left or self.was_killed, f"sources are left: {left}"  # a killed run's go after a day

    def numbers(self, given: dict[str, Any], before: dict[str, Any]) -> dict[str, int]:
        return expected(given, before, self.active())

    def until(self, holds: Any, seconds: float = 60) -> None:
        """For what Swarm does by itself."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return holds()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _until_open(self) -> None:
        def meets() -> None:
            answer = self._visits(self.visited)
            assert answer["answers"][-1][1:] == [200, self.live], f"visitors meet {answer['answers'][-1]}"
            self.visited = answer["offset"]

        if self.is_open():
            self.until(meets)
        else:
            self.visited = self._visits(self.visited)["offset"]

    # -- steps

    def succeeds(self, given: dict[str, Any], is_planned: bool = True) -> tuple[Outcome, Outcome]:
        """A correct declaration is released, whatever was before."""
        before, was_open = self.look(), self.is_open()
        foreseen, done = self.attempt(given)
        assert done.is_done, f"a correct declaration was not released: {done.message}"
        allowed = {self.live, *self.pending}
        self.live, self.good = done.results[DEPLOY]["release"], given
        self.given_of[self.live] = given
        is_open = self.is_open()
        is_planned = is_planned and len(with_edge(given, self.active())) > 1
        self.visits(allowed | {self.live}, is_planned and was_open and is_open)
        # What a killed run had begun was undone first.
        numbers = self.numbers(given, before["services"]) if not self.pending else self._as_they_are(given)
        self.pending = set()
        self.settled(numbers)
        self.has_no_stray_images()
        self.again(given)
        self.visits({self.live}, is_planned and was_open and is_open)
        return foreseen, done

    def _as_they_are(self, given: dict[str, Any]) -> dict[str, int]:
        """After a recovery the numbers from before are not known here; those that run are taken, of what may vary."""
        services = self.look()["services"]
        wanted = expected(given, {}, self.active())
        free = {f"{PROJECT}_{name}" for is_data, name, s in services_of(given) if not runs_once(s, is_data)}
        return {
            name: services[name]["replicas"] if name in free and services[name]["replicas"] is not None else number
            for name, number in wanted.items()
            if name in services
        } | {name: number for name, number in wanted.items() if name not in services}

    @rule()
    def a_look(self) -> None:
        """First in the order of names: hypothesis begins with a walk of the simplest steps. It counts for nothing."""
        Walk.steps -= 1

    @initialize(declared=st.none() | DECLARATION | DECLARATION)
    @told
    def begin(self, declared: dict[str, Any] | None) -> None:
        """Most walks begin with a release: a walk chooses some of the rules only, and events need something live."""
        if declared:
            self.succeeds(variables(declared, self.swarm.registry))

    @rule(declared=DECLARATION)
    @told
    def release(self, declared: dict[str, Any]) -> None:
        self.succeeds(variables(declared, self.swarm.registry))

    @precondition(lambda self: self.live)
    @rule()
    @told
    def release_the_same(self) -> None:
        self.succeeds(self.good)

    @rule(declared=DECLARATION, fault=st.sampled_from(sorted(FAULTS)), twice=st.booleans())
    @told
    def release_broken(self, declared: dict[str, Any], fault: str, twice: bool) -> None:
        broken: Fault = FAULTS[fault]
        given = variables(declared, self.swarm.registry)
        broken.inject(given)
        for _ in range(2 if twice else 1):
            was_whole, before, was_open = self.is_whole(), self.defined(), self.is_open()
            numbers = self._running()
            foreseen, done = self.attempt(given)
            assert done.message, f"{fault} was released"
            assert not broken.is_static or foreseen.message, f"the check did not predict that {fault} fails"
            for word in broken.words:
                assert word in done.message, f"{fault}: no {word!r} in: {done.message}"
            if broken.is_static and was_whole:
                is_same(before, self.defined(), f"{fault} is refused after something was touched")
            release = done.results.get(PLAN, {}).get("release", "")
            is_planned = was_open and len(with_edge(given, self.active())) > 1
            self.visits({self.live, release, *self.pending}, is_planned)
            if self.is_whole():
                if not was_whole:
                    self.pending = set()
                    numbers = self._as_they_are(self.good) if self.live else {}
                self.settled(numbers)
            if self.live and not broken.is_static:
                assert f"{self.live} goes on serving" in done.message, done.message

    def _running(self) -> dict[str, int]:
        """How often each service runs, that is, shall run."""
        services = self.look()["services"]
        once = {
            f"{PROJECT}_{n}" for is_data, n, s in (services_of(self.good) if self.good else []) if runs_once(s, is_data)
        }
        number = {name: len(self.active()) if s["replicas"] is None else s["replicas"] for name, s in services.items()}
        if f"{PROJECT}_{EDGE}" in number and self.good:
            number[f"{PROJECT}_{EDGE}"] = len(with_edge(self.good, self.active()))
        return {name: min(value, 1) if name in once else value for name, value in number.items()}

    @rule(declared=DECLARATION, moment=MOMENT, after=st.sampled_from(["this", "the former", "back", "anything"]))
    @told
    def release_killed(self, declared: dict[str, Any], moment: dict[str, Any], after: str) -> None:
        """The next run, of whatever declaration, is as if nothing had been."""
        given, before, was_open = variables(declared, self.swarm.registry), self.live, self.is_open()
        outcome, self.was_killed = self.run(given, kill=moment), True
        self.host.wait_for_stragglers()
        if release := outcome.results.get(PLAN, {}).get("release", ""):
            self.pending.add(release)
        self.visits({before, *self.pending}, was_open and len(with_edge(given, self.active())) > 1)
        now = self.current(self.look())
        if now != self.live:  # it had committed
            self.live, self.good = now, given
            self.given_of[now] = given
        if after == "this":
            self.succeeds(given)
        elif after == "the former" and self.good:
            self.succeeds(self.good)
        elif after == "back" and self.live:
            self._back(0)

    @precondition(lambda self: self.live)
    @rule(choice=st.integers(0, 2))
    @told
    def roll_back(self, choice: int) -> None:
        self._back(choice)

    def _back(self, choice: int) -> None:
        was_whole, seen, before, was_open = self.is_whole(), self.look(), self.live, self.is_open()
        good = [(r["live_at"], id) for id, r in seen["releases"].items() if r["state"] == "good"]
        kept = [id for _, id in sorted(good) if id != before]
        wanted = kept[-1 - choice % len(kept)] if kept else "nowhere"
        given = {**self.good, "swarm_stack_rollback_to": wanted if choice else ""}
        foreseen, done = self.attempt(given, entry="rollback")
        if not kept:
            assert done.message, "a rollback to nowhere"
            assert foreseen.message, "the check did not predict it"
            return
        assert done.is_done, done.message
        self.live = wanted
        went = {**self.given_of[wanted], "swarm_stack_data_services": self.good["swarm_stack_data_services"]}
        numbers = self.numbers(went, seen["services"]) if was_whole else self._as_they_are(went)
        self.good = went
        is_planned = was_open and self.is_open() and len(with_edge(went, self.active())) > 1
        self.visits({before, self.live, *self.pending}, is_planned)
        self.pending = set()
        self.settled(numbers)
        self.again(went)

    @precondition(lambda self: self.live)
    @rule(which=NUMBER, replicas=st.integers(0, 4), consent=st.booleans())
    @told
    def scale(self, which: int, replicas: int, consent: bool) -> None:
        """What may run several times does; the rest is refused."""
        services = services_of(self.good)
        is_data, name, declared = services[which % len(services)]
        numbers, was_open, was_whole = self._running(), self.is_open(), self.is_whole()
        given = {
            **self.good,
            "swarm_stack_scale_service": name,
            "swarm_stack_scale_replicas": replicas,
            "swarm_stack_scale_allow_zero": consent,
        }
        foreseen, done = self.attempt(given, entry="scale")
        no_place = declared.get("ports") or declared.get("deploy", {}).get("placement", {}).get("max_replicas_per_node")
        if done.message:
            refused = (replicas > 1 and runs_once(declared, is_data)) or (replicas == 0 and not consent)
            refused = refused or declared.get("deploy", {}).get("mode") == "global"
            refused = refused or (no_place and replicas + 1 > len(self.active()))
            assert refused, f"{name} to {replicas}: {done.message}"
            assert foreseen.message, f"the check did not predict: {done.message}"
            assert name in done.message, done.message
        else:
            assert not runs_once(declared, is_data) or replicas <= 1, f"{name} runs {replicas} times"
            numbers[f"{PROJECT}_{name}"] = replicas
        if self.is_whole():
            if not was_whole:
                self.pending = set()
                numbers = self._running()
            self.settled(numbers)
        self.visits({self.live, *self.pending}, was_open and self.is_open())

    @precondition(lambda self: self.live)
    @rule(what=st.sampled_from(BY_HAND), which=NUMBER, replicas=st.integers(0, 4))
    @told
    def by_hand(self, what: str, which: int, replicas: int) -> None:
        """Somebody does something to a service; a check names it, and a run mends what is not meant to stay so."""
        services = [*services_of(self.good), (False, EDGE, {"deploy": {"mode": "global"}})]
        is_data, name, declared = services[which % len(services)]
        full, was_whole = f"{PROJECT}_{name}", self.is_whole()
        is_global = declared.get("deploy", {}).get("mode") == "global"
        if what == "scale" and is_global:
            return
        command = {
            "scale": f"docker service scale --detach {full}={replicas}",
            "environment": f"docker service update --detach --env-add HAND=1 {full}",
            "image": f"docker service update --detach --image {self.swarm.registry}/izzzi-walk:2 {full}",
            "force": f"docker service update --detach --force {full}",
            "rm": f"docker service rm {full}",
        }[what]
        before = self.look()["services"].get(full, {})
        self.host.shell(command)
        no_place = declared.get("ports") or declared.get("deploy", {}).get("placement", {}).get("max_replicas_per_node")
        if what == "scale" and no_place and replicas >= len(self.active()):
            self.host.shell(f"docker service scale --detach {full}={before['replicas']}")
            return
        foreseen, done = self.succeeds(self.good, is_planned=False)
        told = foreseen.said + str(foreseen.results.get(PLAN, {}).get("services"))
        is_once = runs_once(declared, is_data)
        mended = what in ("environment", "rm") or (what == "image" and before["image"] != self._image_of(full))
        mended = mended or (what == "scale" and is_once and replicas > 1)
        if mended and was_whole:
            assert done.changed, f"{name} was changed ({what}), and nothing was done"
            assert full in told, f"the check does not name {full}: {told}"
        self._until_open()

    def _image_of(self, full: str) -> str:
        return self.look()["services"][full]["image"]

    @precondition(lambda self: self.live)
    @rule(which=NUMBER, node=st.sampled_from(["manager", *WORKERS]))
    @told
    def kill_container(self, which: int, node: str) -> None:
        """Swarm starts another; a run has nothing to do but to wait for it."""
        host = self.swarm.hosts[node]
        found = host.shell(f"docker ps -q --filter label=izzzi.app={PROJECT}").split()
        if not found:
            return
        host.shell(f"docker kill {sorted(found)[which % len(found)]}", check=False)
        was_whole = self.is_whole()
        _foreseen, done = self.attempt(self.good)
        assert done.is_done, f"a container was killed, and a release fails: {done.message}"
        assert not done.changed or not was_whole, f"nothing was to be done: {done.changed}"
        if was_whole:
            numbers = self._running()
            self.until(lambda: self.settled(numbers))
        self._follow_recovery()
        self._until_open()

    def _follow_recovery(self) -> None:
        if self.is_whole():
            self.pending = set()

    @precondition(lambda self: self.live)
    @rule(short=st.sampled_from(WORKERS), how=st.sampled_from(["ours", "hand"]))
    @told
    def drain(self, short: str, how: str) -> None:
        """One worker is enough for all; with ours, visitors notice nothing."""
        was_open, numbers, was_whole = self.is_open(), self._running(), self.is_whole()
        for other in self.drained - {short}:
            self.node(other, "active")
        self.drained = {short}
        if how == "ours":
            self.node(short, "drained")
        else:
            self.swarm.open_by_hand(short, "drain")
        if was_whole and self.live:
            numbers = self._running() | {name: n for name, n in numbers.items() if name not in self._global()}
            self.until(lambda: self.settled(numbers))
            self.visits({self.live}, was_open and how == "ours")
            self.again(self.good)
        self._until_open()

    def _global(self) -> set[str]:
        return {name for name, service in self.look()["services"].items() if service["replicas"] is None}

    @precondition(lambda self: self.drained)
    @rule(how=st.sampled_from(["ours", "hand"]))
    @told
    def activate(self, how: str) -> None:
        was_open, was_whole = self.is_open(), self.is_whole()
        for short in self.drained:
            self.node(short, "active") if how == "ours" else self.swarm.open_by_hand(short)
        self.drained = set()
        if was_whole and self.live:
            numbers = self._running()
            self.until(lambda: self.settled(numbers)) if how == "hand" else self.settled(numbers)
            self.visits({self.live}, was_open)
            self.again(self.good)

    @precondition(lambda self: self.live)
    @rule(short=st.sampled_from(WORKERS), how=st.sampled_from(["engine", "engine", "reboot"]), released=st.booleans())
    @told
    def restart(self, short: str, how: str, released: bool) -> None:
        """A worker is back without a run, and a run has nothing to do; or a run comes while it is away."""
        was_whole = self.is_whole()
        self.swarm.restart_engine(short) if how == "engine" else self.swarm.reboot(short)
        if self.live and was_whole and released:
            _foreseen, done = self.attempt(self.good)
            assert done.is_done, f"a worker was restarted, and a release fails: {done.message}"
        self.swarm.until_ready()
        if self.live and was_whole:
            numbers = self._running()
            self.until(lambda: self.settled(numbers))
            self.again(self.good)
        self._until_open()

    @precondition(lambda self: self.live)
    @rule(verb=st.sampled_from(["run", "run badly", "logs", "status", "releases", "remove"]), which=NUMBER)
    @told
    def other_verb(self, verb: str, which: int) -> None:
        if verb == "remove":
            self._remove()
        else:
            services = services_of(self.good)
            self._ask(verb, services[which % len(services)][1])

    def _ask(self, verb: str, name: str) -> None:
        before = self.defined()
        words = ["sh", "-c", "echo said it; exit 3" if verb == "run badly" else "echo said it"]
        given = {**self.good, "swarm_stack_run_service": name, "swarm_stack_run_command": words}
        outcome = self.run(given, entry=verb.split()[0])
        if verb == "run badly":
            assert "exited with 3" in outcome.message, outcome.message
            assert "said it" in outcome.message, outcome.message
        else:
            assert outcome.is_done, f"{verb}: {outcome.message}"
        if verb == "run":
            assert "said it" in outcome.said, outcome.said
        if verb == "status":
            assert self.live in outcome.said, outcome.said
        is_same(before, self.defined(), f"{verb} changed something")

    def _remove(self) -> None:
        _foreseen, done = self.attempt(self.good, entry="remove")
        assert done.is_done, done.message
        now = self.look()
        left = {kind: now[kind] for kind in ("services", "secrets", "configs", "other", "releases", "networks")}
        assert not any(left.values()), f"left over: {left}"
        self.live, self.good, self.pending = "", {}, set()
        self.given_of = {}
        self.visited = self._visits(self.visited)["offset"]


GROUND = Ground(machine=SwarmWalk, steps=20, walks=5, shorten=False, tries=0)
