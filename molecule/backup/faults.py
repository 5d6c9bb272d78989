# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with backups and restores. Each ends with a message and not with "ok", and the live database is as
it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

SETTINGS = Path("/etc/izzzi/backup")
OTHER = Path("/root/other-settings")
REPOSITORY = Path("/mnt/backups/shop")
KEY = "key-of-this-test-and-no-other"


def sql(text: str, database: str = "shop") -> str:
    psql = [
        "docker",
        "exec",
        "-i",
        "shop-postgres-1",
        "psql",
        "-U",
        "shop",
        "-d",
        database,
        "-At",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    return subprocess.run(psql, input=text, text=True, capture_output=True, check=True).stdout.strip()


def live() -> str:
    return sql("SELECT count(*), sum(hashtext(body)) FROM notes; SELECT sum(price) FROM prices")


# What PostgreSQL answers while what it was told before its client was killed goes on.
PASSING = ("not currently accepting connections", "terminating connection", "server closed the connection")


def settled() -> str:
    """What is live when PostgreSQL has ended what it was told before its client was killed: a moment later."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return live()
        except subprocess.CalledProcessError as error:
            if not any(said in error.stderr for said in PASSING) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def backup(*words: str, other: bool = False) -> subprocess.CompletedProcess:
    settings = [f"--settings={OTHER}"] if other else []
    return subprocess.run(["izzzi-backup", *words, *settings], text=True, capture_output=True, check=False)


def good(*words: str) -> dict:
    done = backup(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def red(told: str, *words: str, other: bool = False) -> None:
    before = live()
    done = backup(*words, other=other)
    assert done.returncode == 1, f"{words} succeeded: {done.stdout}"
    assert told in done.stderr, f"{words} said:\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    assert live() == before, "the live database is another one"
    print(f"{' '.join(words)}: {done.stderr.strip().splitlines()[0]}", flush=True)


@contextmanager
def different(key: str = KEY, **values):
    """Settings that differ, in a place of their own; the repository's copy, too, is for whoever damages it."""
    shutil.rmtree(OTHER, ignore_errors=True)
    OTHER.mkdir()
    settings = json.loads((SETTINGS / "shop.json").read_text())
    (OTHER / "shop.json").write_text(json.dumps({**settings, "directory": "/root/other-state", **values}))
    (OTHER / "shop.env").write_text(f"RESTIC_PASSWORD={key}\n")
    shutil.rmtree("/root/other-state", ignore_errors=True)
    yield
    shutil.rmtree(OTHER)


def mounted(place: str, size: str) -> None:
    Path(place).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)


@contextmanager
def unarchived():
    """Nothing but the trial touches state and repository meanwhile."""
    subprocess.run(["systemctl", "stop", "izzzi-backup-wal@shop"], check=True)
    yield
    subprocess.run(["systemctl", "start", "izzzi-backup-wal@shop"], check=True)


@contextmanager
def untimed():
    """No timer begins something of its own meanwhile."""
    timers = [f"izzzi-backup{what}@shop.timer" for what in ("", "-late", "-drill")]
    subprocess.run(["systemctl", "stop", *timers], check=True)
    yield
    subprocess.run(["systemctl", "start", *timers], check=True)


def killed(*words: str, after: float) -> None:
    """Kill it with all that it has started here, as a power cut would."""
    process = subprocess.Popen(["izzzi-backup", *words], stdout=-3, stderr=-3, start_new_session=True)
    time.sleep(after)
    was_running = process.poll() is None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    print(f"{' '.join(words)}: killed after {after} s{'' if was_running else ', when it had ended'}", flush=True)


def wrong_key() -> None:
    with different(key="another key"):
        for action in ("now", "drill", "restore"):
            red("without that key there is no restore", action, "shop", other=True)


