# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets and objects on disk. moto keeps them in memory only; here each one is written down (pickled: the file is the
sandbox's own) before the reply of the request that changed it leaves, and brought back at the start."""

from __future__ import annotations

import pickle
import sqlite3
import threading
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, settings BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL, key TEXT NOT NULL, versions TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (bucket, key)
);
CREATE TABLE IF NOT EXISTS writer (version TEXT NOT NULL);
"""
NOT_SETTINGS = ("keys", "multiparts")  # an upload in parts that a restart cuts off must be begun anew


class StoreError(Exception):
    """The file cannot be read by this sandbox; the message says what to do."""


class Store:
    def __init__(self, path: Path, version: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)
        self._check_writer(version)

    def _check_writer(self, version: str) -> None:
        """Pickles are read by the version of moto that wrote them."""
        row = self._connection.execute("SELECT version FROM writer").fetchone()
        if row is None:
            self._connection.execute("INSERT INTO writer VALUES (?)", (version,))
        elif row[0] != version and self._connection.execute("SELECT 1 FROM bucket").fetchone():
            raise StoreError(
                f"{self._path} was written by moto {row[0]} and this is {version}: copy your buckets with the sandbox "
                "that wrote them, or remove the file to begin with none"
            )
        else:
            self._connection.execute("UPDATE writer SET version = ?", (version,))

    def load(self, backend: Any) -> None:
        from moto.s3.models import FakeBucket

        for name, settings in self._connection.execute("SELECT name, settings FROM bucket").fetchall():
            values = pickle.loads(settings)
            bucket = FakeBucket(name, values["account_id"], values["region_name"])
            bucket.__dict__.update(values)
            backend.buckets[name] = bucket
            rows = self._connection.execute("SELECT key, content FROM object WHERE bucket = ? ORDER BY key", (name,))
            for key, content in rows:
                bucket.keys.setlist(key, pickle.loads(content))

    def save(self, backend: Any, name: str, key: str) -> None:
        """What a request to this bucket or to this object may have changed."""
        with self._lock:
            bucket = backend.buckets.get(name)
            self._connection.execute("BEGIN")
            try:
                if bucket is None:
                    self._connection.execute("DELETE FROM bucket WHERE name = ?", (name,))
                    self._connection.execute("DELETE FROM object WHERE bucket = ?", (name,))
                elif key:
                    self._save_object(bucket, key)
                else:
                    self._save_bucket(bucket)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _save_bucket(self, bucket: Any) -> None:
        """With the objects that a deletion of many at once changed."""
        settings = {field: value for field, value in vars(bucket).items() if field not in NOT_SETTINGS}
        self._connection.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?)", (bucket.name, pickle.dumps(settings)))
        known = self._connection.execute("SELECT key, versions FROM object WHERE bucket = ?", (bucket.name,)).fetchall()
        for key, versions in known:
            if versions != _versions(bucket, key):
                self._save_object(bucket, key)

    def _save_object(self, bucket: Any, key: str) -> None:
        content = bucket.keys.getlist(key, [])
        if content:
            row = (bucket.name, key, _versions(bucket, key), pickle.dumps(content))
            self._connection.execute("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)", row)
        else:
            self._connection.execute("DELETE FROM object WHERE bucket = ? AND key = ?", (bucket.name, key))

    def clear(self) -> None:
        with self._lock:
            self._connection.executescript("DELETE FROM object; DELETE FROM bucket;")


def _versions(bucket: Any, key: str) -> str:
    return " ".join(str(version.version_id) for version in bucket.keys.getlist(key, []))
