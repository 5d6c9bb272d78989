# SPDX-License-Identifier: GPL-3.0-or-later
"""One server is brought up to date and rebooted: what visitors meet meanwhile, and that app and data are back."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.load.releases import app
from tests.load.swarm.cluster import Cluster
from tests.load.swarm.move import READ, WRITE, declared
from tests.load.swarm.visitors import Visitors

SQL = "docker exec proof-postgres-1 psql -U proof -d proof -Atc"


def prove(folder: Path, rate: int, outdated: str) -> list[str]:
    """Problems; figures are printed. `outdated` is the script that lets a package be out of date."""
    with Cluster(folder, declared("compose", app(folder / "source", kind="good", number=1))) as cluster:
        (node,) = cluster.nodes
        cluster.must("playbooks/deploy.yml")
        cluster.on(node, f'{SQL} "{WRITE}"')
        cluster.on(node, "sh -s", text=outdated)
        before = cluster.booted(node)
        check = cluster.playbook("playbooks/os_update.yml", "--check")
        with Visitors([node], 80, rate) as visitors:
            begun = time.monotonic()
            run = cluster.playbook("playbooks/os_update.yml")
            seconds = time.monotonic() - begun
        met = visitors.loads[node.name].result.failures
        told = re.findall(r"Visitors of \S+ waited for (\d+) s", run.output)
        with Visitors([node], 80, rate) as after:
            time.sleep(3)
        kept = cluster.on(node, f'{SQL} "{READ}"', check=False).strip()
        again = cluster.playbook("playbooks/os_update.yml")
        found = {
            f"check: exit {check.status}": check.status,
            "the check does not name the package": "izzzi-proof 1.0 -> 1.1" not in check.output,
            f"exit {run.status}: {run.output[-3000:]}": run.status,
            "it did not reboot": cluster.booted(node) == before,
            "visitors met no page": not any("503" in what for what in met),
            "nobody says how long visitors waited": len(told) != 1,
            f"after it: {after.first_failures}": after.failed,
            f"of the data there is {kept or 'nothing'}": kept != "kept",
            f"a second run: exit {again.status}, changed {again.total('changed')}": again.status
            or again.total("changed"),
        }
    figures = {"seconds": f"{seconds:.0f}", "visitors_waited_seconds": "".join(told)}
    figures |= {"requests": visitors.sent, "failed_requests": visitors.failed}
    print("\n".join(f"one_server_update_{name}: {value}" for name, value in figures.items()), flush=True)
    return [f"problem: one server: {text}" for text, is_one in found.items() if is_one]
