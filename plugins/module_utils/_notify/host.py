# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role notify writes onto a host: this very code, settings and addresses. Pure, but for reading the code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .._app import on_host
from .._app.events import KINDS
from .settings import PLACE

SETTINGS = ("place", "off", "disk", "certificate_days", "names")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def problems(given: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything that is not valid. None of them holds an address: it is a secret."""
    found = [
        f"notify_urls[{number}] is not an address such as slack://TOKEN_A/TOKEN_B/TOKEN_C (docs/messages.md)."
        for number, url in enumerate(given["urls"])
        if not (isinstance(url, str) and _SCHEME.fullmatch(url))
    ]
    found += (
        ["notify_urls has the same address twice."] if len(set(map(str, given["urls"]))) < len(given["urls"]) else []
    )
    found += [
        f"notify_off: {kind} is not a kind of message. There are: {', '.join(KINDS)}."
        for kind in given["off"]
        if kind not in KINDS
    ]
    if not 1 <= int(given["disk"]) <= 99:
        found.append(f"notify_disk is {given['disk']}; it is per cent, from 1 to 99.")
    if int(given["certificate_days"]) < 1:
        found.append(f"notify_certificate_days is {given['certificate_days']}; at least 1.")
    return found


def files(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the files of `host_change` that hold no secret."""
    text = json.dumps({name: given[name] for name in SETTINGS}, indent=1, sort_keys=True) + "\n"
    code = on_host.code("_notify/main.py")
    return [
        *({"path": str(on_host.CODE / name), "content": content} for name, content in code.items()),
        {"path": str(PLACE / "settings.json"), "content": text, "mode": "0600"},
    ]


def secrets(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the file of `host_change` that nobody but root may read."""
    return [{"path": str(PLACE / "urls.json"), "content": json.dumps(given["urls"]) + "\n"}]
