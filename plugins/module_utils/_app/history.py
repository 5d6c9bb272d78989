# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has changed what of an app, and when: one line of JSON for each change, in a file for root alone that outlives
releases. Pure, but for the file."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .._secrets.mask import mask

ROOT = Path("/var/lib/izzzi/history")
LIMIT = 2**20  # bytes of a file; then it becomes the former one, and that of before goes
SHOWN = 20
SERVER = "@server"  # in the place of an app: what was changed of the server, or of a node of the Swarm
HOST = "host"  # `did` of a change of the server itself
Line = dict[str, Any]


def line(
    who: Mapping[str, Any], app: str, did: str, host: str, now: float, hidden: Iterable[str] = (), **more: Any
) -> Line:
    """Return one line, without secrets. `who` is what the controller knows, or a command on the host; `more` is what,
    from, to, result, seconds, detail, id."""
    known = {key: str(who[key]) for key in ("user", "host", "author", "ci") if who.get(key)}
    told = {"what": "", "from": "", "to": "", "result": "ok", "seconds": 0.0, "detail": "", **more}
    written = {
        "id": told.pop("id", "") or secrets.token_hex(6),
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "app": app,
        "server": host,
        "verb": str(who.get("verb") or did),
        "did": did,
        "who": known,
        "run": str(who.get("run") or ""),
        **told,
        "seconds": round(float(told["seconds"]) + float(who.get("seconds") or 0), 1),
    }
    return mask(written, list(hidden))


def files(app: str, root: Path | None = None) -> tuple[Path, Path]:
    """Return the file of an app, and the former one."""
    place, name = root or ROOT, app or SERVER
    return place / f"{name}.jsonl", place / f"{name}.1.jsonl"


def read(app: str, count: int = 0, root: Path | None = None) -> list[Line]:
    """Return the last lines, the oldest first; all with 0. A damaged line, such as a full disk leaves, is left out."""
    found: list[Line] = []
    for path in reversed(files(app, root)):
        with suppress(OSError):
            found += filter(None, map(parse, path.read_text(encoding="utf-8", errors="replace").splitlines()))
    return found[-count:] if count else found


def recent(app: str, count: int = 0) -> list[Line]:
    """Return the last lines of an app and of the server that it runs on, the oldest first; all with 0."""
    return merged(*(read(name, count) for name in dict.fromkeys((app, SERVER))))[-count:]


def parse(text: str) -> Line | None:
    with suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict) and found.get("id") and found.get("when"):
            return found
    return None


def add(app: str, lines: Iterable[Line], root: Path | None = None, limit: int = LIMIT) -> int:
    """Append the lines that are not there yet, and return how many those were. One of the same run and host that goes
    on in another play takes the place of the former. Raise OSError when the file cannot be written."""
    there = read(app, root=root)
    known = {one["id"]: one for one in there}
    new = [one for one in merged(lines) if known.get(one["id"]) != one]
    if not new:
        return 0
    current, former = files(app, root)
    current.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if current.exists() and current.stat().st_size > limit:
        os.replace(current, former)
    replaced = {one["id"] for one in new} & known.keys()
    if replaced:
        _rewrite(current, [one for one in there if one["id"] not in replaced] + new)
        former.unlink(missing_ok=True)
    else:
        _append(current, new)
    return len(new)


def _append(path: Path, lines: Iterable[Line]) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab") as file:
        file.write(b"".join(map(_encoded, lines)))
        file.flush()
        os.fsync(file.fileno())


def _rewrite(path: Path, lines: Iterable[Line]) -> None:
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    _append(new, merged(lines))
    os.replace(new, path)


def _encoded(one: Line) -> bytes:
    return json.dumps(one, ensure_ascii=False).encode() + b"\n"


def merged(*listed: Iterable[Line]) -> list[Line]:
    """Return lines of several hosts as one list, each once, the oldest first."""
    found = {one["id"]: one for lines in listed for one in lines}
    return sorted(found.values(), key=lambda one: one["when"])


def joined(there: Sequence[Line], new: Line) -> Line:
    """Return a change of the server as it is noted: with what the same run has done there before, as one line."""
    for former in reversed(there):
        if former["did"] == new["did"] and former["run"] == new["run"] and former.get("server") == new["server"]:
            what = dict.fromkeys([*former["what"].split(", "), *new["what"].split(", ")])
            return {**new, "id": former["id"], "when": former["when"], "what": ", ".join(filter(None, what))}
    return new


def person(who: Mapping[str, str]) -> str:
    """Say who it was, for people."""
    place = "@".join(filter(None, (who.get("user", ""), who.get("host", "")))) or "somebody"
    return " ".join(filter(None, (place, f"({who['author']})" if who.get("author") else "", who.get("ci", ""))))


def texts(lines: Sequence[Line]) -> list[str]:
    """Tell lines to people, with the app where there are several."""
    several = len({one["app"] for one in lines} - {SERVER, ""}) > 1
    return [text(one, several) for one in lines]


def text(one: Line, several: bool = False) -> str:
    """Tell a line to people; why it has failed stands below it."""
    moved = " -> ".join(dict.fromkeys(filter(None, (one["from"], one["to"]))))
    did = one["did"] if one["did"] not in (one["verb"], HOST) else ""
    where = one["server"] if one["did"] == HOST else ""
    whose = f"{one['app']}:" if several and one["app"] != SERVER else ""
    told = [whose, one["verb"], did, where, one["what"], moved]
    when = one["when"].replace("T", " ").rstrip("Z")
    first = f"{when}  {one['result']:<6}  {' '.join(filter(None, told))}, {one['seconds']:g} s, {person(one['who'])}"
    return "\n".join([first, *(f"    {row}" for row in one["detail"].splitlines()[:3])])
