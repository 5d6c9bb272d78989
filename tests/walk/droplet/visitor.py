# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of the walk's app: they ask through nginx all the time, each on a connection of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

FILE = Path("/run/walk-visits")
PAUSE = 0.05


def ask_first(path: str, host: str, addresses: list[str]) -> tuple[int, str]:
    """As a load balancer does: whoever takes no connection, or closes it without a word, is passed over."""
    for address in addresses[:-1]:
        try:
            socket.create_connection((address, 80), timeout=1).close()
        except OSError:
            continue
        answer = ask(path, host, address)
        # An nginx that starts anew resets the connections that it has not accepted yet.
        if not answer[0] and answer[1].startswith(("ConnectionReset", "ConnectionRefused", "RemoteDisconnected")):
            continue
        return answer
    return ask(path, host, addresses[-1])


def ask(path: str, host: str, address: str = "127.0.0.1", timeout: float = 5) -> tuple[int, str]:
    """Status (0: no answer) and the body's beginning, which is the release's name."""
    connection = http.client.HTTPConnection(address, 80, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host})
        reply = connection.getresponse()
        return reply.status, reply.read(200).decode(errors="replace").strip()
    except OSError as error:
        return 0, repr(error)
    except http.client.HTTPException as error:
        return 0, repr(error)
    finally:
        connection.close()


def walk_in(host: str, addresses: list[str]) -> None:
    """Writes a line when the answer is another one than before; ends with whoever started it."""
    parent, last = os.getppid(), None
    with FILE.open("w", encoding="utf-8") as file:
        while os.getppid() == parent:
            answer = ask_first("/", host, addresses)
            if answer != last:
                file.write(f"{time.time():.3f}\t{answer[0]}\t{answer[1].splitlines()[0] if answer[1] else ''}\n")
                file.flush()
                last = answer
            time.sleep(PAUSE)


_process: list[subprocess.Popen] = []


def visits(request: dict) -> dict:
    """What visitors met since the last call; when all were answered as the last one before it, that answer. Starts the
    visitors when there are none."""
    if not _process or _process[0].poll() is not None:
        FILE.write_text("", encoding="utf-8")
        _process[:] = [
            subprocess.Popen([sys.executable, __file__, request["host"], *request.get("addresses", ["127.0.0.1"])])
        ]
        while not FILE.read_text(encoding="utf-8"):  # its first answer
            time.sleep(0.05)
    offset = request.get("offset", 0)
    time.sleep(3 * PAUSE)
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines[offset:] or lines[-1:]]
    return {"offset": len(lines), "answers": [[float(at), int(status), body] for at, status, body in rows]}


if __name__ == "__main__":
    walk_in(sys.argv[1], sys.argv[2:])