def damaged() -> None:
    """One byte of each large file: the dump is in some of them, a base backup in others."""
    copy = Path("/mnt/backups/damaged")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(REPOSITORY, copy)
    with different(repository=str(copy)):
        for path in (copy / "data").rglob("*"):
            if path.is_file() and path.stat().st_size > 2**18:
                data = bytearray(path.read_bytes())
                data[len(data) // 3] ^= 1
                path.chmod(0o600)
                path.write_bytes(data)
        red("is damaged", "drill", "shop", other=True)
        red("is damaged", "restore", "shop", "--into=live", "--confirm=shop", other=True)
        red("is damaged", "restore", "shop", "--into=scratch", other=True)
        assert "_restor" not in sql("SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE '%restoring%'")
        mended()
    shutil.rmtree(copy)


def mended() -> None:
    """The damaged copy is made whole again by one command: what is live is stored anew, and proven."""
    shutil.rmtree("/root/other-state")
    shutil.copytree("/var/lib/izzzi/backup/shop", "/root/other-state", ignore=shutil.ignore_patterns("wal", "lock"))
    done = json.loads(backup("repair", "shop", other=True).stdout)
    assert done["packs"], done
    assert set(done["forgotten"]) <= set(done["affected"]), done
    checked = backup("check", "shop", other=True)
    assert checked.returncode == 0, checked.stderr
    assert json.loads(backup("repair", "shop", other=True).stdout)["packs"] == []
    print(f"repair: {len(done['packs'])} packs, forgotten: {done['forgotten']}", flush=True)


def repository_gone() -> None:
    good("now", "shop")
    away = REPOSITORY.with_name("away")
    with unarchived():
        REPOSITORY.rename(away)
        red("is gone", "now", "shop")
        away.rename(REPOSITORY)
    good("now", "shop")


def installed_anew() -> None:
    """A host that has lost everything must not make its empty database the latest backup."""
    state, away = Path("/var/lib/izzzi/backup/shop"), Path("/root/state-away")
    with unarchived():
        state.rename(away)
        red("by another host", "now", "shop")
        good("restore", "shop", "--into=live", "--confirm=shop")
        good("now", "shop")
        shutil.rmtree(state)
        good("now", "shop", "--adopt")
        shutil.rmtree(state)
        away.rename(state)


def no_room() -> None:
    mounted("/mnt/small", "40m")
    with different(directory="/mnt/small/state", repository="/mnt/small/repository", reserve=0):
        red("There is no room for a backup", "now", "shop", other=True)
    subprocess.run(["umount", "/mnt/small"], check=True)
    mounted("/mnt/small", "2m")
    with different(repository="/mnt/small/repository"):
        red("is full", "now", "shop", other=True)
    subprocess.run(["umount", "/mnt/small"], check=True)
    with different(reserve=10**7):
        red("There is no room for a drill", "drill", "shop", other=True)
        red("There is no room for a restore", "restore", "shop", "--into=live", "--confirm=shop", other=True)


@contextmanager
def held(is_there: Callable[[], bool]):
    """A backup that stands still at the moment when something is there, for as long as the block runs."""
    process = subprocess.Popen(
        ["izzzi-backup", "now", "shop"], stdout=-3, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while process.poll() is None and not is_there():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGCONT)


def twice_at_once() -> None:
    lock = Path("/var/lib/izzzi/backup/shop/lock")
    with held(lambda: lock.read_text().startswith("A backup (process")) as first:
        red("A backup (process", "now", "shop")
        red("A backup (process", "restore", "shop", "--into=live", "--confirm=shop")
    said = first.communicate()[1]
    assert first.returncode == 0, said


def killed_backups() -> None:
    before, count = live(), len(good("list", "shop")["backups"])
    for after in (0.4, 1.0, 2.0, 3.0):
        killed("now", "shop", after=after)
        assert live() == before
    good("now", "shop")
    assert len(good("list", "shop")["backups"]) >= count
    good("drill", "shop")


def killed_drills() -> None:
    for after in (1.0, 3.0):
        killed("drill", "shop", after=after)
    good("drill", "shop")
    left = subprocess.run(
        ["docker", "ps", "-aq", "--filter", "label=izzzi.backup.scratch"], capture_output=True, check=True
    )
    assert left.stdout == b"", left


def killed_restores() -> None:
    """At any moment the live database is either the former or the restored one, whole, and lets people in."""
    good("now", "shop")
    restored = live()
    sql("INSERT INTO notes (body) VALUES ('not in the backup')")
    former = live()
    whole = good("restore", "shop")["seconds"] + 0.5
    for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0):
        killed("restore", "shop", "--into=live", "--confirm=shop", after=round(share * whole, 2))
        assert settled() in (former, restored)
    good("restore", "shop", "--into=live", "--confirm=shop")
    assert live() == restored
    assert sql("SELECT count(*) FROM pg_database WHERE datname LIKE '%restoring%'") == "0"
    assert sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_before_%'") == "1"


def killed_restores_of_redis() -> None:
    """A Redis that was left copying refuses writes until the next backup or restore."""
    for after in (0.5, 2.0, 3.0, 3.5, 4.0):
        killed("restore", "shop", "--redis", "--confirm=shop", after=after)
    good("now", "shop")
    redis = ["docker", "exec", "shop-redis-1", "redis-cli", "INCR", "writes"]
    said = subprocess.run(redis, capture_output=True, text=True, check=True).stdout
    assert said.strip().isdigit(), said


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within two minutes"
        time.sleep(0.3)


def docker(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)


