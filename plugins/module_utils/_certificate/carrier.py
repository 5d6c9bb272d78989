# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service that carries certificates to every node of a Swarm: secrets, copied into the volume that the node's edge
reads. Pure.

The edge itself does not mount them: Swarm replaces the tasks of a service whose secret changes, and an edge's next task
gets the node's port only when the one before has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._app.docker_words import STACK
from .._swarm import node_edge
from .._swarm.labels import APP, CARRIER, PART, SERVICE, TASKS
from .._swarm.service import EDGE_FILES
from .._swarm.stack.spec import task_mark

NAME = "certificates"
TLS = f"{node_edge.MOUNTED[EDGE_FILES]}/tls"
# Each file is the old one or the new one to whoever reads it. A reader's pattern finds none that begins with a dot.
SCRIPT = f"""trap 'exit 0' TERM
set -e
umask 077
mkdir -p {TLS}
cd {TLS}
bring() {{ cat > ".$1" && mv ".$1" "$1"; }}
for path in /run/secrets/*.pem; do
  [ ! -e "$path" ] || bring "${{path##*/}}" < "$path"
done
printf %s "$CHALLENGE" | bring challenge.conf
while :; do sleep 3600 & wait $!; done
"""


def service(project: str) -> str:
    return f"{project}_{NAME}"


def carrier(
    project: str, image: str, constraints: Sequence[str], secrets: Mapping[str, str], challenge: str
) -> dict[str, Any]:
    """Describe it. `secrets` are names of secrets by site, `challenge` what nginx answers the authority."""
    mount = {**node_edge.mount(project), "ReadOnly": False}
    container: dict[str, Any] = {
        "Image": image,
        "Labels": {APP: project, SERVICE: NAME},
        "Command": ["sh", "-c", SCRIPT],
        "Env": [f"CHALLENGE={challenge}"],
        "Mounts": [mount],
        "StopGracePeriod": 2 * 10**9,
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "Healthcheck": {"Test": ["NONE"]},
        "Secrets": [_reference(site, name) for site, name in sorted(secrets.items())],
    }
    task = {
        "ContainerSpec": container,
        "Resources": {"Limits": {"NanoCPUs": 250_000_000, "MemoryBytes": 32 * 2**20}},
        "RestartPolicy": {"Condition": "any", "Delay": 5 * 10**9},
        "Placement": {"Constraints": list(constraints)} if constraints else {},
    }
    container["Labels"][TASKS] = task_mark(task)
    return {
        "Name": service(project),
        "Labels": {APP: project, SERVICE: NAME, PART: CARRIER, STACK: project},
        "TaskTemplate": task,
        "Mode": {"Global": {}},
        # All nodes at once: no visitor is sent to it, and nginx judges what it gets.
        "UpdateConfig": {"Parallelism": 0, "FailureAction": "continue", "Order": "stop-first"},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def _reference(site: str, name: str) -> dict[str, Any]:
    file = {"Name": f"/run/secrets/{site}.pem", "UID": "0", "GID": "0", "Mode": 0o400}
    return {"SecretName": name, "File": file}
