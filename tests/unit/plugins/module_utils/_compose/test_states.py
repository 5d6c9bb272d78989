# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run, a kill or a full disk can leave on the disk: none of it stops the next correct run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseFile
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import BAD, GOOD, OPEN, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose import undo as undoing
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.cut_over import offer
from ansible_collections.izzzi.infra.plugins.module_utils._compose.images import remove_images
from ansible_collections.izzzi.infra.plugins.module_utils._compose.plan import plan
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import read_all
from ansible_collections.izzzi.infra.plugins.module_utils._compose.transaction import JOURNAL

from .engine import new

SERVICES = {"web": {"image": "x:1", "port": 3000}, "worker": {"image": "x:1"}}
LIVE = Manifest("r0", "r0", "f", GOOD, services=SERVICES, colour="blue", live_at=1)


def blue(status: str = "running") -> list[dict]:
    web = new("shop-blue", "web", "shop/web:r0", ["127.0.0.1:20000:3000"], status)
    return [web, new("shop-blue", "worker", "shop/worker:r0", status=status)]


def green() -> list[dict]:
    return [new("shop-green", "web", "shop/web:r1", ["127.0.0.1:20100:3000"])]


@pytest.fixture
def killed(transaction, engine, tmp_path):
    """r0 is live in blue, and the run of r1 was killed while it watched its candidate in green."""
    (tmp_path / "edge").mkdir()
    t = transaction(LIVE, {"services": SERVICES}, edge_directory=str(tmp_path / "edge"))
    engine.has(*blue(), *green())
    t.edge.switch(t.live_edge_files())
    begin(t, "r1", "deploy")
    t.note(step="prove")
    source = t.app.release_directory("r1") / "source"
    source.mkdir()
    (source / "half").touch()
    offer(t)
    return t


Damage = Callable[[Path], object]


def to(text: str, name: str = JOURNAL) -> Damage:
    return lambda directory: (directory / name).write_text(text)


def edited(**changes) -> Damage:
    def damage(directory: Path) -> None:
        journal = json.loads((directory / JOURNAL).read_text()) | changes
        (directory / JOURNAL).write_text(json.dumps({k: v for k, v in journal.items() if v != "-"}))

    return damage


def compose_of(colour: str, text: str) -> Damage:
    def damage(directory: Path) -> None:
        (directory / colour).mkdir(exist_ok=True)
        (directory / colour / "compose.yml").write_text(text)
        (directory / colour / ".env").write_text("HALF='")

    return damage


