# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL for what continuous archiving asks of a server: a heartbeat, a slot, a role that may read WAL. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from .._app.sql import literal

ROLE = SLOT = "izzzi_backup"
MIB = 2**20
_ITERATIONS = 4096

# A commit of its own: so the archive always goes on to a known time, also when nobody writes. The last statement waits
# until the receiver has what was written before.
ROUND = f"""SET synchronous_commit = local;
SELECT extract(epoch FROM now()) AS at, pg_logical_emit_message(true, 'izzzi', '') AS message \\gset
SELECT pg_current_wal_flush_lsn() AS lsn \\gset
SELECT set_config('izzzi.lsn', :'lsn', false) AS ignored \\gset
DO $do$BEGIN
FOR i IN 1..50 LOOP
  EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_replication WHERE usename = '{ROLE}')
    OR EXISTS (SELECT FROM pg_stat_replication WHERE usename = '{ROLE}'
               AND write_lsn >= current_setting('izzzi.lsn')::pg_lsn);
  PERFORM pg_sleep(0.1);
  PERFORM pg_stat_clear_snapshot();
END LOOP;
END$do$;
SELECT json_build_object('time', :'at'::float, 'lsn', pg_wal_lsn_diff(:'lsn', '0/0')::text,
  'timeline', substr(pg_walfile_name(:'lsn'), 1, 8),
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'size', pg_size_bytes(current_setting('wal_segment_size')), 'version', current_setting('server_version_num')::int,
  'received', EXISTS (SELECT FROM pg_stat_replication WHERE usename = '{ROLE}' AND write_lsn >= :'lsn'),
  'slot', (SELECT to_jsonb(s) || jsonb_build_object('kept', pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text)
           FROM pg_replication_slots s WHERE slot_name = '{SLOT}'));
"""
# Where a server is now, for the end of a base backup.
NOW = """SET synchronous_commit = local;
SELECT json_build_object('time', extract(epoch FROM now()), 'lsn', pg_current_wal_lsn()::text,
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'size', pg_size_bytes(current_setting('wal_segment_size')), 'version', current_setting('server_version_num')::int,
  'bytes', (SELECT sum(pg_database_size(oid)) FROM pg_database)::text);
"""
SWITCH = "SELECT FROM pg_switch_wal();\n"
MAKE = f"SELECT FROM pg_create_physical_replication_slot('{SLOT}', true);\n"
DROP = f"""SELECT FROM pg_terminate_backend((SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{SLOT}'));
DO $do$BEGIN
FOR i IN 1..50 LOOP
  EXIT WHEN NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{SLOT}' AND active);
  PERFORM pg_sleep(0.1);
END LOOP;
PERFORM pg_drop_replication_slot('{SLOT}') FROM pg_replication_slots WHERE slot_name = '{SLOT}';
END$do$;
"""
FREE = f"SELECT FROM pg_terminate_backend((SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{SLOT}'));\n"
DROP_ROLE = f"DROP ROLE IF EXISTS {ROLE};\n"


def read(output: str) -> dict[str, Any]:
    """Return what ROUND or NOW printed, with positions as numbers of bytes."""
    found = json.loads(output.strip().splitlines()[-1])
    if str(found.get("lsn", "")).isdigit():
        found["lsn"] = int(found["lsn"])
    return found


def verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL keeps of a password (SCRAM-SHA-256), so that the password itself is in no statement."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    salt64, stored64, server64 = (base64.b64encode(value).decode() for value in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt64}${stored64}:{server64}"


def login(verified: str) -> str:
    """Return SQL that gives the role which reads WAL a new password, and makes it when it is not there."""
    return f"""DO $do$BEGIN
IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN CREATE ROLE {ROLE}; END IF;
END$do$;
ALTER ROLE {ROLE} LOGIN REPLICATION PASSWORD {literal(verified)};
"""


def bound(mib: int) -> str:
    """Return SQL that lets the server give the slot up by itself when its reader is gone (13 and later), unless the
    server's owner has set a bound already. It prints what it changes."""
    return f"""SELECT 'ALTER SYSTEM SET max_slot_wal_keep_size = ''{mib}MB''' FROM pg_settings
WHERE name = 'max_slot_wal_keep_size' AND setting = '-1' \\gexec
SELECT FROM pg_reload_conf();
"""


def unbound(mib: int) -> str:
    """Return SQL that takes `bound` back."""
    return f"""SELECT 'ALTER SYSTEM RESET max_slot_wal_keep_size' FROM pg_settings
WHERE name = 'max_slot_wal_keep_size' AND setting = '{mib}' \\gexec
SELECT FROM pg_reload_conf();
"""


def broken(chain: Mapping[str, Any], facts: Mapping[str, Any], limit: int) -> str:
    """Say why what the server writes does not follow what the archive has, empty when it does. `limit` is how many
    bytes a server may keep for a reader that is away."""
    found = facts.get("slot")
    if chain["system"] != facts["system"]:
        return "another database cluster runs now"
    if not found:
        return "the server has lost its replication slot"
    if found.get("wal_status") == "lost":
        return "the server has removed WAL that was not archived yet (max_slot_wal_keep_size)"
    if int(found.get("kept") or 0) > limit and not found.get("active"):
        return f"the server kept more than {limit // MIB} MiB of WAL that nobody read"
    return ""
