# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through declarations and events of an app that is released with Docker Compose, on a real droplet."""

from __future__ import annotations

import copy
import time
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.load.releases import STEPS

from .compose_faults import FAULTS, Fault
from .ground import ready_host
from .host import Host, HostError, Modules
from .released import Outcome, Released, is_same, run_role
from .role import Role
from .walk import Ground, Walk, told

PROJECT, DIRECTORY = "walk", "/opt/walk"
DISK = 8 * 1024  # KiB of the app's own file system
EVENTS = 12  # after so many files and programs of one step a kill comes when the run has ended
DEPLOYED = "deploy | Move the visitors to the new release, or keep the live one as it should be"


@cache
def role() -> Role:
    return Role("app_compose")


# States of the disk, by shell commands in the app's directory.
FILES = {
    "an empty journal": ": > transaction.json",
    "half a journal": """printf '{"release": "x' > transaction.json""",
    "a lock cut short": "printf '{' > lease.json",
    "an open release without a manifest": "mkdir -p releases/half",
    "half a manifest": "mkdir -p releases/half && printf '{' > releases/half/release.json",
    "a colour without its file": "rm -f blue/compose.yml green/compose.yml",
    "a colour without its variables": "rm -f blue/.env green/.env",
    "a colour with half a file": "for file in blue/compose.yml green/compose.yml; do printf '{' > $file; done",
    "a colour with a wrong file": "for file in blue/compose.yml green/compose.yml; do echo 'sevices: {}' > $file; done",
    "half a data file": "[ ! -d data ] || printf '{\"services\": {' > data/compose.yml",
    "data without variables": "rm -f data/.env",
}


SERVICE = st.fixed_dictionaries(
    {
        "image": st.sampled_from(["1", "2", "build"]),
        "version": st.integers(0, 2),
        "replicas": st.sampled_from([1, 1, 2]),
        "counted": st.sampled_from(["replicas", "scale", "deploy"]),  # where the number is said
    }
)
WORKER = st.fixed_dictionaries(
    {"image": st.sampled_from(["1", "2"]), "version": st.integers(0, 1), "volume": st.booleans()}
)
REDIS = st.fixed_dictionaries(
    {
        "memory": st.sampled_from([64, 96]),
        "port": st.booleans(),
        "health": st.booleans(),
        "name": st.sampled_from(["redis", "redis", "cache"]),
        "version": st.sampled_from(["8", "8", "8", "7"]),  # one program under two names
        "volume": st.sampled_from(["rows", "rows", "rows", "more"]),
    }
)
DATABASE = st.fixed_dictionaries(
    {"password": st.sampled_from(["first", "second"]), "connections": st.sampled_from([20, 30])}
)
DECLARATION = st.fixed_dictionaries(
    {
        "web": SERVICE,
        "api": st.none() | SERVICE,
        "side": st.none() | st.none() | SERVICE,
        "worker": st.none() | WORKER,
        "redis": st.none() | REDIS,
        "mail": st.booleans(),
        "database": st.none() | st.none() | DATABASE,
        "migrate": st.booleans(),
        "soak": st.integers(0, 1),
        "drain": st.integers(0, 1),
        "keep": st.integers(1, 3),
        "first_port": st.sampled_from([0, 0, 0, 24000]),
    }
)
# Of the plan, which ends what a killed run left, or of the deploy: a step as the journal has it.
MOMENT = st.fixed_dictionaries(
    {
        "call": st.sampled_from([0, 1, 1, 1, 1]),
        "step": st.sampled_from(["before", *STEPS, "after"]),
        "event": st.integers(0, EVENTS),
        "group": st.booleans(),
    }
)
FAULT = st.sampled_from(sorted(FAULTS))
CONSENT = "app_compose_allow_data_change"
LOGIN = ("DATABASE_USER", "DATABASE_OWNER_PASSWORD")  # what a database gives to services
VOLUMES = ("rows", "more")  # of Redis


