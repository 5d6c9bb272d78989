# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to have 1 GiB back, beside pg_dump and pg_restore by hand over SSH in the same run."""

from __future__ import annotations

import subprocess
import time

from tests.e2e.driver import ssh
from tests.load.data.harness import CONSENT, Proof, Row

# Text that does not compress to nothing, a primary key and an index, as an app has them.
FILL = """CREATE TABLE big AS SELECT n, md5(n::text) || md5((-n)::text) AS a, repeat(md5((n * 7)::text), 8) AS b
FROM generate_series(1, {rows}) n;
ALTER TABLE big ADD PRIMARY KEY (n); CREATE INDEX ON big (a);"""
ROWS = 2_400_000
INNER = "$(docker ps -q --filter name={})"


def one_gib(proof: Proof) -> None:
    """The database grows to 1 GiB; a backup, a restore of it, the same by hand."""
    proof.sql(FILL.format(rows=ROWS), timeout=900)
    size = int(proof.sql("SELECT pg_database_size(current_database())")) / 2**30
    for what, name, more in (
        (f"{size:.2f} GiB: backup", "backup", ()),
        ("the same again, without a change", "backup", ()),
        ("restore to live", "restore", ("-e", "to=latest", *CONSENT)),
    ):
        row = Row(what)
        proof.timed(row, name, *more)
        proof.add(row)
    proof.add(by_hand(proof))
    proof.sql("DROP TABLE big")


def by_hand(proof: Proof) -> Row:
    """What people do without backups: a dump through SSH to here, and from here into a new database."""
    row, node = Row("by hand: pg_dump over SSH, pg_restore over SSH"), proof.home()
    inside = INNER.format(proof.container)
    dump = f"sudo sh -c 'docker exec {inside} pg_dump -U proof -Fc proof'"
    fill = f"sudo sh -c 'docker exec -i {inside} pg_restore -U proof -d by_hand'"
    hosts = proof.cluster.folder / "known_hosts"
    proof.sql("CREATE DATABASE by_hand")
    begun = time.monotonic()
    with (proof.cluster.folder / "by_hand.dump").open("wb+") as file:
        subprocess.run(ssh(node.public, dump, known_hosts=hosts), stdout=file, check=True, timeout=900)
        file.seek(0)
        subprocess.run(ssh(node.public, fill, known_hosts=hosts), stdin=file, check=True, timeout=900)
    row.seconds = time.monotonic() - begun
    proof.sql("DROP DATABASE by_hand")
    return row
