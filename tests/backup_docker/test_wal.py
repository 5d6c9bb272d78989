# SPDX-License-Identifier: GPL-3.0-or-later
"""Archiving and points in time, against a real PostgreSQL in Docker: minutes. `pytest tests/backup_docker`."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from .rig import BUSY, IMAGE, KEY, Rig, docker, now, until

COUNT = itertools.count()


def is_there() -> bool:
    if not all(map(shutil.which, ("docker", "restic", "rclone"))) or os.getuid():
        return False
    return not subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode


pytestmark = pytest.mark.skipif(not is_there(), reason=f"root, Docker, {IMAGE}, restic and rclone are needed")


def make(place: Path, repository: str, secrets=None, **settings) -> Rig:
    found = Rig(f"izzziwal{os.getpid()}x{next(COUNT)}", place, repository, secrets, **settings)
    found.start_server()
    found.archive()
    found.wait_for_base()
    found.sql("CREATE TABLE notes (id serial, at timestamptz DEFAULT clock_timestamp(), body text)")
    return found


@pytest.fixture
def rig(tmp_path):
    found = make(tmp_path, str(tmp_path / "repository"))
    yield found
    found.remove()


def add(rig: Rig, rows: int = 1, size: int = 10) -> None:
    rig.sql(f"INSERT INTO notes (body) SELECT repeat(md5(i::text), {size}) FROM generate_series(1, {rows}) i")


def big(rig: Rig, mib: int) -> None:
    """Write about so many MiB of WAL."""
    for _each in range(mib // 8):
        rig.sql("INSERT INTO notes (body) SELECT repeat(md5(i::text), 30) FROM generate_series(1, 8000) i")


def test_every_second_can_be_had_back(rig):
    rig.sql("CREATE TABLE prices AS SELECT generate_series(1, 1000) i")
    for _each in range(3):
        add(rig)
        time.sleep(0.7)
    before = now()
    time.sleep(1)
    rig.sql("DROP TABLE prices; INSERT INTO notes (body) VALUES ('later')")
    assert rig.restored(before, "SELECT count(*) FROM notes; SELECT count(*) FROM prices") == "3\n1000"
    assert rig.restored("end", "SELECT count(*) FROM notes; SELECT to_regclass('prices') IS NULL") == "4\nt"
    foreseen = rig.red("--confirm", "restore", f"--to={before}", "--into=live")
    assert "changes the live database" in foreseen
    live = rig.good("restore", f"--to={before}", "--into=live", f"--confirm={rig.app}")
    assert rig.sql("SELECT count(*) FROM notes") == "3"
    assert rig.good("undo")["put_back"] == live["kept"]
    table = rig.good("restore", f"--to={before}", "--table=public.prices", f"--confirm={rig.app}")
    assert table["rows"] == 1000
    assert rig.sql("SELECT count(*) FROM notes") == "4"
    rig.red("is before the first base backup", "restore", "--to=2020-01-01 00:00:00")
    rig.red("is in the future", "restore", "--to=2120-01-01 00:00:00")
    rig.red("is not a time", "restore", "--to=2020-01-01 25:00:00")
    assert not (rig.state / "point").exists()
    assert docker("ps", "-aq", f"--filter=label=izzzi.backup.scratch={rig.app}") == ""


def test_no_password_is_shown(rig):
    password = (rig.state / "wal/postgres/pass/pgpass").read_text().strip().rsplit(":", 1)[1]
    shown = docker("inspect", f"{rig.app}-postgres-wal")
    processes = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    shown += b" ".join(processes).decode(errors="replace") + docker("logs", rig.container)
    assert password not in shown
    assert KEY not in shown
    for path in (rig.place / "repository" / "wal").rglob("*.bin"):
        assert path.read_bytes().startswith(b"RCLONE\0\0")


def test_an_idle_database_goes_on(rig):
    rig.wait_for_now()
    time.sleep(5)
    rig.wait_for_now()
    report = rig.good("state")["archives"]["postgres"]
    assert report["lag"] < 10 * BUSY
    size = sum(path.stat().st_size for path in rig.pieces()[-2:])
    assert size < 2000, "an idle round sends hardly anything"


def test_killed_at_any_moment_no_second_is_missing(rig):
    end = threading.Event()

    def write() -> None:
        while not end.is_set():
            add(rig, rows=200, size=30)

    writer = threading.Thread(target=write)
    writer.start()
    chain = rig.wal()["chain"]["name"]
    try:
        for after in (0.1, 0.5, 1.1, 1.9, 2.6, 3.3, 4.1):
            time.sleep(after)
            rig.kill()
            rig.archive()
    finally:
        time.sleep(3)
        end.set()
        writer.join()
    rig.wait_for_now()
    at = now()
    assert rig.wal()["chain"]["name"] == chain
    assert "broken" not in rig.wal()
    expected = rig.sql(f"SELECT count(*), sum(hashtext(body)) FROM notes WHERE at <= '{at}+00'")
    assert rig.restored(at, "SELECT count(*), sum(hashtext(body)) FROM notes") == expected
    (window,) = rig.good("list")["windows"]
    assert window["missing"] == ""


def test_killed_while_a_file_was_made(rig):
    """pg_receivewal fills a new file with zeros first, and refuses one that it finds half filled."""
    add(rig)
    rig.wait_for_now()
    rig.kill()
    docker("rm", "--force", f"{rig.app}-postgres-wal")
    (partial,) = (rig.state / "wal/postgres/spool").glob("*.partial")
    os.truncate(partial, 5 * 2**20)
    add(rig)
    rig.archive()
    rig.wait_for_now()
    assert "broken" not in rig.wal()
    assert rig.restored(now(), "SELECT count(*) FROM notes") == "2"


def test_a_server_that_is_restarted_or_made_anew(rig):
    add(rig)
    docker("restart", rig.container)
    rig.wait_for_server()
    add(rig)
    docker("kill", rig.container)
    docker("start", rig.container)
    rig.wait_for_server()
    add(rig)
    rig.wait_for_now()
    assert "broken" not in rig.wal()
    assert rig.restored(now(), "SELECT count(*) FROM notes") == "3"
    docker("rm", "--force", "--volumes", rig.container)
    rig.start_server()
    until(lambda: "broken" in rig.wal(), 60, "another cluster is seen")
    assert "another database cluster" in rig.wal()["broken"]["why"]


def test_storage_that_is_away(rig):
    repository, away = rig.place / "repository", rig.place / "away"
    repository.rename(away)
    add(rig)
    until(lambda: "Is its disk mounted" in rig.wal().get("trouble", {}).get("why", ""), 30, "a message")
    big(rig, 32)
    away.rename(repository)
    rig.wait_for_now()
    assert "broken" not in rig.wal(), "it waited, and nothing is lost"
    rows = rig.sql("SELECT count(*) FROM notes")
    before = now()
    rig.wait_for_now()
    repository.rename(away)
    big(rig, 120)
    until(lambda: "broken" in rig.wal(), 60, "the spool's bound")
    assert "backup_wal_spool allows 64 MiB" in rig.wal()["broken"]["why"]
    spool = rig.state / "wal/postgres/spool"  # it is given up as soon as that is noted
    until(lambda: spool.exists() and not any(spool.iterdir()), 10, "an empty spool")
    until(lambda: rig.sql("SELECT count(*) FROM pg_replication_slots") == "0", 10, "no slot")
    assert any("broken since" in trouble for trouble in rig.good("state")["troubles"])
    lost = now()
    add(rig)
    away.rename(repository)
    rig.service.terminate()  # or the next trial of a base backup is minutes away
    rig.service.wait()
    rig.archive()
    rig.wait_for_base()
    until(lambda: "broken" not in rig.wal(), 10, "the new chain is whole")
    assert rig.restored(before, "SELECT count(*) FROM notes") == rows
    rig.red("The archive goes on at", "restore", f"--to={lost}")
    assert rig.restored("end", "SELECT count(*) FROM notes") == rig.sql("SELECT count(*) FROM notes")
    assert len(rig.good("list")["windows"]) == 2


@pytest.mark.parametrize("how", ["dropped", "outgrown"])
def test_a_slot_that_is_lost(rig, how):
    rig.stop()
    if how == "dropped":
        rig.sql("SELECT pg_drop_replication_slot('izzzi_backup')")
    else:
        assert rig.sql("SHOW max_slot_wal_keep_size") == "64MB", "it is bound without us"
        big(rig, 160)
        rig.sql("SELECT pg_switch_wal(); CHECKPOINT;")
    chain = rig.wal()["chain"]["name"]
    rig.archive()
    until(lambda: rig.wal().get("chain", {}).get("name", chain) != chain, 60, "a new chain")
    rig.wait_for_base()
    add(rig)
    assert rig.restored("end", "SELECT count(*) FROM notes") == rig.sql("SELECT count(*) FROM notes")


def test_a_server_that_was_set_back(rig):
    """As its disk's snapshot would: the archive has more than the server knows of."""
    rig.stop()
    chain = rig.wal()["chain"]["name"]
    newest = rig.pieces()[-1]
    newest.with_name("0000000100000009000000AA.00000000-00000060.1795903318.gz.bin").write_bytes(newest.read_bytes())
    rig.archive()
    until(lambda: "set back" in rig.wal().get("broken", {}).get("why", ""), 60, "it is seen")
    rig.wait_for_base()
    assert rig.wal()["chain"]["name"] != chain


