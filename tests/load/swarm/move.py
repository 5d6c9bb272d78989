# SPDX-License-Identifier: GPL-3.0-or-later
"""A Compose deployment moves to a Swarm on the same droplet, with its data: what visitors miss, and what arrives.

Before that it tries to move to a release that cannot start, and must go on with Compose.
"""

from __future__ import annotations

import time
from pathlib import Path

import yaml

from tests.load.releases import app
from tests.load.swarm.cluster import Cluster
from tests.load.swarm.visitors import Visitors

HERE = Path(__file__).parent
WRITE = "create table proof (word text); insert into proof values ('kept')"
READ = "select word from proof"


def declared(orchestrator: str, source: Path) -> dict:
    own = yaml.safe_load((HERE / "move.yml").read_text())
    return own | {"proof_orchestrator": orchestrator, "load_source": str(source)}


def prove(folder: Path, rate: int) -> list[str]:
    """Problems; figures are printed."""
    source = app(folder / "source", kind="good", number=1)
    problems = []
    with Cluster(folder, declared("compose", source)) as cluster:
        (node,) = cluster.nodes
        cluster.must("playbooks/deploy.yml")
        cluster.on(node, f'docker exec proof-postgres-1 psql --quiet -U proof -d proof -c "{WRITE}"')
        cluster.on(node, "docker exec proof-redis-1 redis-cli set word kept")

        figures = {}
        bad = app(folder / "bad", kind="crash", number=2)
        for step, (playbooks, moved, words) in {
            "preparation": (["provision", "configure"], source, ""),
            "bad_move": (["move_to_swarm"], bad, "Compose goes on serving the app."),
            "move": (["move_to_swarm"], source, ""),
        }.items():
            cluster.declare(declared("swarm", moved))
            with Visitors([node], 80, rate) as visitors:
                begun = time.monotonic()
                for name in playbooks:
                    run = cluster.playbook(f"playbooks/{name}.yml")
                    if bool(run.status) != bool(words) or words not in run.output:
                        problems.append(f"problem: {step}, {name}: exit {run.status}: {run.output[-3000:]}")
                figures[f"{step}_seconds"] = f"{time.monotonic() - begun:.0f}"
            figures |= {f"{step}_requests": visitors.sent, f"{step}_failed_requests": visitors.failed}
            with Visitors([node], 80, rate) as visitors:
                time.sleep(3)
            problems += [f"problem: after the {step}: {text}" for text in visitors.first_failures]
        problems += [f"problem: {text}" for text in _missing(cluster)]
        again = cluster.playbook("playbooks/move_to_swarm.yml")
        if again.status or again.total("changed"):
            problems.append(f"problem: a second move: exit {again.status}, changed {again.total('changed')}")
        print("\n".join(f"{name}: {value}" for name, value in figures.items()), flush=True)
    return problems


def _missing(cluster: Cluster) -> list[str]:
    """Data is read as the app does it: with its password, over the network."""
    (node,) = cluster.nodes
    login = ". /run/secrets/izzzi-environment"
    inside = {
        "proof_postgres": f'PGPASSWORD=$POSTGRES_PASSWORD psql -h $(hostname -i) -U proof -d proof -Atc "{READ}"',
        "proof_redis": "redis-cli get word",
    }
    found = []
    for name, command in inside.items():
        script = f"docker exec $(docker ps -q --filter name={name}) sh -c '{login}; {command}'"
        answer = cluster.on(node, "sh -s", check=False, text=script).strip()
        if answer != "kept":
            found.append(f"{name} has {answer or 'nothing'}, not what was written before the move")
    names = '{{.Label "com.docker.compose.project"}} {{.Names}}'
    listed = cluster.on(node, f"docker ps --all --format '{names}'").splitlines()
    return found + [f"{line} is left of Compose" for line in listed if line.startswith("proof")]