def server_restarted() -> None:
    dump = Path("/var/lib/izzzi/backup/shop/staging/database-shop.dump")
    with held(lambda: dump.exists() and dump.stat().st_size > 0) as process:
        assert docker("kill", "shop-postgres-1").returncode == 0
    # Docker takes it for running until those who read from it have read what there is.
    running = ("inspect", "--format={{.State.Running}}", "shop-postgres-1")
    eventually(lambda: docker(*running).stdout.strip() == "false", "PostgreSQL has ended")
    assert docker("start", "shop-postgres-1").returncode == 0
    said = process.communicate()[1]
    ready = ("exec", "shop-postgres-1", "pg_isready", "-q", "-h", "127.0.0.1")
    eventually(lambda: docker(*ready).returncode == 0, "PostgreSQL answers")
    assert process.returncode == 1, "a backup of a server that was restarted has succeeded"
    print(f"now, PostgreSQL restarted: {said.strip().splitlines()[0]}", flush=True)
    red("The last backup failed", "late", "shop")
    good("now", "shop")
    good("late", "shop")


def service_stopped() -> None:
    before = live()
    subprocess.run(["docker", "stop", "shop-redis-1"], check=True, capture_output=True)
    red("No container of the service redis", "now", "shop")
    subprocess.run(["docker", "start", "shop-redis-1"], check=True, capture_output=True)
    good("now", "shop")
    assert live() == before


def clock_set_back() -> None:
    """As the repository sees it: its newest backup is from the future."""
    environment = {**os.environ, "RESTIC_PASSWORD": KEY, "RESTIC_REPOSITORY": str(REPOSITORY), "HOME": "/root"}
    ahead = ["restic", "backup", "-q", "--host=shop", "--tag=nightly", "--time=2037-01-01 00:00:00", "/etc/hostname"]
    subprocess.run(ahead, env=environment, check=True)
    red("Nothing was forgotten", "now", "shop")
    found = json.loads(
        subprocess.run(["restic", "snapshots", "--json"], env=environment, check=True, capture_output=True).stdout
    )
    newest = max(found, key=lambda snapshot: snapshot["time"])["short_id"]
    subprocess.run(["restic", "forget", "-q", newest], env=environment, check=True)
    good("now", "shop")


def archived_until() -> int:
    return json.loads(Path("/var/lib/izzzi/backup/shop/wal/postgres/state.json").read_text()).get("archived") or 0


def archiving_killed() -> None:
    """systemd starts it anew, and no second is missing."""
    for after in (0.5, 3.0, 7.0):
        time.sleep(after)
        subprocess.run(["systemctl", "kill", "--signal=KILL", "izzzi-backup-wal@shop"], check=True)
        sql("INSERT INTO notes (body) VALUES ('while it was down')")
    before, at = live(), time.time() + 1
    time.sleep(2)
    sql("INSERT INTO notes (body) VALUES ('afterwards')")
    deadline = time.monotonic() + 180
    while archived_until() < at and time.monotonic() < deadline:
        time.sleep(1)
    target = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    database = good("restore", "shop", f"--to={target}")["into"]
    found = sql("SELECT count(*), sum(hashtext(body)) FROM notes; SELECT sum(price) FROM prices", database)
    assert found == before, (found, before)
    assert [window["missing"] for window in good("list", "shop")["windows"]] == [""]


def not_asked_for() -> None:
    red("--confirm=shop", "restore", "shop", "--into=live")
    red("is not a backup", "restore", "shop", "--to=ffffffff")
    red("has no table", "restore", "shop", "--table=public.nothing", "--confirm=shop")
    red("is before the first base backup", "restore", "shop", "--to=2020-11-28 04:31:00")
    red("is in the future", "restore", "shop", "--to=2120-11-28 04:31:00")


def table_in_use() -> None:
    sql("CREATE TABLE orders (id int PRIMARY KEY, price int REFERENCES prices)")
    red("orders (foreign key", "restore", "shop", "--table=public.prices", "--confirm=shop")
    sql("DROP TABLE orders")
    for _twice in range(2):
        good("restore", "shop", "--table=public.prices", "--confirm=shop")
        time.sleep(1)
    assert sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'before_%'") == "1"


TRIALS = (
    *(wrong_key, damaged, repository_gone, installed_anew, no_room, not_asked_for, table_in_use, twice_at_once),
    *(service_stopped, clock_set_back, server_restarted, killed_backups, killed_drills, killed_restores),
    *(archiving_killed, killed_restores_of_redis),
)

if __name__ == "__main__":
    with untimed():
        for trial in TRIALS:
            began = time.monotonic()
            trial()
            print(f"== {trial.__name__}: {time.monotonic() - began:.1f} s", flush=True)
