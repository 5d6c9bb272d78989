# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways that are compared: this collection's playbooks, and plain Docker commands with the same services."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.load.releases import app
from tests.load.swarm.cluster import Cluster, Node

# What differs from a good release: the app's behaviour, or what is declared.
BAD = {
    "crashes at its start": ("crash", {}),
    "unhealthy": ("unhealthy", {}),
    "its migration fails": ("failing-migration", {}),
    "healthy probe, broken page": ("broken-page", {}),
    "starts too slowly": ("slow-start", {}),
    "no node has room": ("good", {"app_reservations": {"cpus": 64, "memory": "64M"}}),
    "no node fits": ("good", {"app_edge_constraints": ["node.labels.nowhere == true"]}),
    "an image is missing": ("good", {"app_edge_image": "nginx:0.0.1"}),
}


@dataclass
class Outcome:
    """What a command said."""

    status: int
    output: str
    changed: int = 0


class Ours:
    name = "izzzi.infra"
    service = "proof_web"
    port = 80

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self._number = 0

    def source(self, kind: str) -> Path:
        self._number += 1
        return app(self.cluster.folder / f"source-{self._number}", kind=kind, number=self._number)

    def replace(self, node: Node) -> Outcome:
        outcome = self._run("replace_node", "-e", f"node={node.name}", *self.cluster.without)
        self.cluster.look()
        return outcome

    def _run(self, playbook: str, *arguments: str) -> Outcome:
        run = self.cluster.playbook(f"playbooks/{playbook}.yml", *arguments)
        return Outcome(run.status, run.output, run.total("changed"))

    def release(self, kind: str = "good", more: dict | None = None) -> Outcome:
        extra = {"load_source": str(self.source(kind)), **(more or {})}
        return self._run("deploy", "-e", json.dumps(extra))

    def scale(self, replicas: int) -> Outcome:
        return self._run("scale", "-e", "service=web", "-e", f"replicas={replicas}")

    def drain(self, node: Node) -> Outcome:
        return self._run("drain", "-e", f"node={node.name}", "-e", "stop=proof_redis")

    def activate(self, node: Node) -> Outcome:
        return self._run("activate", "-e", f"node={node.name}")

    def update(self) -> Outcome:
        return self._run("os_update", "-e", "stop=proof_redis", "-e", "wait=300")


class Plain:
    """`docker stack deploy`, `docker service scale`, `docker node update`, on a manager; images are Ours' own."""

    name = "plain Docker"
    service = "plain_web"
    port = 443  # open in the firewalls, and free: ours speaks no TLS here

    def __init__(self, cluster: Cluster, ours: Ours):
        self.cluster, self.ours = cluster, ours
        self._image = cluster.on(cluster.manager(), self._inspect("proof_web")).strip()
        # The same nginx: only who gives the commands differs.
        names = cluster.on(cluster.manager(), "docker config ls --format '{{.Name}}' --filter name=proof_edge_nginx")
        text = "--format '{{printf \"%s\" .Spec.Data}}'"
        self._nginx = cluster.on(cluster.manager(), f"docker config inspect {names.split()[0]} {text}")
        self._number = 0

    @staticmethod
    def _inspect(service: str) -> str:
        return f"docker service inspect {service} --format '{{{{.Spec.TaskTemplate.ContainerSpec.Image}}}}'"

    def document(self, kind: str) -> dict:
        """The release's number makes each one new; a bad one misbehaves by its command."""
        probe = (
            "require('http').get('http://127.0.0.1:4000/health', r => process.exit(r.statusCode < 400 ? 0 : 1))"
            ".on('error', () => process.exit(1))"
        )
        behaviour = json.dumps({"kind": kind})
        start = f"echo '{behaviour}' >/tmp/behaviour.json && cp server.js /tmp && cd /tmp && exec node server.js"
        web = {
            "image": self._image,
            "command": ["sh", "-c", start],
            "environment": {"RELEASE": f"plain-{self._number}"},
            "healthcheck": {
                "test": ["CMD", "node", "-e", probe],
                "interval": "3s",
                "timeout": "15s",
                "retries": 4,
                "start_period": "10s",
            },
            "deploy": {
                "replicas": 2,
                "endpoint_mode": "dnsrr",
                "update_config": {
                    "parallelism": 1,
                    "delay": "2s",
                    "order": "start-first",
                    "failure_action": "rollback",
                    "monitor": "5s",
                },
                "resources": {"limits": {"cpus": "0.5", "memory": "512M"}, "reservations": {"cpus": "0.1"}},
            },
        }
        edge = {
            "image": "nginx:1.26",
            "command": ["nginx", "-g", "daemon off;"],
            "stop_signal": "SIGQUIT",
            "ports": [{"target": 80, "published": self.port, "mode": "host"}],
            "configs": [{"source": "nginx", "target": "/etc/nginx/nginx.conf"}],
            "deploy": {"mode": "global", "endpoint_mode": "dnsrr"},
        }
        return {
            "version": "3.8",
            "services": {"web": web, "edge": edge},
            "configs": {"nginx": {"file": "/root/plain.conf"}},
        }

    def release(self, kind: str = "good", _more: dict | None = None) -> Outcome:
        """As the guide does it: the command's own end and exit status. It does not wait for tasks."""
        self._number += 1
        manager = self.cluster.manager()
        self.cluster.on(manager, "tee /root/plain.conf", text=self._nginx)
        self.cluster.on(manager, "tee /root/plain.json", text=json.dumps(self.document(kind)))
        return self._on(manager, "docker stack deploy --detach=false --resolve-image never -c /root/plain.json plain")

    def _on(self, manager: Node, command: str) -> Outcome:
        output = self.cluster.on(manager, f"sh -c '(timeout 240 {command}) 2>&1; echo exit $?'", check=False)
        text, _, status = output.rstrip().rpartition("exit ")
        return Outcome(int(status), text)

    def scale(self, replicas: int) -> Outcome:
        return self._on(self.cluster.manager(), f"docker service scale {self.service}={replicas}")

    def drain(self, node: Node) -> Outcome:
        return self._on(self.cluster.manager(node), f"docker node update --availability drain {node.name}")

    def activate(self, node: Node) -> Outcome:
        return self._on(self.cluster.manager(node), f"docker node update --availability active {node.name}")

    def settled(self, replicas: int) -> float | None:
        """Plain commands are back before the tasks are there."""
        manager = self.cluster.manager()
        return self.cluster.seconds_until(lambda: self.cluster.replicas(self.service, manager) == replicas, 120)
