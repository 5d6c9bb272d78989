# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through declarations of the cloud, on the sandbox's account in this process."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from . import cloud_account, cloud_events
from .account import Account, Fault
from .cloud_mistakes import MISTAKES
from .cloud_wish import CONSENTS, OWNER, PARTS, arguments, first_wish
from .run import Result, run
from .walk import Ground, Walk

ALL = set(CONSENTS)
# What nobody should pay for twice: the path of the POST, by the kind of a plan's step.
BOUGHT = {"droplet": "/v2/droplets", "reserved_ip": "/v2/reserved_ips", "load_balancer": "/v2/load_balancers"}
BOUGHT["volume"] = "/v2/volumes"
change = st.one_of([st.tuples(st.just(part), values) for part, values in sorted(PARTS.items())])

event = st.tuples(st.sampled_from(sorted(cloud_events.EVENTS)), st.integers(0, 5))


class Cloud(Walk):
    """One environment, its declaration, and an account with strangers in it."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.wish = first_wish()
        self.sizes = {"data": 1, "logs": 1}
        cloud_account.settle_strangers(self.account)
        self.account.api("GET", "/account")
        self.theirs = cloud_account.strangers(cloud_account.rows(self.account))

    def teardown(self) -> None:
        self.account.close()

    # -- steps

    @initialize()
    def begin(self) -> None:
        self._converge(ALL)

    @rule(changes=st.lists(change, min_size=1, max_size=3), consents=st.sets(st.sampled_from(CONSENTS)))
    def declare(self, changes: list[tuple[str, Any]], consents: set[str]) -> None:
        """The declaration changes and is carried out, with some consents; then with all."""
        for part, value in changes:
            self.wish[part] = copy.deepcopy(value)
        if not self._converge(consents):
            self._converge(ALL)

    @rule(name=st.sampled_from(["data", "logs"]))
    def grow_volume(self, name: str) -> None:
        self.sizes[name] += 1
        self._converge(ALL)

    @rule(which=st.integers(0, 5))
    def replace(self, which: int) -> None:
        declared = arguments(self.wish, self.sizes, ALL)
        if declared["allow_replace"]:
            self._converge(ALL, replace=[declared["allow_replace"][which % len(declared["allow_replace"])]])

    @rule(events=st.lists(event, min_size=1, max_size=3))
    def change_by_hand(self, events: list[tuple[str, int]]) -> None:
        """Somebody does things in the control panel."""
        for name, which in events:
            cloud_events.EVENTS[name](self.account, which)
        self._converge(ALL)

    @rule(name=st.sampled_from(sorted(MISTAKES)))
    def break_and_mend(self, name: str) -> None:
        """A mistake is refused by the plan and by the run, and named; nothing is touched; the next run is as ever."""
        declared = copy.deepcopy(arguments(self.wish, self.sizes, ALL))
        words = MISTAKES[name](declared)
        before = self.account.cloud.state.version
        self.account.forget()
        foreseen, done = run(self.account, declared, check=True), run(self.account, declared)
        assert words in foreseen.refused, f"{name}: {foreseen}"
        assert done.refused == foreseen.refused, f"{name}: {done}"
        assert not self.account.writes
        assert self.account.cloud.state.version == before
        self._converge(ALL)

    @rule(delete_data=st.booleans())
    def destroy(self, delete_data: bool) -> None:
        """All goes, but what holds data without consent; and it can be made again."""
        declared = {**arguments(self.wish, self.sizes, ALL), "state": "absent", "delete_data": delete_data}
        self.account.forget()
        foreseen, done = run(self.account, declared, check=True), run(self.account, declared)
        assert done.is_done, done
        require_none([step for step in done.plan if step not in foreseen.plan], "done and not planned")
        self.account.cloud.go_on()
        account = self._check_account(None, done)
        nothing = {**declared, "droplets": {}, "volumes": {}, "firewalls": {}, "alerts": {}, "uptime_checks": {}}
        nothing.pop("load_balancer", None)
        left = [text for text in cloud_account.left_over(account, nothing) if delete_data or "volumes" not in text]
        require_none(left, "ours, and left over")
        require_none(run(self.account, declared, check=True).work, "in the second plan")
        self._converge(ALL)

    @rule(
        changes=st.lists(change, max_size=2),
        at=st.integers(0, 20),
        kind=st.sampled_from(["kill", "reset", "500", "429"]),
        after=st.booleans(),
    )
    def fail(self, changes: list[tuple[str, Any]], at: int, kind: str, after: bool) -> None:
        """A run is killed at one of its writes, or the API stumbles there; the next run goes to the end."""
        for part, value in changes:
            self.wish[part] = copy.deepcopy(value)
        declared = arguments(self.wish, self.sizes, ALL)
        self.account.fault = Fault(at, kind, after and kind != "429")
        done = run(self.account, declared)
        reached = len(self.account.writes) > at
        self.account.forget()
        self.account.cloud.go_on()
        if kind == "429" or not reached:
            assert done.is_done or "cannot shrink" in done.refused, done
        self._check_account(declared, done)
        self._converge(ALL)

    @rule(changes=st.lists(change, min_size=1, max_size=3), which=st.integers(0, 60))
    def aim(self, changes: list[tuple[str, Any]], which: int) -> None:
        """A run with a target does what its plan said and no more, a second one has nothing to do, and the rest is left
        to the next run."""
        for part, value in changes:
            self.wish[part] = copy.deepcopy(value)
        declared = arguments(self.wish, self.sizes, ALL - {"prune"})
        whole = run(self.account, declared, check=True)
        if whole.work:
            aimed = {**declared, "target": [whole.work[which % len(whole.work)]["kind"]]}
            foreseen, done = run(self.account, aimed, check=True), run(self.account, aimed)
            assert done.is_done, done
            require_none([step for step in done.plan if step not in foreseen.plan], "done and not planned")
            self.account.cloud.go_on()
            self._check_account(None, done)
            require_none(run(self.account, aimed, check=True).work, "in the second plan with a target")
        self._converge(ALL)

    @rule(mine=st.lists(change, min_size=1, max_size=2), others=st.lists(change, min_size=1, max_size=2))
    def meet(self, mine: list[tuple[str, Any]], others: list[tuple[str, Any]]) -> None:
        """Another run, with another declaration, begins and ends after a run has planned and before it has its lock."""
        other = {**copy.deepcopy(self.wish), **copy.deepcopy(dict(others))}
        self.account.forget()
        self.account.in_between = lambda: self._run_other(other)
        self.wish |= copy.deepcopy(dict(mine))
        run(self.account, arguments(self.wish, self.sizes, ALL))
        self.account.in_between = None
        self.account.cloud.go_on()
        require_none(cloud_account.twins(cloud_account.rows(self.account)), "there twice")
        self._converge(ALL)

    def _run_other(self, wish: dict[str, Any]) -> None:
        run(self.account, arguments(wish, self.sizes, ALL))

    @rule(at=st.sets(st.integers(1, 40), min_size=1, max_size=3), status=st.sampled_from(["429", "500", "502"]))
    def stumble(self, at: set[int], status: str) -> None:
        """Some reads are answered by an error, once each: nobody notices."""
        declared = arguments(self.wish, self.sizes, ALL)
        self.account.forget()
        self.account.stumbles = dict.fromkeys(at, status)
        done = run(self.account, declared)
        self.account.stumbles = {}
        assert done.is_done or "cannot shrink" in done.refused, done
        self.account.cloud.go_on()
        self._converge(ALL)

    # -- what must be true

    def _converge(self, consents: set[str], replace: list[str] | None = None) -> bool:
        """Plan, run, look; whether the run was allowed by the consents."""
        declared = {**arguments(self.wish, self.sizes, consents), "replace": replace or []}
        self.account.forget()
        foreseen = run(self.account, declared, check=True)
        assert not self.account.writes, "a plan has written"
        before = self.account.cloud.state.version
        done = run(self.account, declared)
        assert done.refused == foreseen.refused, f"planned: {foreseen.refused!r}, then: {done.refused!r}"
        require_none([step for step in done.plan if step not in foreseen.plan], "done and not planned")
        require_none([step for step in foreseen.plan if step not in done.plan], "planned and not done")
        if done.refused and consents == ALL and (shrinking := re.findall(r"(\S+) \(id \d+\) has one of", done.refused)):
            return self._converge(ALL, replace=[*(replace or []), *shrinking])  # no disk becomes smaller
        if done.refused and (lost := re.findall(r"A volume \S+ \(id (\S+)\) exists without the tag", done.refused)):
            cloud_events.adopt(self.account, lost)  # only a hand can tell whose it is
            return self._converge(consents, replace)
        if done.refused:
            assert consents != ALL, done.refused
            assert not self.account.writes
            assert self.account.cloud.state.version == before
            return False
        assert done.is_done, done
        self._check_purchases(done)
        self.account.cloud.go_on()
        account = self._check_account(declared, done)
        self._check_named(account, declared, done)
        again = run(self.account, {**declared, "replace": []}, check=True)
        assert not again.refused, again
        require_none(again.work, "in the second plan")
        return True

    def _check_purchases(self, done: Result) -> None:
        if not done.work:
            assert not self.account.writes, "a run without work has written"
        for kind, path in BOUGHT.items():
            planned = sum(step["kind"] == kind and step["action"] in ("create", "replace") for step in done.work)
            bodies = [body for method, at, body in self.account.writes if (method, at) == ("POST", path)]
            bought = sum(len(body.get("names", [1])) for body in bodies)
            assert bought == planned, f"{bought} {kind}s bought, {planned} planned"

    def _check_account(self, declared: dict[str, Any] | None, done: Result) -> dict[str, list[dict[str, Any]]]:
        account = cloud_account.rows(self.account)
        require_none(cloud_account.twins(account), "there twice")
        now = cloud_account.strangers(account)
        touched = [(path, now[path], was) for path, was in self.theirs.items() if now[path] != was]
        require_none(touched, "a stranger's, and touched")
        if done.is_done and declared:
            require_none(cloud_account.differences(account, declared), "not as declared")
        return account

    def _check_named(self, account: dict[str, list[dict[str, Any]]], declared: dict[str, Any], done: Result) -> None:
        left = cloud_account.left_over(account, declared)
        if declared["prune"] and declared["delete_data"]:
            require_none(left, "ours, and left over")
        told = {step["name"] for step in done.plan if step["action"] != "noop"}
        require_none([text for text in left if text.split(" ", 1)[1] not in told], "left over, and not named")
        if self.account.writes:  # a run without work does not look whether a killed one has left it
            require_none([row for row in account["/projects"] if row["name"].startswith(OWNER)], "the lock, left over")


def require_none(found: list[Any], words: str) -> None:
    assert not found, f"{words}: {found}"


GROUND = Ground(machine=Cloud, steps=12, walks=6)