def test_a_segment_that_is_missing_or_damaged(rig):
    add(rig)
    before = now()
    rig.wait_for_now()
    for _each in range(3):
        rig.sql("SELECT pg_switch_wal()")
        add(rig)
        rig.wait_for_now()
    rig.wait_for_now()
    whole = [path for path in rig.pieces() if ".00000000-01000000." in path.name]
    segment = whole[-2].name.split(".")[0]
    its = [path for path in rig.pieces() if path.name.startswith(segment)]
    for path in its:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    rig.red(f"The WAL segment {segment} is damaged", "restore", f"--to={now()}")
    for path in its:
        path.unlink()
    said = rig.red(f"The WAL segment {segment} is missing", "restore", f"--to={now()}")
    assert "The last second before it is" in said
    assert rig.good("list")["windows"][0]["missing"] == segment
    assert rig.restored(before, "SELECT count(*) FROM notes") == "1"


def test_nights_and_drills(rig):
    add(rig, 10)
    made = rig.good("now")
    assert made["verified"]["replayed"]["postgres"]["rows"] == 10
    assert rig.good("state")["troubles"] == []
    assert len(rig.good("list")["backups"]) == 1
    rig.good("drill")
    rig.good("base")
    rig.sql("SELECT pg_switch_wal()")
    add(rig)
    rig.wait_for_now()
    rig.good("now")
    segments = [path.name.split(".")[0] for path in rig.pieces() if ".00000000-01000000." not in path.name]
    assert len(set(segments)) == 1, "pieces of whole segments are gone"
    assert rig.restored(now(), "SELECT count(*) FROM notes") == "11"


