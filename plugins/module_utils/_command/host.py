# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles write onto a host: this very code, the command that starts it, an app's settings. Pure, but for
reading the code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .._app import on_host
from .settings import SETTINGS, App
from .units import PROGRAM, UNITS, tidy_unit

# -P: what lies in the directory where somebody calls it is none of the command's code.
SCRIPT = """#!/bin/sh
# Managed by Ansible, roles izzzi.infra.app_compose and izzzi.infra.swarm_stack: `izzzi --help`
[ "$(id -u)" = 0 ] || exec sudo -- /usr/local/bin/izzzi "$@"
PYTHONPATH=/usr/local/lib/izzzi exec python3 -BP -m infra._command.main "$@"
"""


def written(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `host_change`. `given` is what App has, with the `hidden` texts that no output shows."""
    runner = given["runner"]
    code = on_host.code("_command/main.py", f"_command/{runner}.py")
    settings = {name: given[name] for name in App.__dataclass_fields__ if name in given and name != "hidden"}
    settings["params"] = {**given["params"], "services": asked(given["params"].get("services") or {})}
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    jobs = f"jobs-{given['app']}"
    has_jobs = bool(given.get("jobs"))
    # Beside those of earlier releases, whose containers have written lines, too, and may be live again.
    texts, place = hidden(given.get("hidden") or []), SETTINGS / f"{given['app']}.hidden"
    return {
        "directories": [{"path": str(SETTINGS), "mode": "0700"}, {"path": str(place), "mode": "0700"}],
        "files": [
            *({"path": str(on_host.CODE / name), "content": content} for name, content in code.items()),
            {"path": PROGRAM, "content": SCRIPT, "mode": "0755"},
            {
                "path": str(SETTINGS / f"{given['app']}.json"),
                "content": text,
                "mode": "0600",
                **({"apply": [jobs]} if has_jobs else {}),
            },
        ],
        "apply": {jobs: timers(given["app"], has_jobs)},
        "secrets": [{"path": str(place / hashlib.sha256(texts.encode()).hexdigest()[:12]), "content": texts}],
    }


def timers(app: str, has_jobs: bool) -> dict[str, str]:
    """Return how timers of jobs come onto a host: `check` fails where they are not what they should be."""
    install = f"{PROGRAM} -a {app} jobs install"
    none = f"! test -e {UNITS / tidy_unit(app)}.timer"
    return {"command": install, "check": f"{install} --check" if has_jobs else none}


def asked(services: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return of services what they are to answer, and where, and what starts a program in them. Nothing else of a
    declaration is needed on a host."""
    return {
        name: {key: one[key] for key in ("port", "checks", "entrypoint") if key in one}
        for name, one in services.items()
    }


def hidden(texts: list[Any]) -> str:
    return json.dumps(sorted({str(text) for text in texts if text not in (None, "")})) + "\n"
