"""Rows in a Redis, written and read as a client of its network would."""

from __future__ import annotations

import socket


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