def test_it_is_switched_off_without_a_trace(rig):
    rig.stop()
    assert rig.good("wal-off") == {"left": {}}
    assert rig.sql("SELECT count(*) FROM pg_replication_slots") == "0"
    assert rig.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'izzzi_backup'") == "0"
    assert rig.sql("SHOW max_slot_wal_keep_size") == "-1"
    assert docker("ps", "-aq", f"--filter=label=izzzi.backup.wal={rig.app}") == ""
    assert not (rig.state / "wal/postgres").exists()
    assert rig.good("wal-off") == {"left": {}}


def test_who_may_not_read_wal_is_told_what_is_missing(rig):
    edit = 'sed -i "/replication.*127.0.0.1/d; /^host all all all/d" $PGDATA/pg_hba.conf'
    docker("exec", rig.container, "sh", "-c", edit)
    docker("restart", rig.container)
    rig.wait_for_server()
    wanted = "Add to pg_hba.conf: host replication izzzi_backup 127.0.0.1/32 scram-sha-256"
    until(lambda: wanted in rig.wal().get("trouble", {}).get("why", ""), 40, "a message")


@pytest.fixture
def storage():
    """A stand-in for S3 on the loopback."""
    moto = Path(sys.executable).with_name("moto_server")
    if not moto.exists():
        pytest.skip("moto is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(port)], stdout=-3, stderr=-3)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{url}/bucket", method="PUT"), timeout=2)
            return True
        except OSError:
            return False

    until(answers, 30, "moto")
    yield url
    server.kill()
    server.wait()


def test_on_s3(storage, tmp_path):
    secrets = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret-of-the-key"}
    rig = make(tmp_path, f"s3:{storage}/bucket/shop/restic", secrets)
    try:
        add(rig, 5)
        before = now()
        time.sleep(1)
        add(rig)
        assert rig.restored(before, "SELECT count(*) FROM notes") == "5"
        rig.good("now")
        (window,) = rig.good("list")["windows"]
        assert window["missing"] == ""
        rig.sql("SELECT pg_switch_wal()")
        rig.wait_for_now()
        rig.good("now")
    finally:
        rig.remove()


def test_a_host_that_was_lost(rig, tmp_path):
    """Another host, with the repository and the key alone, has what was written up to the last round."""
    add(rig, 7)
    rig.good("now")
    add(rig, 3)
    rig.wait_for_now()
    rig.kill()
    docker("rm", "--force", "--volumes", f"{rig.app}-postgres-wal", rig.container)
    shutil.rmtree(rig.state)
    rig.start_server()
    rig.archive()
    until(lambda: "by another host" in rig.wal().get("trouble", {}).get("why", ""), 30, "it does not begin by itself")
    rig.good("restore", "--to=end", "--into=live", f"--confirm={rig.app}")
    assert rig.sql("SELECT count(*) FROM notes") == "10"
    rig.wait_for_base()
    assert json.loads((rig.state / "state.json").read_text())["repository"]