def service(declared: dict[str, Any]) -> dict[str, Any]:
    built = declared["image"] == "build"
    image = "1" if built else declared["image"]
    number = {declared["counted"]: declared["replicas"]}
    if "deploy" in number:
        number = {"deploy": {"replicas": declared["replicas"]}}
    return {
        **({"build": {}} if built else {"image": f"izzzi-walk:{declared['image']}"}),
        "port": 8080,
        **(number if declared["replicas"] > 1 else {}),
        "environment": {"RELEASE": "${RELEASE}", "VERSION": str(declared["version"])},
        "checks": [{"path": "/health", "json": {"status": "ok", "image": image}, "release": "release"}],
    }


def redis(declared: dict[str, Any]) -> dict[str, Any]:
    command = ["redis-server", "--dir", "/data", "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    test = {"test": ["CMD", "redis-cli", "ping"], "interval": "1s", "timeout": "2s", "retries": 5}
    return {
        "image": f"redis:{declared['version']}",
        "command": [*command, "--maxmemory", f"{declared['memory']}mb", "--protected-mode", "no"],
        "volumes": [f"{declared['volume']}:/data"],
        **({"ports": ["127.0.0.1:16379:6379"]} if declared["port"] else {}),
        **({"healthcheck": test} if declared["health"] else {}),
    }


def database(declared: dict[str, Any]) -> dict[str, Any]:
    ready = ["CMD", "pg_isready", "--quiet", "--username=app", "--dbname=app", "--host=127.0.0.1"]
    return {
        "image": "postgres:17",
        "environment": {
            "POSTGRES_DB": "app",
            "POSTGRES_USER": "app",
            "POSTGRES_PASSWORD": "${DATABASE_OWNER_PASSWORD}",
        },
        "command": ["postgres", "-c", f"max_connections={declared['connections']}"],
        "volumes": ["tables:/var/lib/postgresql/data"],
        "healthcheck": {"test": ready, "interval": "1s", "timeout": "5s", "retries": 12},
    }


# Of the release command: a row in the database that only this release writes, twice the same.
MIGRATION = """psql --quiet --set=ON_ERROR_STOP=1 "$DATABASE" --command="
    CREATE TABLE IF NOT EXISTS migrated (release text PRIMARY KEY);
    INSERT INTO migrated VALUES ('$RELEASE') ON CONFLICT DO NOTHING; {}" """


def variables(declared: dict[str, Any]) -> dict[str, Any]:
    """The role's inputs for what is declared."""
    services = {name: service(declared[name]) for name in ("web", "api", "side") if declared[name]}
    for name in ("api", "side"):
        if name in services:  # seen by visitors below /api and /side only
            services[name]["checks"] = [{**services[name]["checks"][0], "path": "/health", "edge": False}]
    if worker := declared["worker"]:
        services["worker"] = {
            "image": f"izzzi-walk:{worker['image']}",
            "environment": {"VERSION": str(worker["version"])},
            **({"volumes": ["files:/files"]} if worker["volume"] else {}),
        }
    if declared["database"]:  # psql is in its image
        url = "postgresql://${DATABASE_USER}:${DATABASE_PASSWORD}@db/app"
        worker = {"image": "postgres:17", "command": ["sleep", "1000000"], "init": True, "stop_signal": "SIGKILL"}
        services["worker"] = {**worker, "environment": {"RELEASE": "${RELEASE}", "DATABASE": url}}
    data = {declared["redis"]["name"]: redis(declared["redis"])} if declared["redis"] else {}
    if declared["database"]:
        data["db"] = database(declared["database"])
    if declared["mail"]:
        data["mail"] = {"image": "izzzi-walk:1", "environment": {"RELEASE": "mail"}, "tmpfs": ["/stamp"]}
    command = {"service": "web", "command": ["true"]}
    if declared["database"]:
        command = {"service": "worker", "command": ["sh", "-c", MIGRATION.format("")]}
    return {
        "app_compose_project": PROJECT,
        "app_compose_source": {"path": "."} if any("build" in s for s in services.values()) else {},
        "app_compose_services": services,
        "app_compose_data_services": data,
        "app_compose_volumes": {name: {} for name in (*VOLUMES, "files", "tables")},
        "app_compose_release_command": {**command, "timeout": 60} if declared["migrate"] else {},
        "app_compose_database": {"service": "db", "name": "app", "user": "app"} if declared["database"] else {},
        "app_compose_database_password": declared["database"]["password"] if declared["database"] else "",
        "app_compose_wait_timeout": 60,
        "app_compose_soak": declared["soak"],
        "app_compose_drain_timeout": declared["drain"],
        "app_compose_first_port": declared["first_port"],
        "app_compose_keep_releases": declared["keep"],
        "app_compose_free_space": 0,
        "app_compose_lock_ttl": 1,
        "app_compose_lock_wait": 10,
        "app_compose_edge_host": "walk.test",
    }


def containers_of(service: dict[str, Any]) -> int:
    said = [service.get("replicas"), service.get("scale"), service.get("deploy", {}).get("replicas")]
    return next((number for number in said if number), 1)


def is_of(release: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether a release was made from these inputs."""
    known, mine = (
        {name: (containers_of(s), s.get("image"), s.get("environment")) for name, s in services.items()}
        for services in (release["services"], given["app_compose_services"])
    )
    return known == mine and release["data_services"] == given["app_compose_data_services"]


def losses(containers: list[dict[str, Any]], data_services: dict[str, Any]) -> set[str]:
    """What the data of Redis would lose that no undo brings back, by the word that a refusal must have: the volume that
    is left, or the image that would get another's data."""
    users = {s["volumes"][0].partition(":")[0]: name for name, s in data_services.items() if s.get("volumes")}
    found: set[str] = set()
    for container in (c for c in containers if c["project"] == PROJECT):
        for volume in (name.removeprefix(f"{PROJECT}_") for name in container["volumes"]):
            if container["service"] in data_services and users.get(volume) != container["service"]:
                found.add(f"{PROJECT}_{volume}")
            if volume in users and data_services[users[volume]]["image"] != container["image"]:
                found.add(data_services[users[volume]]["image"])
    return found


def back(kept: dict[str, Any], today: dict[str, Any]) -> dict[str, Any]:
    """The data services after a rollback: today's, and those that only the kept release had. What of today's is on the
    same volume, or has the same port, gives way to them."""
    taken = {use for name, s in kept.items() if name not in today for use in uses(s)}
    return {**kept, **{name: s for name, s in today.items() if not taken & uses(s)}}


def defined_by(release: dict[str, Any]) -> list[Any]:
    """What of a kept release needs variables."""
    return [release.get(kind) for kind in ("services", "data_services")]


def uses(data_service: dict[str, Any]) -> set[str]:
    volumes = {volume.partition(":")[0] for volume in data_service.get("volumes", [])}
    return volumes | {*data_service.get("ports", [])}


class Compose(Released):
    """One app on one droplet. A step is a declaration or an event, with all the runs that follow from it."""

    host: Host

    def __init__(self) -> None:
        super().__init__()
        self.host = ready_host()
        self.host.clear(PROJECT, DIRECTORY, DISK)
        self.visited = self.host.ask("visits", host="walk.test")["offset"]
        self.live: str = ""  # the id of the release that visitors meet
        self.good: dict[str, Any] = {}  # the inputs of the live release
        self.rows = dict.fromkeys(VOLUMES, 0)  # by volume
        self.tables = 0  # rows in PostgreSQL
        self.migrated: set[str] = set()  # releases whose migration was carried out
        self.killed: list[dict[str, Any]] = []  # inputs of runs that were killed since the last good one
        self.left: set[str] = set()  # volumes of containers that were removed by hand
        self.turn = 0  # of what is done every other time
        self.seen = self.look()

    def teardown(self) -> None:
        self.host.clear(PROJECT, DIRECTORY, DISK)

    # -- runs

    def run(self, given: dict[str, Any], check: bool = False, kill: dict | None = None, entry: str = "main") -> Outcome:
        kill = {**kill, "journal": f"{DIRECTORY}/transaction.json"} if kill else None
        modules = Modules(self.host, kill, str(given.get("version", "1")))
        return run_role(role(), given, modules, check, entry)

    def attempt(self, given: dict[str, Any], **options: Any) -> tuple[Outcome, Outcome]:
        """A check, then the run that it must have predicted; what a killed run left is ended by a run only."""
        was_whole = self.is_whole()
        foreseen = self.foresee(given, **options)
        done = self.run(given, **options)
        if foreseen.message and (was_whole or "has held the lock" not in foreseen.message):  # a run waits for it
            assert done.message, f"the check failed and the run did not: {foreseen.message}"
        if done.is_done and was_whole:
            predicted, came = bool(foreseen.changed), bool(done.changed)
            assert predicted == came, f"the check predicted {foreseen.changed}, the run did {done.changed}"
        return foreseen, done

    # -- what must hold

    def look(self) -> dict[str, Any]:
        return self.host.ask("look", project=PROJECT, directory=DIRECTORY)

    def visits(self, allowed: set[str], open: bool) -> None:
        """All visitors since the last look met one of the releases."""
        answer = self.host.ask("visits", host="walk.test", offset=self.visited)
        self.visited = answer["offset"]
        if open:
            wrong = [row for row in answer["answers"] if row[1] != 200 or row[2] not in allowed]
            assert not wrong, f"visitors met {wrong}, not one of {sorted(allowed)}"

    def settled(self, given: dict[str, Any], live: str) -> None:
        """After a run that was not killed: the release is live, and nothing is left over."""
        now = self.seen = self.look()
        assert now["current"] == live, f"current is {now['current']}, not {live}"
        files = [
            name for name in now["files"] if name.endswith((".new", ".partial", "/lease.json", "/transaction.json"))
        ]
        assert not files, f"left over: {files}"
        assert not [name for name in now["edge"] if name.endswith(".new")], now["edge"]
        stray = {*now["anonymous"]} - {name for c in now["containers"] for name in c["volumes"]} - self.left
        assert not stray, f"volumes without a name and a user: {stray}"
        self._containers(given, now)
        networks = {f"{PROJECT}_default", f"{PROJECT}-blue", f"{PROJECT}-green"}
        assert set(now["networks"]) <= networks, now["networks"]
        good = {id for id, release in now["releases"].items() if release["state"] == "good"}
        stray = [image for image in now["images"] if image.rpartition(":")[2] not in good]
        assert not stray, f"images of no good release: {stray}; good are {good}"
        self._rows(now)
        self._tables(given, live)

    def _containers(self, given: dict[str, Any], now: dict[str, Any]) -> None:
        running: dict[str, dict[str, int]] = {}
        for c in now["containers"]:
            if c["state"] != "exited":
                assert c["state"] == "running", c
                mine = running.setdefault(c["project"], {})
                mine[c["service"]] = mine.get(c["service"], 0) + 1
        data = running.pop(PROJECT, {})
        assert data == dict.fromkeys(given.get("app_compose_data_services", {}), 1), f"data services run: {data}"
        wanted = {name: containers_of(s) for name, s in given.get("app_compose_services", {}).items()}
        assert list(running.values()) == ([wanted] if wanted else []), f"services run: {running}, declared {wanted}"

    def _rows(self, now: dict[str, Any]) -> None:
        """What was acknowledged is there; one more row."""
        for volume in VOLUMES:
            users = [c for c in now["containers"] if c["state"] == "running" and f"{PROJECT}_{volume}" in c["volumes"]]
            assert len(users) <= 1, f"two on one volume: {users}"
            for address in (c["address"] for c in users):
                there, known = self._until_rows(address), self.rows[volume]
                assert there == known, f"{there} rows are in {volume}, {known} were acknowledged"
                self.rows[volume] = self.host.ask("push", address=address, row=str(known))["rows"]

    def _tables(self, given: dict[str, Any], live: str) -> None:
        """The same of PostgreSQL, and what the live release's migration has written."""
        if "db" not in given.get("app_compose_data_services", {}):
            return
        now = self.host.ask("tables", container=f"{PROJECT}-db-1")
        assert now["rows"] == self.tables, f"{now['rows']} rows are in PostgreSQL, {self.tables} were committed"
        assert "half" not in now["migrated"], "half of a migration that failed was done"
        self.tables = self.host.ask("insert", container=f"{PROJECT}-db-1")["rows"]
        if given["app_compose_release_command"].get("service") == "worker" and live in self.migrated:
            assert live in now["migrated"], f"{live} has migrated, and its row is not in {now['migrated']}"

    def _until_rows(self, address: str) -> int | None:
        for _ in range(20):
            try:
                answer = self.host.ask("rows", address=address)
                if answer["rows"] is not None:
                    return answer["rows"]
            except HostError:  # it starts
                pass
            time.sleep(0.1)
        return None

    # -- steps

    def is_whole(self) -> bool:
        """The last run was not killed."""
        return not {f"{DIRECTORY}/{name}" for name in ("transaction.json", "lease.json")} & set(self.look()["files"])

    def candidates(self) -> set[str]:
        """Whom visitors may meet after a kill near the end of a run."""
        return set(self.look()["releases"])

    def consented(self, given: dict[str, Any]) -> dict[str, Any]:
        """The declaration with what it needs of consent. It was refused without."""
        if not self.is_whole():  # what a killed run left decides, and it is not known yet
            return {**given, CONSENT: True}
        before = self.look()
        if not (lost := losses(before["containers"], given["app_compose_data_services"])):
            return given
        foreseen, done = self.attempt({**given, CONSENT: False})
        for how, message in {"check": foreseen.message, "run": done.message}.items():
            missing = [word for word in {*lost, CONSENT} if word not in message]
            assert not missing, f"the {how} does not name {missing}, which consent is needed for: {message}"
        is_same(before, self.look(), "it needs consent, and something was touched without it")
        return {**given, CONSENT: True}

    def succeeds(self, given: dict[str, Any]) -> None:
        """A correct declaration is released, whatever was before."""
        given = self.consented(given)
        before, was_open = {self.live} | (set() if self.is_whole() else self.candidates()), bool(self.live)
        self.turn += 1
        # A check before, or a second run after: both for each release would cost a third of all steps.
        done = self.attempt(given)[1] if self.turn % 2 else self.run(given)
        assert done.is_done, f"a correct declaration was not released: {done.message}"
        self.live, self.good = self.look()["current"], given
        self.killed = []
        by = given["app_compose_release_command"].get("service")
        if by == "worker" and "migrate" in done.results.get(DEPLOYED, {}).get("steps", {}):
            self.migrated.add(self.live)
        self.visits(before | {self.live}, was_open)
        self.settled(given, self.live)
        if self.turn % 2 == 0:
            self.again(given)
        self.visits({self.live}, True)

    @rule()
    def a_look(self) -> None:
        """First in the order of names: hypothesis begins with a walk of the simplest steps. It counts for nothing."""
        Walk.steps -= 1

    @rule(declared=DECLARATION)
    @told
    def release(self, declared: dict[str, Any]) -> None:
        self.succeeds(variables(declared))

    @precondition(lambda self: self.live)
    @rule()
    @told
    def release_the_same(self) -> None:
        self.succeeds(self.good)

    @rule(declared=DECLARATION, fault=FAULT, twice=st.booleans())
    @told
    def release_broken(self, declared: dict[str, Any], fault: str, twice: bool) -> None:
        broken: Fault = FAULTS[fault]
        if broken.needs_live and not self.live:  # a first release is shown at once: there is nobody to protect
            fault = "a crash"
            broken = FAULTS[fault]
        given = {**copy.deepcopy(variables(declared)), CONSENT: True}
        broken.inject(given)
        for _ in range(2 if twice else 1):
            was_whole, before = self.is_whole(), self.look()
            candidates = set() if was_whole else self.candidates()
            foreseen, done = self.attempt(given)
            assert done.message, f"{fault} was released"
            assert not broken.is_static or foreseen.message, f"the check did not predict that {fault} fails"
            for word in broken.words:
                assert word in done.message, f"{fault}: no {word!r} in: {done.message}"
            if broken.is_static and was_whole:
                is_same(before, self.look(), f"{fault} is refused after something was touched")
            self._follow()
            self.visits({self.live} | candidates, bool(self.live))
            if self.is_whole():
                self.settled(self.good, self.live)
            if self.live and not broken.is_static:
                assert f"Release {self.live} goes on serving" in done.message, done.message

    @rule(declared=DECLARATION, moment=MOMENT, after=st.sampled_from(["this", "the former", "back", "anything"]))
    @told
    def release_killed(self, declared: dict[str, Any], moment: dict[str, Any], after: str) -> None:
        """The next run, of whatever declaration, is as if nothing had been."""
        given, before = {**variables(declared), CONSENT: True}, self.live
        self.run(given, kill=moment)
        self.killed.append(given)
        self.host.wait_for_stragglers()
        self.visits({before} | self.candidates(), bool(before))
        self._follow(given)
        if after == "this":
            self.succeeds(given)
        elif after == "the former" and self.good:
            self.succeeds(self.good)
        elif after == "back" and self.live:
            self._back(0)

    def _follow(self, *given: dict[str, Any]) -> None:
        """A run that did not end well may have committed before, or finished what one that was killed had proven."""
        now = self.look()
        if now["current"] != self.live:
            release = now["releases"][now["current"]]
            mine = [one for one in (*given, *self.killed) if is_of(release, one)]
            self.live, self.good = now["current"], [*mine, *given][0]

    @rule(declared=DECLARATION, free=st.sampled_from([0, 4, 8, 12, 16, 24, 32, 48]))
    @told
    def release_on_full_disk(self, declared: dict[str, Any], free: int) -> None:
        given, before = {**variables(declared), CONSENT: True}, self.live
        candidates = self.candidates()
        self.host.fill(DIRECTORY, free)
        outcome = self.run(given)
        self.host.unfill(DIRECTORY)
        self.visits({before} | candidates | self.candidates(), bool(before))
        if outcome.is_done:
            self.live, self.good = self.look()["current"], given
            self.settled(given, self.live)
        else:
            assert "No space left" in outcome.message, outcome.message
            self._follow(given)

    @precondition(lambda self: self.live)
    @rule(choice=st.integers(0, 2))
    @told
    def roll_back(self, choice: int) -> None:
        self._back(choice)

    def _back(self, choice: int) -> None:
        was_whole, now, before = self.is_whole(), self.look(), self.live
        releases, containers = now["releases"], now["containers"]
        kept = sorted((r["live_at"], id) for id, r in releases.items() if r["state"] == "good" and id != self.live)
        wanted = kept[-1 - choice % len(kept)][1] if kept else "nowhere"
        given = {**self.good, CONSENT: False, "app_compose_rollback_to": wanted if choice else ""}
        foreseen, done = self.attempt(given, entry="rollback")
        if was_whole and not kept:
            assert done.message, "a rollback to nowhere"
            assert foreseen.message, "the check did not predict it"
            return
        needed = [name for name in LOGIN if name in str(defined_by(releases.get(wanted, {})))]
        if was_whole and needed and not given["app_compose_database"]:
            for how, message in {"check": foreseen.message, "run": done.message}.items():
                named = any(name in message for name in needed)
                assert named, f"a {how} of a rollback without the database's login: {message!r}"
            return
        data = back(releases.get(wanted, {}).get("data_services", {}), given["app_compose_data_services"])
        if was_whole and (lost := losses(containers, data)):
            missing = [word for word in lost if word not in done.message or word not in foreseen.message]
            assert not missing, f"a rollback that needs consent for {missing}: {done.message} {foreseen.message}"
            return
        assert done.is_done or not was_whole, done.message
        self.live = self.look()["current"]
        if not done.is_done:
            return
        assert not was_whole or self.live == (wanted if choice else kept[-1][1])
        data = back(releases[self.live]["data_services"], self.good["app_compose_data_services"])
        services, command = releases[self.live]["services"], self.good["app_compose_release_command"]
        service = command.get("service", "")
        images = [some.get(service, {}).get("image") for some in (services, self.good["app_compose_services"])]
        if service not in services or images[0] != images[1]:
            command = {}  # another image may not have its program
        went = {
            **self.good,
            "app_compose_source": {"path": "."} if any("build" in s for s in services.values()) else {},
            "app_compose_services": services,
            "app_compose_data_services": data,
            "app_compose_release_command": command,
        }
        self.visits({before, self.live} | (set() if was_whole else self.candidates()), True)
        self.settled(went, self.live)
        self.good = went
        if went["app_compose_database"] and "DATABASE_USER" not in str(services):
            self.succeeds(went)  # the declared login is part of what a release is, so this one is another

    @precondition(lambda self: self.live)
    @rule(what=st.sampled_from(["stop", "kill", "rm", "pause", "double"]), number=st.integers(0, 5))
    @told
    def by_hand(self, what: str, number: int) -> None:
        """Somebody does something to a container; a check names it, and a run mends it."""
        running = [c for c in self.look()["containers"] if c["state"] == "running"]
        if not running:
            return
        victim, was_whole = running[number % len(running)], self.is_whole()
        if what == "double" and (victim["published"] or victim["service"] == "db"):
            what = "stop"  # a second one would find no port; and a second PostgreSQL spoils the data itself
        if what == "double":
            self._double(victim, sum(c["service"] == victim["service"] for c in running))
        else:
            self.left |= set(victim["volumes"]) if what == "rm" else set()
            force = "--force " if what == "rm" else ""
            self.host.shell(f"docker container {what} {force}{victim['id']}")
        time.sleep(0.3)  # until the engine's list says so, too
        foreseen, done = self.attempt(self.good)
        assert done.is_done, done.message
        told = foreseen.said + str(foreseen.results)
        if what != "kill" and was_whole:  # Docker itself may have started a killed one again
            assert done.changed, f"a container of {victim['service']} was changed ({what}), and nothing was done"
            assert victim["service"] in told, f"the check does not name {victim['service']}: {foreseen.said}"
        self.live = self.look()["current"]
        self._until_open()
        self.settled(self.good, self.live)
        self.again(self.good)
        self.visits({self.live}, True)

    def _double(self, victim: dict[str, Any], number: int) -> None:
        place = f"{DIRECTORY}/{victim['project'].removeprefix(PROJECT).lstrip('-') or 'data'}"
        files = f"--project-directory {place} --file {place}/compose.yml --env-file {place}/.env"
        up = f"up --detach --no-recreate --no-deps --scale {victim['service']}={number + 1} {victim['service']}"
        self.host.shell(f"docker compose --project-name {victim['project']} {files} {up}")

    @precondition(lambda self: self.live)
    @rule(how=st.sampled_from(["engine", "nginx", "reboot"]))
    @told
    def restart(self, how: str) -> None:
        """The app is back without a run, and a run has nothing to do."""
        if how == "reboot":
            self.host.reboot(DIRECTORY, DISK)
            self.visited = self.host.ask("visits", host="walk.test")["offset"]
        else:
            unit = {"engine": "docker", "nginx": "nginx"}[how]  # systemd refuses what is restarted too often
            self.host.shell(f"systemctl reset-failed {unit}; systemctl restart {unit}")
        if self.live and self.is_whole():
            self._until_open()
            self.settled(self.good, self.live)
            self.again(self.good)

    def _until_open(self) -> None:
        for _ in range(150):
            answer = self.host.ask("visits", host="walk.test", offset=self.visited)
            if answer["answers"][-1][1:] == [200, self.live]:
                self.visited = answer["offset"]
                return
            time.sleep(0.2)
        raise AssertionError(f"visitors meet {answer['answers'][-1]}, not {self.live}")

    @precondition(lambda self: self.live)
    @rule(what=st.sampled_from(sorted(FILES)))
    @told
    def garble(self, what: str) -> None:
        """A file is as a full disk, a crash or a hand left it; the next run does not stop at it."""
        self.host.shell(f"cd {DIRECTORY} && mkdir -p blue green && {FILES[what]}")
        self.succeeds(self.good)


GROUND = Ground(machine=Compose, steps=20, walks=5, shorten=False, tries=0)
