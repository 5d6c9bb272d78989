# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login per password: how PostgreSQL's password changes without a failed request.

PostgreSQL knows one password per role. So each password gets a login role of its own, named by the password's hash; all
are members of the owner and act as it. The old release keeps its login until it is drained.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from .._app.program import run
from .._app.sql import Database, literal, quoted
from .project import Compose

ITERATIONS = 4096  # PostgreSQL's own default


def login_name(user: str, password: str) -> str:
    digest = hashlib.sha256(f"login:{password}".encode()).hexdigest()
    return f"{user}_{digest[:8]}"


def verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores for SCRAM. So the password itself never reaches the server's log."""
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def create_login(user: str, login: str, password: str) -> str:
    """SQL that makes a login which acts as the owner."""
    return (
        f"CREATE ROLE {quoted(login)} LOGIN PASSWORD {literal(verifier(password))} IN ROLE {quoted(user)};\n"
        f"ALTER ROLE {quoted(login)} SET role = {literal(user)};\n"
    )


def list_logins(user: str) -> str:
    pattern = literal("^" + user.replace(".", "\\.") + "_[0-9a-f]{8}$")
    return f"SELECT rolname FROM pg_roles WHERE rolname ~ {pattern} ORDER BY 1"


def close_owner(user: str) -> str:
    """SQL that ends the owner's own way in over the network."""
    return f"ALTER ROLE {quoted(user)} PASSWORD NULL;\n"


def drop_logins(logins: list[str], user: str) -> str:
    """SQL that ends logins which no release uses any more."""
    return "".join(
        f"ALTER ROLE {quoted(login)} NOLOGIN;\n"
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {literal(login)};\n"
        f"REASSIGN OWNED BY {quoted(login)} TO {quoted(user)};\nDROP ROLE {quoted(login)};\n"
        for login in logins
    )


def psql(data: Compose, database: Database, sql: str) -> str:
    """Runs SQL over the container's own socket, the statements on standard input: no argument list shows them."""
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    where = [f"--username={database.user}", f"--dbname={database.name}"]
    return run(["docker", "exec", "--interactive", data.container_of(database.service), *command, *where], stdin=sql)


def ensure_login(data: Compose, database: Database, password: str) -> bool:
    """Makes the password's login where it is missing. Others stay until their release is drained."""
    login = login_name(database.user, password)
    if login in psql(data, database, list_logins(database.user)).split():
        return False
    psql(data, database, create_login(database.user, login, password))
    return True


def keep_only_login(data: Compose, database: Database, password: str) -> None:
    """Ends the logins of other passwords, and the owner's own way in."""
    login = login_name(database.user, password)
    logins = psql(data, database, close_owner(database.user) + list_logins(database.user)).split()
    if old := [name for name in logins if name != login]:
        psql(data, database, drop_logins(old, database.user))


def dump(data: Compose, database: Database, path: Path, timeout: float) -> None:
    """Writes the database to a file, whole or not at all."""
    partial = path.with_suffix(".partial")
    try:
        partial.touch(mode=0o600)
        with partial.open("w", encoding="utf-8") as file:
            command = ["pg_dump", "--format=custom", f"--username={database.user}", database.name]
            run(["docker", "exec", data.container_of(database.service), *command], timeout=timeout, stdout=file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
