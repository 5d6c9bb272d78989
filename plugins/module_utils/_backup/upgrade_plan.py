# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what of a database shall become what: its version, its volume, what would stay behind. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._app.app import App
from .._app.data_move import major
from .._app.docker_words import NAMELESS
from .._app.sql import literal, quoted
from .._app.values import read_mount
from . import names, postgres
from .config import BackupError
from .containers import Container
from .slot import ROLE

HOME = "/var/lib/postgresql"  # below which official images keep data, of whatever version
FACTS = """SELECT json_build_object('version', current_setting('server_version_num')::int / 10000,
  'place', current_setting('data_directory'), 'bytes', (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint,
  'tablespaces', (SELECT coalesce(json_agg(spcname), '[]') FROM pg_tablespace WHERE spcname NOT LIKE 'pg\\_%'));
"""
# Not what a backup reads: rows that anybody has written, updated or deleted since the server counts.
WRITES = """SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables;
"""
CLIENTS = f"""SELECT to_json(concat_ws(' ', usename, nullif(application_name, ''),
  coalesce(host(client_addr), 'on the host')))
FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
AND pid <> pg_backend_pid() AND usename <> '{ROLE}';
"""
SETTINGS = """SELECT json_build_object('name', name, 'value', setting) FROM pg_file_settings
WHERE sourcefile LIKE '%/postgresql.auto.conf' AND name <> 'max_slot_wal_keep_size' ORDER BY seqno;
"""


@dataclass(frozen=True)
class Move:
    """A database server on its way. `names` is what has to be declared then, `app_data_volumes`: empty when it is."""

    service: str
    version_before: int
    version: int
    volume_before: str
    volume: str
    names: Mapping[str, str]
    bytes: int = 0

    @property
    def is_due(self) -> bool:
        """Tell whether there is anything to move."""
        return self.version != self.version_before

    def shown(self) -> dict[str, Any]:
        """Return all of it for a module's answer."""
        return {**asdict(self), "due": self.is_due}


def plan(app: App, service: str, running: Container, facts: Mapping[str, Any]) -> Move:
    """Work out the move of a server that runs to what is declared. Raise BackupError when it cannot be done."""
    place = f"app_data_services.{service}"
    if service not in app.data_services:
        raise BackupError(f"{place} is not declared, so that nothing says which version is wanted.")
    key = _volume_key(app, service)
    wanted, now = major(app.declared_image(app.data_services[service])), int(facts["version"])
    if not wanted:
        raise BackupError(f"{place}: the image's tag does not begin with a version such as 17.")
    if wanted < now:
        raise BackupError(
            f"{place} declares PostgreSQL {wanted}, and {now} runs. It has no way down: a dump of {now} need not fit. "
            f"Declare {now}; what was there before an upgrade is in its old volume."
        )
    held, declared = _held(running, facts["place"], service), app.volume_name(key)
    if wanted == now:
        return Move(service, now, wanted, held, held, {key: held} if declared != held else {})
    new = declared if declared != held else f"{app.project}_{key}_{wanted}"
    return Move(service, now, wanted, held, new, {key: new} if declared != new else {}, int(facts["bytes"]))


def _volume_key(app: App, service: str) -> str:
    mounts = map(read_mount, app.data_services[service].get("volumes") or [])
    found = [mount.source for mount in mounts if mount.source in app.volumes and mount.target.startswith(HOME)]
    if len(found) != 1:
        raise BackupError(f"app_data_services.{service}: no named volume is mounted below {HOME}, or more than one.")
    if (app.volumes[found[0]] or {}).get("external"):
        raise BackupError(
            f"app_volumes.{found[0]} is external, so that nobody here may make another. Make the new volume, declare "
            "it, and bring the data there by playbooks/restore.yml."
        )
    return found[0]


def _held(running: Container, place: str, service: str) -> str:
    """Return the volume in which a server has its data."""
    paths = [path for path in running.volumes if f"{place}/".startswith(f"{path.rstrip('/')}/")]
    name = running.volumes[max(paths, key=len)] if paths else ""
    if not name or NAMELESS.fullmatch(name):
        raise BackupError(
            f"The data of {service} is {'in a volume without a name' if name else 'in no volume'}, which goes with its "
            "container: nothing would be kept. Declare a volume for it first."
        )
    return name


def left_behind(facts: Mapping[str, Any], there: Iterable[str], declared: Sequence[str], in_default: int) -> list[str]:
    """Say what no backup has and would stay in the old volume. `in_default` is the number of tables in the database
    `postgres`, which every server has."""
    kinds = (names.BEFORE, names.RESTORED, names.RESTORING)
    there = list(there)
    known = {*declared, *(other for name in declared for kind in kinds for other in names.of_kind(there, name, kind))}
    others = [name for name in there if name not in known and (name != "postgres" or in_default)]
    found = [f"the database {name}" for name in others]
    return found + [f"the tablespace {name}" for name in facts.get("tablespaces") or []]


def roles(globals_sql: str, present: Iterable[str]) -> str:
    """Return of a dump of roles all that a new server needs: roles, passwords, settings and memberships, also of those
    that the server was made with. The one that reads WAL has a new password already."""
    made, found = set(present), []
    for line in globals_sql.splitlines():
        match = re.match(r'(CREATE ROLE|ALTER ROLE|GRANT) ("(?:[^"]|"")+"|\w+)', line)
        if not match or re.search(rf"\b{ROLE}\b", line):
            continue
        name = match[2][1:-1].replace('""', '"') if match[2].startswith('"') else match[2]
        if match[1] != "CREATE ROLE" or name not in made:
            found.append(line)
    return "\n".join([*found, ""])


def setting(name: str, value: str) -> str:
    """Return SQL that sets a setting of the server. Raise BackupError for libraries: the new image may lack them, and a
    server that misses one does not start."""
    if name.endswith("_libraries"):
        raise BackupError(f"{name} names libraries of an image.")
    return f"ALTER SYSTEM SET {quoted(name)} TO {literal(value)};"


def who(output: str) -> str:
    """Return who was found by CLIENTS, for a sentence."""
    return ", ".join(dict.fromkeys(postgres.read_names(output))) or "somebody who has gone"
