# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when the storage is slow, refuses, breaks off, damages what it was given, or is gone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.s3 import S3
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import https

from tests.e2e.driver import BIN, SANDBOX_HOME
from tests.load.data.harness import Proof, Row

BUCKET = "proof-dev-backups"
# What it does, the sandbox's fault, and what the backup says then; nothing when it ends well.
FAULTS = (
    ("the storage answers after 1 s", {"kind": "latency", "seconds": 1, "times": 40}, ""),
    ("503, five times", {"kind": "status", "status": 503, "times": 5}, ""),
    ("five uploads are cut off in the middle", {"kind": "cut", "method": "PUT", "times": 5}, ""),
    ("five connections are reset", {"kind": "reset", "times": 5}, ""),
    ("403", {"kind": "status", "status": 403, "times": None}, "refuses the key"),
)


@contextmanager
def fault(armed: dict, path: str = "*") -> Iterator[None]:
    """Arms a fault of the bucket while the block runs."""
    sandbox = [BIN / "izzzi-sandbox", "fault"]
    armed = {**armed, "path": f"spaces:/{BUCKET}/{path}"}
    subprocess.run([*sandbox, json.dumps(armed)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([*sandbox, "--clear"], check=True, capture_output=True)


def storage(proof: Proof) -> None:
    """Backups meet a storage in trouble; afterwards the next one is made and proven."""
    for what, armed, told in FAULTS:
        row = Row(f"{what}: backup")
        with fault(armed):
            if told:
                proof.red(row, "backup", told)
            else:
                proof.timed(row, "backup")
        proof.add(row)
    row = Row("drill of the last one")
    proof.timed(row, "backup")
    proof.timed(row, "backup_drill")
    proof.add(row)


def damaged(proof: Proof) -> None:
    """A bit of an upload turns around where it is stored. The drill finds it; one command mends what can be mended."""
    row = Row("an upload is damaged in the bucket: drill")
    proof.sql("CREATE TABLE ballast AS SELECT generate_series(1, 20000) AS id, gen_random_uuid() AS a")
    with fault({"kind": "damage", "method": "PUT", "times": 1}, "proof/restic/data/*"):
        proof.timed(row, "backup")
    proof.red(row, "backup_drill", "is damaged")
    proof.red(row, "restore", "is damaged", "-e", "to=latest", "-e", "confirm=proof-dev")
    proof.add(row)
    row = Row("backup.yml -e repair=true")
    proof.timed(row, "backup", "-e", "repair=true")
    proof.timed(row, "backup_drill")
    proof.add(row)


def bucket_gone(proof: Proof) -> None:
    """Somebody deletes the bucket. The backup says so, and two commands begin anew."""
    row = Row("bucket deleted: backup")
    s3 = S3("http://127.0.0.1:8782", *(SANDBOX_HOME / "spaces_key").read_text().split(), https())
    while BUCKET in s3.buckets():  # the archive of WAL goes on writing
        s3.empty(BUCKET)
        if not s3.has_data(BUCKET):
            s3.delete(BUCKET)
    proof.red(row, "backup", "its bucket is gone")
    proof.add(row)
    row = Row("provision.yml, backup.yml -e adopt=true")
    proof.timed(row, "provision")
    proof.red(row, "backup", "adopt=true")
    proof.timed(row, "backup", "-e", "adopt=true")
    proof.timed(row, "backup_drill")
    proof.add(row)