STATES: dict[str, Damage] = {
    "nothing else": lambda directory: None,
    "journal: empty": to(""),
    "journal: cut short": to('{"release": "r1", "colour'),
    "journal: no text": lambda directory: (directory / JOURNAL).write_bytes(b"\xff\x00"),
    "journal: a list": to("[1]"),
    "journal: a number": to("3"),
    "journal: null": to("null"),
    "journal: {}": to("{}"),
    "journal: unknown keys": edited(later_version={"x": 1}),
    "journal: no step": edited(step="-"),
    "journal: no colour": edited(colour="-"),
    "journal: no edge": edited(edge="-"),
    "journal: no start": edited(started="-"),
    "journal: another colour": edited(colour="red"),
    "journal: a text as port": edited(first_port="x"),
    "journal: a number as release": edited(release=5),
    "journal: a release elsewhere": edited(release="../../etc"),
    "journal: edge is a text": edited(edge="x"),
    "journal: edge that nginx refuses": edited(edge={"http.conf": "broken", "server.conf": None}),
    "journal: of a release without a manifest": lambda d: (d / "releases/r1/release.json").unlink(),
    "journal: of a release without a directory": lambda d: shutil.rmtree(d / "releases/r1"),
    "candidate's manifest: half": to('{"id": "r1', "releases/r1/release.json"),
    "candidate's files: damaged": compose_of("green", "services: {web"),
    "live one's files: damaged": compose_of("blue", ""),
    "live one's files: gone": lambda d: shutil.rmtree(d / "blue", ignore_errors=True),
    "live one's manifest: half": to('{"id": "r0', "releases/r0/release.json"),
    "live one's manifest: empty": to("", "releases/r0/release.json"),
    "live one's manifest: no colour": to('{"id": "r0", "source": "r0"}', "releases/r0/release.json"),
    "live one's manifest: wrong types": to(
        '{"id": "r0", "source": "r0", "colour": "blue", "services": null}', "releases/r0/release.json"
    ),
    "live one's manifest: of a later version": lambda d: (d / "releases/r0/release.json").write_text(
        json.dumps(json.loads((d / "releases/r0/release.json").read_text()) | {"later_version": 1})
    ),
    "releases: gone": lambda d: shutil.rmtree(d / "releases"),
    "current: gone": lambda d: (d / "current").unlink(),
    "current: leads nowhere": lambda d: shutil.rmtree(d / "releases/r0"),
    "edge: no file": lambda d: [path.unlink() for path in (d.parent / "edge").iterdir()],
    "edge: half": lambda d: (d.parent / "edge/http.conf").write_text("upstream broken {"),
    "edge: no text": lambda d: (d.parent / "edge/server.conf").write_bytes(b"\xff\xfe"),
    "edge token: empty": to("", "edge-token"),
    "leftovers": lambda d: [
        (d / name).write_text("half")
        for name in (".transaction.json.new", ".edge-token.new", ".current.new", "releases/r1/.release.json.new")
    ],
    "lock: half": to('{"owner": "x', "lease.json"),
    "lock: of words": to(
        json.dumps(dict.fromkeys(("owner", "token", "purpose", "since", "beat", "ttl"), "x")), "lease.json"
    ),
}


@pytest.mark.parametrize("old", ["running", "exited", "paused"])
@pytest.mark.parametrize("state", STATES)
def test_whatever_a_killed_run_left_is_undone_without_compose(killed, transaction, engine, state, old):
    engine.has(*blue(old), *green())
    directory = killed.app.directory
    STATES[state](directory)
    odd = {"services": {"web": None, "api": {"port": "x", "replicas": "many"}}}
    t = transaction(app=odd, edge_directory=killed.options.edge_directory)
    told = undoing.recover(t)
    assert "undid it" in told
    assert engine.containers == {"shop-blue-web": "running", "shop-blue-worker": "running"}
    shown = (directory.parent / "edge/http.conf").read_text()
    assert "server 127.0.0.1:20000;" in shown
    assert "20100" not in shown
    assert not (directory / "releases/r1/source").exists()
    assert OPEN not in {m.state for m in read_all(directory).values() if m.id != "r0"}
    assert "compose" not in [line.split()[0] for line in engine.asked.splitlines()], "its files may be what is broken"
    # The next run begins as on a healthy host.
    after = transaction(app={"services": SERVICES}, edge_directory=killed.options.edge_directory)
    assert after.journal == {}
    assert (after.live.id, after.live.colour, after.live_ports()) == ("r0", "blue", {"web": [20000]})
    result = plan(after)
    assert (result["new"], result["colour"], result["release"] != "r0") == (True, "green", True)
    LeaseFile(directory / "lease.json", lambda: 1000.0).acquire("ann", "deploy", 60)
    begin(after, result["release"], "deploy")
    assert transaction().release == result["release"]


def test_a_lost_container_of_the_old_release_is_made_anew_from_its_manifest(killed, transaction, engine):
    engine.has(*green())
    compose_of("blue", "services: {web")(killed.app.directory)
    engine.heal()
    t = transaction(app={"services": {"odd": {"imag": "?"}}})
    assert "undid it" in undoing.recover(t)
    assert engine.containers == {"shop-blue-web": "running", "shop-blue-worker": "running"}
    assert json.loads((t.app.directory / "blue/compose.yml").read_text())["services"].keys() == SERVICES.keys()


def test_what_cannot_be_undone_is_told_and_stops_nobody(killed, transaction, engine):
    """The old release is gone for good: a correct release is then the only cure."""
    engine.has(*green())
    t = transaction(app={"services": SERVICES})
    told = undoing.recover(t)
    assert "could not be undone wholly: could not start the old release" in told
    assert engine.containers == {}
    begin(t, "r2", "deploy")
    assert transaction().release == "r2"


