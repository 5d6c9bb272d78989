# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in a Redis, written and read as a client of its network would; and in a PostgreSQL."""

from __future__ import annotations

import socket
import subprocess


def _say(address: str, *words: str) -> str:
    with socket.create_connection((address, 6379), timeout=5) as connection:
        text = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        connection.sendall(text.encode())
        return connection.recv(4096).decode(errors="replace")


def push(request: dict) -> dict:
    """The number of rows when Redis has acknowledged this one."""
    answer = _say(request["address"], "RPUSH", "rows", request["row"])
    return {"rows": int(answer[1:]) if answer.startswith(":") else None, "answer": answer.strip()}


def rows(request: dict) -> dict:
    answer = _say(request["address"], "LLEN", "rows")
    return {"rows": int(answer[1:]) if answer.startswith(":") else None, "answer": answer.strip()}


def _psql(container: str, sql: str) -> list[str]:
    command = ["docker", "exec", "--interactive", container, "psql", "--no-psqlrc", "--quiet", "--tuples-only"]
    command += ["--no-align", "--set=ON_ERROR_STOP=1", "--username=app", "--dbname=app"]
    return subprocess.run(command, input=sql, capture_output=True, text=True, timeout=30, check=True).stdout.split()


def insert(request: dict) -> dict:
    """The number of rows when PostgreSQL has committed one more."""
    sql = "INSERT INTO walk VALUES (DEFAULT); SELECT count(*) FROM walk;"
    return {"rows": int(_psql(request["container"], sql)[0])}


def tables(request: dict) -> dict:
    """The rows that are there, and the releases that have migrated."""
    sql = """SET client_min_messages = error; CREATE TABLE IF NOT EXISTS walk (id serial);
        CREATE TABLE IF NOT EXISTS migrated (release text PRIMARY KEY);
        SELECT count(*) FROM walk; SELECT release FROM migrated;"""
    rows, *migrated = _psql(request["container"], sql)
    return {"rows": int(rows), "migrated": migrated}
