# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through settings of the roles base, docker and nginx on one droplet, and through what people, kills and full
disks do to it."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from . import hosts_base, hosts_docker, hosts_nginx, hosts_world
from .hosts_ground import Door, public_key, put, ready_host
from .hosts_hands import HANDS, STRANGERS, Hand
from .hosts_mistakes import MISTAKES
from .hosts_run import Outcome, run
from .walk import Ground, Walk, told

WISHES = {"base": hosts_base.WISH, "docker": hosts_docker.WISH, "nginx": hosts_nginx.DECLARATION}
ROLES = st.sampled_from(["nginx", "nginx", "nginx", "docker", "docker", "base"])  # the quick ones more often
MOMENT = st.fixed_dictionaries({"call": st.integers(0, 6), "event": st.integers(0, 80), "group": st.booleans()})
DISKS = {"base": "/var/lib/izzzi", "docker": "/etc/docker", "nginx": "/etc/nginx"}  # made small for a step
FULL = "No space left"
MAKES_MORE = re.compile("^install \\||Make the deploy user")  # what comes with a package or a user is not foreseen


class Hosts(Walk):
    """Three roles on one droplet. A step is a set of settings or an event, with all the runs that follow from it."""

    host: Door

    def __init__(self) -> None:
        super().__init__()
        self.host = ready_host()
        self.given: dict[str, dict[str, Any]] = {}
        self.live: dict[str, int] = {}  # ports of apps, by name, that a release has brought up
        self.strangers: set[str] = set()
        self.turn = 0
        self._begin()

    def _begin(self) -> None:
        """The same settings at each beginning, whatever the last walk has left; nothing of strangers."""
        cures = [hand.cure.replace("USER", self.host.user) for hand in HANDS.values() if hand.cure]
        masks = "cd /etc/systemd/system && find . -maxdepth 1 -lname /dev/null -delete; systemctl daemon-reload"
        # "Everybody's own page" is written anew by the role.
        self.host.shell(
            "; ".join([f"rm -f {' '.join(STRANGERS)}", *(f"({cure})" for cure in cures), masks]), check=False
        )
        self.host.shell(
            "rm -f /etc/fail2ban/jail.d/z.local /etc/nginx/izzzi/*/http.conf; rm -rf /etc/nginx/izzzi/stranger"
        )
        base = {**hosts_base.SIMPLE, "other_key": self.host.key != "first"}
        for role, wish in (("docker", hosts_docker.SIMPLE), ("nginx", hosts_nginx.SIMPLE), ("base", base)):
            given = self._variables(role, wish)
            done = run(role, self.host, {**self.host.variables(), **given})
            assert done.is_done, f"{role}: the droplet cannot be brought to where a walk begins: {done.message}"
            self.given[role] = given
        self._go_in("first")
        self._keep_a_container()

    def _keep_a_container(self) -> None:
        name, port = hosts_world.CONTAINER, hosts_world.CONTAINER_PORT
        self.host.shell(
            f"docker start {name} 2>/dev/null || docker run -d --name {name} --restart always -p 0.0.0.0:{port}:6379"
            " redis:8 redis-server --save '' --protected-mode no"
        )

    # -- runs

    def _variables(self, role: str, wish: dict[str, Any]) -> dict[str, Any]:
        if role == "base":
            return hosts_base.variables(wish, self.host.user, self.host.key)
        return {"docker": hosts_docker, "nginx": hosts_nginx}[role].variables(wish)

    def _go_in(self, key: str) -> None:
        base = self.given["base"]
        self.host.go_through(base["base_ssh_port"], base["base_user"], key)

    def look(self, by_content: bool = False) -> dict[str, Any]:
        return self.host.ask("look_at_host", by_content=by_content)

    def is_same(self, before: dict[str, Any], after: dict[str, Any], what: str) -> None:
        differs = {}
        for key in before:
            if before[key] == after[key]:
                continue
            if isinstance(before[key], dict):
                names = sorted({*before[key], *after[key]})
                pairs = {name: (before[key].get(name), after[key].get(name)) for name in names}
                differs[key] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
            else:
                lines = {*before[key].splitlines()} ^ {*after[key].splitlines()}
                differs[key] = sorted(lines)
        assert not differs, f"{what}: {differs}"

    def run(self, role: str, given: dict[str, Any], **options: Any) -> Outcome:
        return run(role, self.host, {**self.host.variables(), **given}, **options)

    def attempt(self, role: str, given: dict[str, Any], may_differ: bool = False) -> tuple[Outcome, Outcome]:
        """A check, which touches nothing, then the run that it must have predicted. `may_differ`: what a killed run has
        left may be undone in between."""
        before = self.look()
        foreseen = self.run(role, given, check=True)
        self.is_same(before, self.look(), f"a check of {role} changed something")
        done = self.run(role, given)
        if foreseen.message:
            assert done.message, f"{role}: the check failed and the run did not: {foreseen.message}"
        if not may_differ:
            assert bool(foreseen.message) == bool(done.message), f"{role}: the check did not predict: {done.message}"
        if done.is_done:
            predicted, came = bool(foreseen.changed), bool(done.changed)
            assert may_differ or predicted == came, (
                f"{role}: the check predicted {foreseen.changed}, the run did {done.changed}"
            )
            if not may_differ and not any(map(MAKES_MORE.search, done.changed)):
                assert foreseen.paths == done.paths, (
                    f"{role}: other files than predicted: {foreseen.paths ^ done.paths}"
                )
        return foreseen, done

    # -- what must hold

    def settled(self, logs_in: bool = True) -> None:
        fault = hosts_world.fault(self.host, self.given, self.live, logs_in)
        assert not fault, fault
        there = self.host.shell(f"for file in {' '.join(STRANGERS)}; do [ -e $file ] && cat $file; done; true")
        for path in self.strangers:
            assert STRANGERS[path] in there, f"{path} of somebody else is gone"

    def again(self, role: str) -> None:
        self.turn += 1
        if role == "base" and self.turn % 2:
            return  # its runs are long
        before = self.look()
        outcome = self.run(role, self.given[role])
        assert outcome.is_done, f"the second run of {role} failed: {outcome.message}"
        assert not outcome.changed, f"the second run of {role} changed: {outcome.changed} {sorted(outcome.paths)}"
        self.is_same(before, self.look(), f"a second run of {role} changed something")

    def succeeds(self, role: str, given: dict[str, Any], may_differ: bool = False) -> Outcome:
        """Correct settings are applied, whatever was before."""
        _foreseen, done = self.attempt(role, given, may_differ)
        assert done.is_done, f"correct settings of {role} were not applied: {done.message}"
        self._follow(role, given)
        self.settled(role == "base")
        self.again(role)
        return done

    def _follow(self, role: str, given: dict[str, Any]) -> None:
        self.given[role] = given
        if role != "base":
            return
        other = {"first": "second", "second": "first"}[self.host.key]
        self._go_in(self.host.key)
        if public_key(other) not in given["base_user_keys"]:
            stranger = copy.copy(self.host)
            stranger.key = other
            assert stranger.login(), f"the key {other} is not declared and lets in"

    # -- steps

    @rule()
    def a_look(self) -> None:
        """First in the order of names: hypothesis begins with a walk of the simplest steps. It counts for nothing."""
        Walk.steps -= 1

    @rule(wish=WISHES["nginx"])
    @told
    def nginx(self, wish: dict[str, Any]) -> None:
        self.succeeds("nginx", self._variables("nginx", wish))

    @rule(wish=WISHES["docker"])
    @told
    def docker(self, wish: dict[str, Any]) -> None:
        self.succeeds("docker", self._variables("docker", wish))

    @rule(wish=WISHES["base"])
    @told
    def base(self, wish: dict[str, Any]) -> None:
        self.succeeds("base", self._variables("base", wish))

    @precondition(lambda self: len(self.given["base"]["base_user_keys"]) > 1)
    @rule()
    @told
    def another_key(self) -> None:
        """From now on the controller has the other key, if it may."""
        other = {"first": "second", "second": "first"}[self.host.key]
        if public_key(other) in self.given["base"]["base_user_keys"]:
            self._go_in(other)
            self.again("base")

    @rule(role=ROLES, data=st.data())
    def a_mistake(self, role: str, data: st.DataObject) -> None:
        wish, fault = data.draw(WISHES[role]), data.draw(st.sampled_from(sorted(MISTAKES[role])))
        self.mistake(role=role, wish=wish, fault=fault)

    @told
    def mistake(self, role: str, wish: dict[str, Any], fault: str) -> None:
        """Refused and named, and nothing is touched."""
        mistake = MISTAKES[role][fault]
        # The access changes before the rest is tried: what only the host knows comes with the access as it is.
        late = role == "base" and mistake.is_late
        given = copy.deepcopy(self.given[role] if late else self._variables(role, wish))
        mistake.inject(given)
        before = self.look(by_content=mistake.is_late)
        _foreseen, done = self.attempt(role, given, may_differ=mistake.is_late and role != "nginx")
        assert done.message, f"{role}, {fault}: it was not refused"
        for word in mistake.words:
            assert word in done.message, f"{role}, {fault}: no {word!r} in: {done.message}"
        self.is_same(before, self.look(by_content=mistake.is_late), f"{role}, {fault}: something was touched")
        self.settled(role == "base")

    @rule(what=st.sampled_from(sorted(HANDS)))
    @told
    def by_hand(self, what: str) -> None:
        hand: Hand = HANDS[what]
        key, user = public_key("third").partition(" third")[0], self.given["base"]["base_user"]
        command, cure = (text.replace("USER", user).replace("KEY", key) for text in (hand.command, hand.cure))
        self.host.shell(command, check=False)
        done = self.attempt(hand.role, self.given[hand.role])[1]
        if done.message and hand.words:
            for word in hand.words:
                assert word in done.message, f"{what}: no {word!r} in: {done.message}"
            self.host.shell(cure)
            _foreseen, done = self.attempt(hand.role, self.given[hand.role])
        assert done.is_done, f"{what}: {done.message}"
        assert done.changed or not hand.changes, f"{what}: nothing was done"
        self.settled(hand.role == "base")
        self.again(hand.role)

    @rule(path=st.sampled_from(sorted(STRANGERS)))
    @told
    def stranger(self, path: str) -> None:
        """Somebody's own file; it stays, and makes no difference."""
        put(self.host, path, STRANGERS[path].encode())
        self.strangers.add(path)
        role = next((role for role in ("docker", "nginx") if role in path), "base")
        _foreseen, done = self.attempt(role, self.given[role])
        assert done.is_done, f"{role} with {path}: {done.message}"
        self.settled(role == "base")

    @rule(role=ROLES, data=st.data())
    def a_kill(self, role: str, data: st.DataObject) -> None:
        wish, moment = data.draw(WISHES[role]), data.draw(MOMENT)
        after = data.draw(st.sampled_from(["this", "the former", "another"]))
        other = data.draw(WISHES[role]) if after == "another" else {}
        self.killed(role=role, wish=wish, moment=moment, after=after, other=other)

    @told
    def killed(
        self, role: str, wish: dict[str, Any], moment: dict[str, Any], after: str, other: dict[str, Any]
    ) -> None:
        """The next run, of whatever settings, is as if nothing had been."""
        given = self._variables(role, wish)
        outcome = self.run(role, given, kill=moment)
        if outcome.is_done:
            self._follow(role, given)
        self.host.shell("for i in $(seq 100); do pgrep -x 'apt-get|dpkg' >/dev/null || break; sleep 0.1; done")
        if after == "another":
            given = self._variables(role, other)
        self.succeeds(role, self.given[role] if after == "the former" else given, may_differ=True)

    @rule(role=ROLES, data=st.data())
    def a_full_disk(self, role: str, data: st.DataObject) -> None:
        self.full_disk(role=role, wish=data.draw(WISHES[role]), free=data.draw(st.sampled_from([0, 4, 8, 16, 32])))

    @told
    def full_disk(self, role: str, wish: dict[str, Any], free: int) -> None:
        """A run fails with these words and leaves all as it was, or it needs no room."""
        given, place = self._variables(role, wish), DISKS[role]
        if role == "base":  # what apt has installed before the disk is written to stays
            given |= {name: self.given["base"][name] for name in hosts_base.INSTALLS}
        self.host.shell(
            f"rm -rf {place}-aside && cp -a {place} {place}-aside && mount -t tmpfs -o size=400k,mode=755 walk {place}"
            f" && cp -a {place}-aside/. {place}/ && cat /dev/zero > {place}/.filler 2>/dev/null;"
            f" truncate -s $(($(stat -c %s {place}/.filler) - {free} * 1024)) {place}/.filler"
        )
        try:
            before = self.look(by_content=True)
            done = self.run(role, given)
            if done.message:
                assert FULL in done.message, done.message
                self.is_same(before, self.look(by_content=True), f"{role}: a full disk, and something was changed")
        finally:
            self.host.shell(
                f"rm {place}/.filler; rm -rf {place}-aside && cp -a {place} {place}-aside && umount {place}"
                f" && find {place} -mindepth 1 -delete; cp -a {place}-aside/. {place}/ && rm -rf {place}-aside"
            )
        if done.is_done:
            self._follow(role, given)
        self.settled()
        self.succeeds(role, given, may_differ=True)

    @precondition(lambda self: self.turn % 6 == 5)  # it takes long
    @rule()
    @told
    def reboot(self) -> None:
        """All is back without a run, and a run has nothing to do."""
        self.host.restart()
        self.settled()
        for role in ("base", "docker", "nginx"):
            self.again(role)


GROUND = Ground(machine=Hosts, steps=30, walks=2, shorten=False, tries=0)
