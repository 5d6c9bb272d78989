# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL and programs for one PostgreSQL: what is in it, what a database is like, who its roles are. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._app.sql import literal, quoted

_NAME = r'(?P<{}>"(?:[^"]|"")+"|\w+)'
_ROLE = re.compile(rf"(?:CREATE|ALTER) ROLE {_NAME.format('name')}[ ;]")
_GRANT = re.compile(rf"GRANT {_NAME.format('role')} TO {_NAME.format('name')}[ ;]")
# Their values are lists of names, which PostgreSQL keeps with the quotes that they need.
_LISTS = {"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"}

# The same text for the same row, whatever the server, the database or the role would show otherwise.
SAME_TEXT = """SET search_path = '';
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET TimeZone = 'UTC';
SET extra_float_digits = 1;
SET bytea_output = hex;
SET xmlbinary = base64;
SET lc_monetary = 'C';
SET row_security = off;
SET lock_timeout = '60s';
"""
_TABLES = """FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
"""
_EACH = "format('%I.%I', n.nspname, c.relname), n.nspname, c.relname"
# A sum does not depend on the order of rows. The members of an extension are the extension's, and no part of a dump.
COUNTS = f"""SELECT format($q$SELECT json_build_object('table', %L, 'rows', count(*), 'sum',
coalesce(sum(hashtextextended(izzzi_row::text COLLATE "C", 0)::numeric), 0)::text) FROM %I.%I izzzi_row$q$, {_EACH})
{_TABLES}"""
ROWS = f"""SELECT format($q$SELECT json_build_object('table', %L, 'rows', count(*)) FROM %I.%I$q$, {_EACH})
{_TABLES}"""
PROPERTIES = """SELECT to_jsonb(d) || jsonb_build_object('owner', pg_get_userbyid(d.datdba), 'encoding',
  pg_encoding_to_char(d.encoding), 'bytes', pg_database_size(d.oid),
  'version', current_setting('server_version_num')::int,
  'settings', (SELECT coalesce(jsonb_agg(jsonb_build_array(
    CASE WHEN s.setrole = 0 THEN '' ELSE pg_get_userbyid(s.setrole) END, s.setconfig)), '[]')
    FROM pg_db_role_setting s WHERE s.setdatabase = d.oid))
FROM pg_database d WHERE d.datname = current_database();
"""
ROLES = "SELECT to_json(rolname) FROM pg_roles ORDER BY rolname;"
DATABASES = "SELECT to_json(datname) FROM pg_database WHERE NOT datistemplate ORDER BY datname;"


def psql(container: str, user: str, database: str) -> list[str]:
    """Return the command that takes SQL on standard input and fails with its first error."""
    options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    where = [f"--username={user}", f"--dbname={database}"]
    return ["docker", "exec", "--interactive", container, "psql", *options, *where]


def pg_dump(container: str, user: str, database: str, *options: str) -> list[str]:
    """Return the command that writes a dump. It is not compressed: restic does that better, and finds what has not
    changed since the last one only in what is not."""
    how = ["--format=custom", "--compress=0", "--lock-wait-timeout=60000", f"--username={user}"]
    return ["docker", "exec", container, "nice", "-n", "10", "pg_dump", *how, *options, database]


def pg_restore(container: str, user: str, database: str, *options: str) -> list[str]:
    """Return the command that fills a database with the dump on its standard input, or fails with the first error."""
    how = ["--exit-on-error", "--no-tablespaces", f"--username={user}", f"--dbname={database}"]
    return ["docker", "exec", "--interactive", container, "pg_restore", *how, *options]


def globals_dump(container: str, user: str) -> list[str]:
    """Return the command that writes the roles, with what PostgreSQL keeps of their passwords."""
    return ["docker", "exec", container, "pg_dumpall", "--globals-only", f"--username={user}"]


def read_counts(output: str) -> dict[str, dict[str, Any]]:
    """Return rows and checksum by table, from the output of COUNTS or ROWS."""
    rows = (json.loads(line) for line in output.splitlines() if line.strip())
    return {row.pop("table"): row for row in rows}


def read_names(output: str) -> list[str]:
    """Return the names that ROLES or DATABASES printed."""
    return [json.loads(line) for line in output.splitlines() if line.strip()]


def missing_roles(globals_sql: str, present: Iterable[str]) -> str:
    """Return of a dump of roles what makes those that are not there. Nobody who is there gets another password."""
    known, found = set(present), []
    for line in globals_sql.splitlines():
        match = _ROLE.match(line) or _GRANT.match(line)
        if match and _plain(match["name"]) not in known:
            found.append(line)
    return "\n".join([*found, ""]) if found else ""


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def create_database(name: str, properties: Mapping[str, Any]) -> str:
    """Return SQL that makes an empty database like the one that PROPERTIES described."""
    options = [
        f"OWNER {quoted(properties['owner'])}",
        "TEMPLATE template0",
        f"ENCODING {literal(properties['encoding'])}",
        f"LC_COLLATE {literal(properties['datcollate'])}",
        f"LC_CTYPE {literal(properties['datctype'])}",
        *_locale(properties),
        f"CONNECTION LIMIT {int(properties.get('datconnlimit', -1))}",
    ]
    return f"CREATE DATABASE {quoted(name)} {' '.join(options)};\n"


def _locale(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what 15 and later say of a locale that is not libc's."""
    provider = {"i": "icu", "b": "builtin"}.get(properties.get("datlocprovider", "c"))
    if provider:
        locale = properties.get("datlocale") or properties.get("daticulocale") or ""
        yield f"LOCALE_PROVIDER {provider} {provider.upper()}_LOCALE {literal(locale)}"


def settings(name: str, properties: Mapping[str, Any]) -> str:
    """Return SQL that gives a database the settings and the privileges of the one that PROPERTIES described."""
    lines = []
    for role, values in properties.get("settings") or []:
        who = f"ALTER ROLE {quoted(role)} IN DATABASE" if role else "ALTER DATABASE"
        for pair in values:
            key, _sign, value = pair.partition("=")
            lines.append(f"{who} {quoted(name)} SET {quoted(key)} TO {value if key in _LISTS else literal(value)};")
    return "\n".join([*lines, *_privileges(name, properties.get("datacl")), ""])


def _privileges(name: str, acl: Sequence[str] | None) -> Iterator[str]:
    if acl is None:
        return
    items = ", ".join(map(literal, acl))
    yield f"REVOKE ALL ON DATABASE {quoted(name)} FROM PUBLIC;"
    yield (
        f"SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, {literal(name)}, "
        "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, "
        f"CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) "
        f"FROM aclexplode(ARRAY[{items}]::aclitem[]) a \\gexec"
    )
