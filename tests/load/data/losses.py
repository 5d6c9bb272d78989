# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken away from an app that is written to, and how it comes back."""

from __future__ import annotations

import re
import time

from tests.e2e.driver import cloud, http, power
from tests.load.data.harness import CONSENT, Proof, Row, utc
from tests.load.data.writer import Acknowledged
from tests.load.swarm.cluster import Node
from tests.load.swarm.visitors import Visitors

LAST_SECOND = re.compile(r"last second that can be had back is (\S+) (\S+) UTC")


def dropped(proof: Proof) -> None:
    """A table is dropped while it is written to; the second before it comes back with exactly its rows."""
    row = Row("table dropped, restored to one second before")
    with proof.writer() as writer:
        writer.wait_for(200)
        proof.sql("CREATE TABLE precious AS SELECT generate_series(1, 1000) AS id")
        writer.wait_for(60)
        moment = proof.now()
        time.sleep(1)
        proof.sql("DROP TABLE precious")
        writer.wait_for(60)
    written = list(writer.rows)
    time.sleep(25)  # until it is archived
    proof.timed(row, "restore", "-e", f"to={utc(moment)}", *CONSENT)
    if proof.sql("SELECT count(*) FROM precious") != "1000":
        row.problems.append("the dropped table is not back")
    expected, there = {one.n for one in written if one.at <= moment}, set(proof.there())
    row.lost = len(expected - there)
    if there != expected:
        row.problems.append(f"{len(there)} rows are there in place of {len(expected)}")
    proof.add(row)


def killed(proof: Proof) -> None:
    """A restore is killed at several moments: the database is the one from before or the restored one. The next run
    ends well."""
    for after in (3, 8, 12, 16, 20):
        row = Row(f"restore killed after {after} s, next run")
        before = proof.there()
        proof.killed(after, "restore", "-e", "to=latest", *CONSENT)
        proof.cluster.on(proof.home(), "pkill -KILL -f 'mitogen:|AnsiballZ_backup'", check=False)
        left = proof.there()
        if left != before and not set(left) < set(before):
            row.problems.append(f"{len(left)} rows after the kill, {len(before)} before it")
        proof.timed(row, "restore", "-e", "to=latest", *CONSENT)
        leftover = proof.sql("SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE '%restoring%'")
        row.problems += [f"left over: {leftover}"] if leftover else []
        answer = http(f"http://{proof.home().public}/health", headers={"Host": "load.test"})
        row.problems += [] if answer.status == 200 else [f"visitors get {answer.status}"]
        proof.add(row)


def beside(proof: Proof) -> None:
    """Visitors meanwhile: how many requests fail, and how long they wait, beside a time without a backup."""
    for what, name in (("visitors alone", ""), ("visitors, backup", "backup"), ("visitors, drill", "backup_drill")):
        row = Row(what)
        with Visitors(proof.cluster.nodes, 80, 20) as visitors:
            if name:
                proof.timed(row, name)
            else:
                time.sleep(20)
        row.failed, row.p95 = visitors.failed, visitors.p95
        row.problems += [f"visitors: {text}" for text in visitors.first_failures]
        proof.add(row)


def revoked(proof: Proof) -> None:
    """The server's key is revoked: the backup is red, and two commands make it green again."""
    row = Row("key revoked: backup is red, then provision and deploy")
    (key,) = [key for key in cloud("/spaces/keys?per_page=200")["keys"] if key["name"].startswith("proof-dev")]
    cloud(f"/spaces/keys/{key['access_key']}", "DELETE")
    proof.red(row, "backup", "refuses the key")
    proof.timed(row, "provision")
    proof.timed(row, "deploy")
    proof.timed(row, "backup")
    proof.add(row)


def switched_off(proof: Proof) -> tuple[Node, list[Acknowledged]]:
    """Switches the node with the data off while it is written to. Returns it, and what was acknowledged before."""
    node = proof.home()
    with proof.writer() as writer:
        writer.wait_for(1200, 180)
        power(node.id, "power_off")
    return node, list(writer.rows)


def destroyed(proof: Proof) -> None:
    """The droplet is deleted while it is written to; one command brings all of it back."""
    row = Row("droplet destroyed, site.yml -e restore=end")
    node, written = switched_off(proof)
    cloud(f"/droplets/{node.id}", "DELETE")
    for _ in range(90):
        if not any(droplet["id"] == node.id for droplet in cloud("/droplets?per_page=200")["droplets"]):
            break
        time.sleep(2)
    proof.timed(row, "site", "-e", "restore=end")
    proof.cluster.look()
    proof.lost(row, written)
    proof.add(row)
    row = Row("first backup of the new droplet")
    proof.timed(row, "backup")
    proof.add(row)


def node_lost(proof: Proof) -> None:
    """The node with the data is switched off while it is written to; another one gets the data."""
    row = Row("data node switched off, recover_node.yml -e to=end")
    _node, written = switched_off(proof)
    time.sleep(25)  # until the managers know
    proof.timed(row, "recover_node", "-e", "to=end", *CONSENT)
    proof.lost(row, written)
    proof.add(row)


def volume_deleted(proof: Proof) -> None:
    """Somebody deletes the container and the volume of the database, while it is written to."""
    row, node = Row("volume deleted: deploy, restore to the last second that there is"), proof.home()
    with proof.writer() as writer:
        writer.wait_for(1200, 180)
        moment = proof.now()
        container = proof.cluster.on(node, f"docker ps --quiet --filter name={proof.container}").strip()
        inspected = "docker inspect --format '{{range .Mounts}}{{.Name}} {{end}}'"
        (volume,) = proof.cluster.on(node, f"{inspected} {container}").split()
        # At once, before a Swarm starts the next task on it; containers of its earlier tasks hold it, too.
        holders = f"docker ps --all --quiet --filter volume={volume}"
        proof.cluster.on(node, f"sh -c 'docker rm --force $({holders}) && docker volume rm {volume}'")
    written = [one for one in writer.rows if one.at <= moment]
    proof.timed(row, "deploy")
    run = proof.cluster.playbook("playbooks/restore.yml", "-e", f"to={utc(moment)}", *CONSENT)
    if found := LAST_SECOND.search(run.output):  # refused, since the newest seconds were not off the host yet
        proof.timed(row, "restore", "-e", f"to={found[1]}T{found[2]}", *CONSENT)
    elif run.status:
        row.problems.append(f"restore: exit {run.status}: {run.output[-2500:]}")
    proof.lost(row, written)
    proof.add(row)
