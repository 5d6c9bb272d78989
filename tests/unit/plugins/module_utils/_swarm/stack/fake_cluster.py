# SPDX-License-Identifier: GPL-3.0-or-later
"""A Swarm in memory, and an app that is deployed to it."""

from __future__ import annotations

import base64
import copy

from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import Answer
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.deploy import Deployment
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.job import job
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import (
    Bundle,
    Image,
    Options,
    Stack,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task


class Cluster:
    """Stands in for Swarm where a real one cannot fail on request: tasks of an image `bad` crash at once."""

    project = "shop"

    def __init__(self):
        self.held: dict[str, dict] = {}
        self.made: dict[str, list[Task]] = {}
        self.contents: dict[str, dict] = {"secrets": {}, "configs": {}}
        self.log: list[str] = []
        self.engine = self
        self.count = 0
        self.status = 200
        self.health_said = ""

    def specs(self):
        return copy.deepcopy({name: spec for name, spec in self.held.items() if spec["Labels"]["izzzi.part"] != "job"})

    def jobs(self):
        return {name: {"Spec": spec} for name, spec in self.held.items() if spec["Labels"]["izzzi.part"] == "job"}

    def jobs_that_run(self):
        return {name: item for name, item in self.jobs().items() if "izzzi.job" in item["Spec"]["Labels"]}

    def service(self, name):
        return {"Spec": self.held[name]} if name in self.held else None

    def nodes(self):
        return {"n1": Node("n1", "manager", "10.0.0.2")}

    def tasks(self, name):
        return self.made.get(name, [])

    def create(self, spec):
        self.log.append(f"create {spec['Name']}")
        self._run(spec)

    def update(self, spec, anew=False):
        self.log.append(f"{'renew' if anew else 'update'} {spec['Name']}")
        self._run(spec)

    def get(self, path):
        return {"ID": "id", "Spec": self.held[path.rsplit("/", 1)[1]]}

    def post(self, path, spec, version=0):
        self.contents["configs"][spec["Name"]]["Spec"] = spec

    def leaving(self, volumes):
        return []

    def tasks_of(self, service):
        return []

    def _run(self, spec):
        container = spec["TaskTemplate"]["ContainerSpec"]
        name, mark = spec["Name"], container["Labels"].get("izzzi.tasks", "")
        self.held[name] = copy.deepcopy(spec)
        wanted = spec["Mode"].get("Replicated", {"Replicas": 1})["Replicas"]
        state = "complete" if "ReplicatedJob" in spec["Mode"] else "running"
        state, code = ("failed", 3) if "bad" in container["Image"] else (state, 0)
        self.count += 1
        history = [task for task in self.made.get(name, []) if task.state != "running"]
        new = [Task(f"{self.count}.{n}", n, "n1", mark, state, "running", exit_code=code) for n in range(1, wanted + 1)]
        self.made[name] = history + new

    def remove(self, name):
        self.log.append(f"remove {name}")
        self.held.pop(name, None)

    def network_namespace(self):
        return 1

    def request(self, namespace, address, port, check):
        self.log.append(f"ask {address}:{port}{check['path']}")
        return Answer(status=self.status, body="{}")

    def misfits(self, specs):
        homeless = (n for n, spec in specs.items() if "homeless" in spec["TaskTemplate"]["ContainerSpec"]["Image"])
        return dict.fromkeys(homeless, "no node takes tasks")

    def health(self, container):
        return self.health_said

    def address(self, task):
        return "10.0.1.9"

    def logs(self, task, lines=25):
        return f"last words of {task}"

    def ensure_network(self, encrypted):
        return True

    def ensure(self, kind, contents):
        for name, content in contents.items():
            self.make(kind, name, content, {"izzzi.kind": "content"})

    def make(self, kind, name, content, labels):
        spec = {"Name": name, "Data": base64.b64encode(content).decode(), "Labels": labels}
        self.contents[kind][name] = {"ID": name, "Version": {"Index": 1}, "Spec": spec}

    def objects(self, kind):
        return self.contents[kind]

    def prune(self, used):
        gone = [
            name
            for items in self.contents.values()
            for name, item in items.items()
            if item["Spec"]["Labels"].get("izzzi.kind") == "content" and name not in used
        ]
        for name in gone:
            for items in self.contents.values():
                items.pop(name, None)
        return gone

    def delete(self, path):
        self.contents["configs"].pop(path.rsplit("/", 1)[1], None)


def made(tag: str, secret: str = "s", web: str = "") -> tuple[Stack, Bundle]:
    images = {
        "db": Image("db@sha256:1", "db:1", (), ("db",)),
        "api": Image(f"api-{tag}@sha256:1", f"api:{tag}", (), ("api",)),
        "web": Image(f"web-{web or tag}@sha256:1", f"web:{tag}", (), ("web",)),
    }
    stack = Stack(
        "shop",
        tag,
        services={"api": {"image": "api", "environment": {"KEY": "${KEY}"}}, "web": {"image": "web"}},
        data_services={"db": {"image": "db"}},
        secrets={"KEY": secret},
        images=images,
    )
    return stack, bundle(stack)


def deployment(cluster: Cluster, contents: Bundle, **options) -> Deployment:
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    return Deployment(cluster, Options(**options), lambda: now[0], sleep, desired=contents.services, contents=contents)


def run(cluster: Cluster, tag: str, **more) -> Deployment:
    stack, contents = made(tag, **more)
    command = job(stack, contents, "release-command", "api", ["migrate"])
    d = deployment(cluster, contents)
    d.run(tag, "deploy", command, {}, 60)
    d.commit(Manifest(tag, tag, tag, services=cluster.specs()), len(cluster.log))
    return d


def with_volume(tag: str, start: str = "", **data) -> Bundle:
    """The app with a database on a volume, and a worker that starts when asked."""
    named = {name: Image(f"{name}-{tag}@sha256:1", f"{name}:{tag}", (), (name,)) for name in ("api", "worker", *data)}
    worker = {"image": "worker"} | ({"start": start} if start else {})
    return bundle(
        Stack(
            "shop",
            tag,
            services={"worker": worker, "api": {"image": "api"}},
            data_services={name: {"image": name, "volumes": [f"{volume}:/data"]} for name, volume in data.items()},
            volumes=dict.fromkeys(data.values()),
            images=named | {name: Image(f"{name}@sha256:1", f"{name}:1", (), (name,)) for name in data},
        )
    )


def release(cluster: Cluster, contents: Bundle, **options) -> Deployment:
    d = deployment(cluster, contents, **options)
    d.run("r", "deploy", None, {"worker": [], "api": []}, 60)
    d.store.close()
    return d
