# SPDX-License-Identifier: GPL-3.0-or-later
"""What many.py measures, in a process of its own: `many_work.py WORK SIZE...`. Ends with an error where the result is
not what it must be.

What takes milliseconds is done several times (TIMES), so that it stands out from the start of a process.
"""

from __future__ import annotations

import copy
import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".ansible" / "collections")]

TIMES = {"environment": 10, "swarm_plan": 200, "stack": 30}
MANAGERS = 5
EVERYBODY = {"addresses": ["0.0.0.0/0", "::/0"]}


def environment(arguments: str, times: str) -> None:
    """Run module `environment` with the arguments in a file, and print its last result."""
    from ansible.module_utils.testing import patch_module_args
    from ansible_collections.izzzi.infra.plugins.modules import environment

    given = json.loads(Path(arguments).read_text())
    for _time in range(int(times)):
        with patch_module_args(given), redirect_stdout(io.StringIO()) as said, suppress(SystemExit):
            environment.main()
    print(said.getvalue())


# -- a Swarm


def address(number: int) -> str:
    return f"10.20.{number // 200}.{number % 200 + 2}"


def node(number: int) -> dict[str, Any]:
    """Return what a manager says of a node, as module swarm_member returns it."""
    is_manager = number < MANAGERS
    return {
        "id": f"id-{number}",
        "name": f"node-{number}",
        "address": address(number),
        "role": "manager" if is_manager else "worker",
        "state": "ready",
        "labels": {"izzzi.data": "true"} if number == 0 else {},
        "leader": number == 0,
        "voter": is_manager,
        "reachable": is_manager,
        "created": "2026-11-25T10:00:00Z",
    }


def swarm_plan(count: int) -> None:
    """Plan a Swarm of which each third host could not be asked, and to which each tenth has yet to come."""
    from ansible_collections.izzzi.infra.plugins.filter.swarm_plan import swarm_plan

    new = set(range(MANAGERS, count, 10))
    nodes = [node(number) for number in range(count) if number not in new]
    pools = {"pools": ["172.16.0.0/16"], "pool_size": 24}
    observed = {}
    for own in nodes[:MANAGERS] + [row for index, row in enumerate(nodes[MANAGERS:]) if index % 3]:
        told = {"nodes": nodes, "cluster": "one"} if own["voter"] else {"nodes": None}
        own = {"id": own["id"], "manager": own["voter"], "managers": [address(0)]}
        observed[f"node-{own['id'].removeprefix('id-')}"] = {
            "engine": "26.1",
            "state": "active",
            **own,
            **told,
            **pools,
        }
    observed |= {f"node-{number}": {"state": "inactive", "nodes": None} for number in new}
    members = {f"node-{number}": address(number) for number in range(count)}
    split = dict(list(members.items())[:MANAGERS]), dict(list(members.items())[MANAGERS:])
    for _time in range(TIMES["swarm_plan"]):
        plan = swarm_plan(observed, managers=split[0], workers=split[1], reserved=["10.20.0.0/16"], **pools)
    assert plan["problems"] == []
    assert plan["join"] == dict.fromkeys(sorted(f"node-{number}" for number in new), "worker")
    assert plan["steps"] == [f"join {name} as worker" for name in plan["join"]]


class Manager:
    """Answers like the engine of a manager on which all of `services` run. It is asked for lists only."""

    def __init__(self, nodes: list[dict], services: dict[str, dict]):
        self._answers = {
            "/networks": [{"Id": "n1", "Name": "shop"}],
            "/nodes": nodes,
            "/services": [{"ID": name, "Spec": spec} for name, spec in services.items()],
        }

    def get(self, path: str, **_query: Any) -> Any:
        return self._answers[path]


def engine_node(number: int) -> dict[str, Any]:
    """Return a node of the Engine API."""
    return {
        "ID": f"id-{number}",
        "Description": {"Hostname": f"node-{number}"},
        "Spec": {"Role": "worker", "Availability": "active", "Labels": {"disk": "ssd"}},
        "Status": {"State": "ready", "Addr": address(number)},
    }


def app_services(count: int) -> dict[str, dict]:
    service = {
        "port": 4000,
        "environment": {"RELEASE": "${RELEASE}", "URL": "postgres://:${PASSWORD}@postgres"},
        "healthcheck": {"test": ["CMD", "true"], "interval": "5s"},
        "deploy": {"placement": {"constraints": ["node.role == worker", "node.labels.disk == ssd"]}},
    }
    return {f"service{number}": copy.deepcopy(service) for number in range(count)}


def stack(nodes: int, count: int) -> None:
    """Plan a release of a stack that runs: each service gets a new task, and a node has to take it."""
    from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
    from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.deploy import Deployment
    from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import Image, Options, Stack
    from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle

    declared = app_services(count)
    images = {name: Image(f"r:5000/{name}@sha256:1", f"r:5000/{name}:r1", (), ("node", "main.js")) for name in declared}
    given = {"project": "shop", "services": declared, "secrets": {"PASSWORD": "it's"}, "images": images}
    live = bundle(Stack(release="r1", variables={"RELEASE": "r1"}, **given)).services
    for spec in live.values():
        spec["TaskTemplate"]["Networks"][0]["Target"] = "n1"
    manager = Manager([engine_node(number) for number in range(nodes)], live)
    for _time in range(TIMES["stack"]):
        wanted = bundle(Stack(release="r2", variables={"RELEASE": "r2"}, **given))
        deployment = Deployment(Swarm(manager, "shop"), Options(), desired=wanted.services, contents=wanted)
        planned = deployment.plan()
        deployment.refuse_homeless(planned)
    assert [(change.action, change.restarts) for change in planned] == [("update", True)] * count


# -- who can reach what


def exposure(nodes: int, count: int) -> None:
    """Do for each node what playbooks/exposure.yml does. The account lets in none of the services' ports yet."""
    from ansible_collections.izzzi.infra.plugins.filter.exposure import exposure
    from ansible_collections.izzzi.infra.plugins.filter.widened_exposure import widened_exposure
    from ansible_collections.izzzi.infra.plugins.module_utils._exposure import check, declared, reach

    ports = [8000 + 2 * number for number in range(count)]
    inside = {"protocol": "tcp", "ports": "all", "sources": {"members": True}}
    doors = [{"protocol": "tcp", "ports": str(port), "sources": EVERYBODY} for port in ports]
    firewalls = {"internal": {"inbound": [inside]}, "web": {"inbound": doors}}
    rules = [{"name": str(port), "protocol": "tcp", "ports": [port]} for port in ports]
    services = {f"service{port}": {"ports": [f"{port}:4000"]} for port in ports}
    tag = "izzzi:shop:staging"
    live = {"inbound_rules": [{"protocol": "tcp", "ports": "0", "sources": {"tags": [tag]}}]}
    for _node in range(nodes):
        wanted = exposure(firewalls, rules, services)
        cloud = declared.of_account([live], tag)
        missing = check.of_cloud("node", cloud, reach.from_rows(wanted["cloud"]))
        wider = widened_exposure(wanted, reach.rows(cloud), wanted["host"])
    assert wanted["text"] == [f"{port}/tcp open to everybody" for port in ports]
    assert len(missing) == count
    assert wider == wanted["text"]


WORKS: dict[str, Callable[..., None]] = {"swarm_plan": swarm_plan, "stack": stack, "exposure": exposure}


def main(work: str, *arguments: str) -> None:
    if work == "environment":
        environment(*arguments)
    else:
        WORKS[work](*map(int, arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
