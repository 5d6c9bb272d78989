# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to tasks at their addresses in an app's overlay network.

The host itself is not in that network. So the request is made in the network namespace of a container that is, with the
host's own Python: nothing is needed in the container.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from ..._app.checks import Answer
from ..._app.program import CommandError, run
from ..engine import Engine
from .spec import APP

ASK = """
import http.client, json, sys
address, port, path, headers, timeout = json.loads(sys.argv[1])
try:
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    connection.request("GET", path, headers={"Connection": "close", **headers})
    response = connection.getresponse()
    body = response.read(1048576).decode("utf-8", "replace")
    print(json.dumps({"status": response.status, "reason": response.reason, "body": body}))
except (OSError, http.client.HTTPException) as error:
    print(json.dumps({"error": f"{address}:{port}: {error or type(error).__name__}"}))
"""


def addresses(tasks: Iterable[Mapping[str, Any]], network: str) -> list[str]:
    """Of the tasks that run, in this network."""
    return attached((task for task in tasks if task["Status"]["State"] == "running"), network)


def attached(tasks: Iterable[Mapping[str, Any]], network: str) -> list[str]:
    """Addresses in this network."""
    return [
        address.partition("/")[0]
        for task in tasks
        for attachment in task.get("NetworksAttachments") or []
        if attachment["Network"]["Spec"]["Name"] == network
        for address in attachment.get("Addresses") or []
    ]


def doorway(engine: Engine, project: str) -> int:
    """A process on this host that is in the app's network; 0: there is none."""
    found = engine.get("/containers/json", filters={"label": [f"{APP}={project}"], "status": ["running"]})
    inside = [item["Id"] for item in found if project in ((item.get("NetworkSettings") or {}).get("Networks") or {})]
    return engine.get(f"/containers/{inside[0]}/json")["State"]["Pid"] if inside else 0


def ask(door: int, address: str, port: int, path: str, headers: Mapping[str, str], timeout: float) -> Answer:
    question = json.dumps([address, port, path, dict(headers), timeout])
    command = ["nsenter", "--target", str(door), "--net", sys.executable, "-I", "-c", ASK, question]
    try:
        return Answer(**json.loads(run(command, timeout=timeout * 3)))
    except (CommandError, ValueError) as error:
        return Answer(error=str(error))
