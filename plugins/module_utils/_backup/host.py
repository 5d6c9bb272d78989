# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes onto a host: this very code, its settings, its secrets. Pure, but for reading the code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .._app import on_host
from .._secrets.dotenv import to_dotenv
from .config import SETTINGS, supports

# Of a role's inputs, those that the code on the host reads under the same name.
SAME = (
    "app",
    "project",
    "databases",
    "redis",
    "volumes",
    "keep",
    "late_after",
    "verified_late_after",
    "cpus",
    "memory",
)
SAME += ("directory", "reserve", "timeout", "check_share", "wal", "wal_interval", "wal_spool", "wal_days", "base_days")


def code() -> dict[str, str]:
    """Return the files that run on a host, by their path below the package."""
    return on_host.code("_backup/main.py")


def repository(given: Mapping[str, Any]) -> str:
    """Return restic's name of the repository: the one that is given, or S3 from endpoint, bucket and prefix."""
    if given.get("repository"):
        return str(given["repository"])
    if not given.get("bucket"):
        return ""
    path = "/".join(part.strip("/") for part in (given["bucket"], given.get("prefix", "")) if part)
    return f"s3:{given['endpoint'].rstrip('/')}/{path}/restic"


def place(given: Mapping[str, Any]) -> Path:
    """Return the directory of an app's settings on the host."""
    return Path(given.get("settings") or SETTINGS)


def files(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the files of `host_change` that anybody may read."""
    settings = {name: given[name] for name in SAME if name in given} | {"repository": repository(given)}
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    return [
        *({"path": str(on_host.CODE / name), "content": content} for name, content in code().items()),
        {"path": str(place(given) / f"{given['app']}.json"), "content": text, "mode": "0600"},
    ]


def secrets(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the file of `host_change` that nobody but root may read: the repository's key and the storage's."""
    values = {"RESTIC_PASSWORD": given["password"]}
    if given.get("access_key"):
        values |= {"AWS_ACCESS_KEY_ID": given["access_key"], "AWS_SECRET_ACCESS_KEY": given["secret_key"]}
    if given.get("region"):
        values["AWS_DEFAULT_REGION"] = given["region"]
    if given.get("ca_file"):
        values["SSL_CERT_FILE"] = given["ca_file"]
    return [{"path": str(place(given) / f"{given['app']}.env"), "content": to_dotenv(values, sort=True)}]


def problems(given: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything that is missing or not valid in the role's inputs."""
    found = []
    where = repository(given)
    if not where:
        found.append("backup_bucket with backup_endpoint, or backup_repository, must say where backups go.")
    elif where.startswith("s3:"):
        found += _storage_problems(where.removeprefix("s3:"), given)
    elif ":" not in where and not where.startswith("/"):
        found.append(
            f"backup_repository: {where!r} is neither an address such as s3:https://HOST/BUCKET nor a directory."
        )
    if where and given.get("wal") and given.get("databases") and not supports(where):
        found.append(
            f"backup_repository: WAL can be archived on S3 and in a directory, not in {where}. Set backup_wal: false."
        )
    found += _wal_problems(given)
    if len(str(given.get("password", ""))) < 16:
        found.append("backup_password has fewer than 16 characters. The environment's vault generates one.")
    if not (given.get("databases") or given.get("redis") or given.get("volumes")):
        found.append("There is nothing to back up: give backup_databases, backup_redis or backup_volumes.")
    names = [database.get("name") for database in given.get("databases", [])]
    found += [f"backup_databases: {name} is there twice." for name in sorted({n for n in names if names.count(n) > 1})]
    if not any(int(count) for count in (given.get("keep") or {}).values()):
        found.append("backup_keep keeps nothing. Give daily, weekly or monthly.")
    return found


def _wal_problems(given: Mapping[str, Any]) -> list[str]:
    least = {"wal_interval": (1, "second"), "wal_spool": (64, "MiB"), "wal_days": (0, "days"), "base_days": (1, "day")}
    return [
        f"backup_{name} is {given[name]}; at least {low} ({unit})."
        for name, (low, unit) in least.items()
        if name in given and float(given[name]) < low
    ]


def _storage_problems(address: str, given: Mapping[str, Any]) -> list[str]:
    parts = urlsplit(address)
    found = []
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        found.append(f"backup_endpoint: {address} is not encrypted. Use https.")
    if not (given.get("access_key") and given.get("secret_key")):
        found.append("backup_access_key and backup_secret_key must give a key for the bucket alone.")
    return found
