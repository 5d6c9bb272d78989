# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends requests to tasks at their addresses in an app's overlay network.

The host itself is not in that network. So the request is made in the network namespace of a container that is, with the
host's own Python: nothing is needed in the container.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from ..._app.checks import Answer
from ..._app.program import CommandError, run
from ..engine import Engine
from ..labels import APP

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


def network_namespace(engine: Engine, project: str) -> int:
    """Find a process on this host that is in the app's network; 0 when there is none."""
    found = engine.get("/containers/json", filters={"label": [f"{APP}={project}"], "status": ["running"]})
    inside = [item["Id"] for item in found if project in ((item.get("NetworkSettings") or {}).get("Networks") or {})]
    return engine.get(f"/containers/{inside[0]}/json")["State"]["Pid"] if inside else 0


def overlay_request(
    process: int, address: str, port: int, path: str, headers: Mapping[str, str], timeout: float
) -> Answer:
    """Ask a task from within the network of a process; `timeout` is in seconds."""
    question = json.dumps([address, port, path, dict(headers), timeout])
    command = ["nsenter", "--target", str(process), "--net", sys.executable, "-I", "-c", ASK, question]
    try:
        return Answer(**json.loads(run(command, timeout=timeout * 3)))
    except (CommandError, ValueError) as error:
        return Answer(error=str(error))