@pytest.mark.parametrize(("status", "ends"), [("running", "finished it"), ("exited", "undid it")])
def test_a_proven_release_is_finished_when_it_still_runs(killed, transaction, engine, status, ends, monkeypatch):
    monkeypatch.setattr(undoing, "tidy", lambda _t: (_ for _ in ()).throw(undoing.CommandError("no database")))
    candidate = [*green(), new("shop-green", "worker", "shop/worker:r1")]
    engine.has(*blue("exited"), *({**c, "State": {**c["State"], "Status": status}} for c in candidate))
    killed.note(step="drain")
    assert ends in undoing.recover(transaction(app={"services": SERVICES}))
    live = transaction().live
    assert (live.id, live.state) == (("r1", GOOD) if ends == "finished it" else ("r0", GOOD))


def test_a_full_disk_stops_neither_the_undo_nor_the_next_run(killed, transaction, engine, monkeypatch):
    """Every write fails; what is there stays, and the next run tries again."""

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ansible_collections.izzzi.infra.plugins.module_utils._app.atomic.write_json", full)
        patch.setattr("ansible_collections.izzzi.infra.plugins.module_utils._compose.project.Edge._write", full)
        told = undoing.recover(transaction(app={"services": SERVICES}, edge_directory=killed.options.edge_directory))
    assert "could not switch nginx back" in told
    assert "could not mark the release" in told
    assert not (killed.app.release_directory("r1") / "source").exists(), "it made room"
    again = transaction(app={"services": SERVICES}, edge_directory=killed.options.edge_directory)
    assert "undid it" in undoing.recover(again)
    assert read_all(killed.app.directory)["r1"].state == BAD


def test_a_bare_first_release_that_was_killed_leaves_nothing(transaction, engine):
    t = transaction(app={"services": SERVICES})
    engine.has()
    begin(t, "r1", "deploy")
    engine.has(new("shop-blue", "web", "shop/web:r1"))
    to("")(t.app.directory)
    (t.app.directory / JOURNAL).write_text("")
    found = transaction(app={"services": SERVICES})
    assert "undid it" in undoing.recover(found)
    assert transaction(app={"services": SERVICES}).journal == {}


def test_a_first_release_is_not_taken_for_the_one_before_it(transaction, engine, tmp_path):
    """Its steps look at the host after nginx shows it and before the link names it."""
    (tmp_path / "edge").mkdir()
    edge = {"edge_directory": str(tmp_path / "edge")}
    t = transaction(app={"services": SERVICES}, **edge)
    begin(t, "r1", "deploy")
    engine.has(new("shop-blue", "web", "shop/web:r1", ["127.0.0.1:20000:3000"]))
    t.edge.switch(t.edge_files(t.app.ports("blue"), "r1"))
    later = transaction(app={"services": SERVICES}, **edge)
    assert (later.live, later.colour) == (None, "blue")


@pytest.mark.parametrize(("shown", "colour"), [("r0", "blue"), ("r1", "green"), ("", "blue")])
def test_without_any_file_nginx_knows_who_is_live(transaction, engine, tmp_path, shown, colour):
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/server.conf").write_text(f'set $izzzi_release "{shown}";\n')
    engine.has(*blue(), *green())
    live = transaction(app={"services": {}}, edge_directory=str(tmp_path / "edge")).live
    assert (live.id, live.colour) == (shown or "r0", colour)
    assert (live.services["web"]["port"], live.services["web"]["replicas"]) == (3000, 1)


def test_containers_of_a_release_that_shares_the_image_stay(transaction, engine):
    shared = [
        new("shop-blue", "web", "shop/web:r0", status="exited"),
        new("shop-green", "web", "shop/web:r1", status="exited"),
    ]
    engine.has(*shared)
    remove_images(transaction(app={"services": SERVICES}), "r0")
    assert engine.containers == {"shop-green-web": "exited"}
