from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import Answer
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import used_objects
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.deploy import Deployment, recover
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.diff import StackChange
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.job import job
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import (
    Bundle,
    Image,
    Options,
    Stack,
    StackError,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.once import refuse_scale, scaled
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.run import Run
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.store import Store
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.verbs import rollback, scale
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

    def service(self, name):
        return {"Spec": self.held[name]} if name in self.held else None

    def nodes(self):
        return {"n1": Node("n1", "manager", "10.0.0.2")}

    def tasks(self, name):
        return self.made.get(name, [])

    def create(self, spec):
        self.log.append(f"create {spec['Name']}")
        self._run(spec)

    def update(self, spec):
        self.log.append(f"update {spec['Name']}")
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


def test_a_release_brings_services_up_in_order_with_its_command_before_the_traffic():
    cluster = Cluster()
    d = run(cluster, "one")
    acts = [line for line in cluster.log if not line.startswith("remove")]
    assert acts == ["create shop_db", "create shop_release-command", "create shop_api", "create shop_web"]
    assert "shop_release-command" not in cluster.held
    assert d.store.journal is None
    assert list(d.store.releases()) == ["one"]


def test_only_what_differs_is_touched_and_old_secrets_go_when_no_release_needs_them():
    cluster = Cluster()
    for number in range(4):
        run(cluster, f"r{number}", secret=f"value {number}")
    assert sum(line == "update shop_db" for line in cluster.log) == 0
    assert len(cluster.contents["secrets"]) == 3, "three releases are kept, each with its secret"
    assert used_objects(cluster.specs()) <= set(cluster.contents["secrets"])


def test_a_failure_restores_every_service_and_says_who_where_and_why():
    cluster = Cluster()
    run(cluster, "one")
    before = cluster.specs()
    _, contents = made("two", secret="new", web="bad")
    d = deployment(cluster, contents, trial=False)
    with pytest.raises(StackError) as caught:
        d.run("two", "deploy", None, {}, 60)
    assert str(caught.value).startswith("shop_web: it exited with 3 on node manager (2 times) (task shop_web.")
    assert str(caught.value).endswith("node manager, exit code 3)")
    assert (caught.value.service, caught.value.logs.startswith("last words of")) == ("shop_web", True)
    assert cluster.specs() == before, "the API too, which had arrived"
    assert cluster.log[-2:] == ["update shop_web", "update shop_api"]
    assert d.store.journal is None
    assert used_objects(before) == set(cluster.contents["secrets"]), "the bad release's secret is gone"


def test_a_trial_task_that_is_not_well_keeps_visitors_from_the_release():
    cluster = Cluster()
    run(cluster, "one")
    before, acts = cluster.specs(), len(cluster.log)
    _, contents = made("two", web="bad")
    with pytest.raises(StackError, match="shop_web: a trial task failed: it exited with 3 on node manager") as caught:
        deployment(cluster, contents).run("two", "deploy", None, {}, 60)
    assert (caught.value.service, caught.value.logs.startswith("last words of")) == ("shop_web", True)
    assert [line for line in cluster.log[acts:] if "shop_web" in line and not line.startswith("remove")] == [
        "create shop_web-trial"
    ]
    assert (cluster.specs(), "shop_web-trial" in cluster.held) == (before, False)


def test_a_trial_task_is_asked_before_any_other_task_of_its_service_is_new():
    cluster = Cluster()
    run(cluster, "one")
    acts = len(cluster.log)
    _, contents = made("two")
    d = deployment(cluster, contents)
    d.ports = {"web": 3000}
    d.run("two", "deploy", None, {"web": [{"path": "/a"}, {"path": "/b"}]}, 60)
    assert cluster.log[acts:].index("ask 10.0.1.9:3000/b") < cluster.log[acts:].index("update shop_web")
    cluster.status = 500
    _, contents = made("three")
    d = deployment(cluster, contents, wait_timeout=5)
    d.ports = {"web": 3000}
    with pytest.raises(StackError, match=r"a trial task failed: /a does not answer as asked: status 500 is not 200"):
        d.run("three", "deploy", None, {"web": [{"path": "/a"}]}, 60)
    assert "shop_web-trial" not in cluster.held


def test_what_no_node_may_run_is_refused_before_anything_is_touched():
    cluster = Cluster()
    run(cluster, "one")
    acts = len(cluster.log)
    _, contents = made("two", web="homeless")
    with pytest.raises(StackError, match=r"shop_web: no node takes tasks\. Nothing was changed\."):
        deployment(cluster, contents).run("two", "deploy", None, {}, 60)
    assert cluster.log[acts:] == []


def test_a_failing_command_changes_no_service():
    cluster = Cluster()
    run(cluster, "one")
    before, acts = cluster.specs(), len(cluster.log)
    stack, contents = made("bad")
    command = job(stack, contents, "release-command", "api", ["migrate"])
    with pytest.raises(StackError, match=r"The release command failed\. shop_release-command: it exited with 3"):
        deployment(cluster, contents).run("bad", "deploy", command, {}, 60)
    assert cluster.specs() == before
    assert not any(line.startswith("update") for line in cluster.log[acts:])


def test_a_first_release_that_fails_leaves_nothing():
    cluster = Cluster()
    _, contents = made("one", web="bad")
    with pytest.raises(StackError):
        deployment(cluster, contents, wait_timeout=5).run("one", "deploy", None, {}, 60)
    assert cluster.held == {}


def test_the_next_run_undoes_what_a_killed_one_left():
    cluster = Cluster()
    run(cluster, "one")
    before = cluster.specs()
    _, contents = made("two")
    killed = deployment(cluster, contents)
    killed.store.open({"release": "two", "kind": "deploy", "snapshot": before, "order": list(contents.services)})
    cluster.update(contents.services["shop_api"])
    d = deployment(cluster, contents)
    assert recover(d) == "The run of release two was killed: undid it."
    assert cluster.specs() == before
    assert recover(d) == ""


def test_a_service_that_is_not_declared_any_more_goes():
    cluster = Cluster()
    run(cluster, "one")
    _, contents = made("one")
    del contents.services["shop_web"]
    deployment(cluster, contents).run("two", "deploy", None, {}, 60)
    assert set(cluster.held) == {"shop_db", "shop_api"}


def test_a_scale_is_kept_beside_the_declared_number():
    cluster = Cluster()
    run(cluster, "one")
    spec = scaled(cluster.specs()["shop_web"], 5)
    assert spec["Mode"] == {"Replicated": {"Replicas": 5}}
    assert spec["Labels"]["izzzi.replicas"] == "2"
    cluster.update(spec)
    _, contents = made("two")
    d = deployment(cluster, contents)
    d.plan()
    assert d.desired["shop_web"]["Mode"] == {"Replicated": {"Replicas": 5}}
    assert "runs on every node" in refuse_scale({"Name": "shop_edge", "Mode": {"Global": {}}, "Labels": {}}, 2, False)


def test_what_does_not_arrive_in_time_is_given_up():
    cluster = Cluster()
    _, contents = made("one")
    cluster.tasks = lambda name: [Task("t", 1, "n1", "other", "starting", "running")]
    with pytest.raises(StackError, match="shop_db: did not get there within 20 s: 0 of 1 tasks run"):
        deployment(cluster, contents, wait_timeout=10, monitor=0).run("one", "deploy", None, {}, 60)


@pytest.mark.parametrize("is_bad", [False, True])
def test_a_persons_command_leaves_nothing_behind_whatever_it_ends_with(is_bad):
    cluster = Cluster()
    run(cluster, "one")
    stack, contents = made("one")
    command = job(stack, contents, "run", "api", ["repl"])
    command["TaskTemplate"]["ContainerSpec"]["Image"] = "bad" if is_bad else "api"
    if is_bad:
        with pytest.raises(StackError, match="it exited with 3"):
            deployment(cluster, contents).run_once(command, 60)
    else:
        assert "last words" in deployment(cluster, contents).run_once(command, 60)
    assert "shop_run" not in cluster.held


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


def test_a_data_service_that_was_scaled_by_hand_is_put_back_and_it_is_told():
    cluster = Cluster()
    release(cluster, with_volume("one", db="data"))
    by_hand = cluster.specs()["shop_db"]
    by_hand["Mode"]["Replicated"]["Replicas"] = 2
    cluster.update(by_hand)
    d = release(cluster, with_volume("two", db="data"))
    assert cluster.specs()["shop_db"]["Mode"] == {"Replicated": {"Replicas": 1}}
    assert any("shop_db was set to 2 tasks by hand" in event for event in d.events)


def test_no_undo_brings_a_second_task_on_a_volume_back():
    cluster = Cluster()
    release(cluster, with_volume("one", db="data"))
    by_hand = cluster.specs()["shop_db"]
    by_hand["Mode"]["Replicated"]["Replicas"] = 2
    cluster.update(by_hand)
    with pytest.raises(StackError):
        release(cluster, with_volume("bad", db="data"), trial=False)
    assert cluster.specs()["shop_db"]["Mode"] == {"Replicated": {"Replicas": 1}}
    journal = {"release": "x", "kind": "deploy", "snapshot": {"shop_db": by_hand}, "order": []}
    d = deployment(cluster, with_volume("one", db="data"))
    d.store.open(journal)
    recover(d)
    assert cluster.specs()["shop_db"]["Mode"] == {"Replicated": {"Replicas": 1}}


def test_a_volume_changes_hands_only_when_its_former_service_has_ended_and_back_as_well():
    cluster = Cluster()
    release(cluster, with_volume("one", db="data"))
    before, acts = cluster.specs(), len(cluster.log)
    with pytest.raises(StackError):
        release(cluster, with_volume("bad", database="data"), trial=False)
    there = [line for line in cluster.log[acts:] if "shop_d" in line and "trial" not in line]
    assert there == [
        "update shop_db", "remove shop_db", "create shop_database",
        "update shop_database", "remove shop_database", "create shop_db",
    ]  # fmt: skip
    assert cluster.specs() == before


def test_what_starts_after_the_switch_changes_when_the_others_are_proven_and_goes_back_first():
    cluster = Cluster()
    release(cluster, with_volume("one", start="after_switch"))
    assert cluster.specs()["shop_worker"]["Mode"] == {"Replicated": {"Replicas": 1}}
    acts = len(cluster.log)
    d = deployment(cluster, with_volume("two", start="after_switch"))
    d.prove = lambda checks, release: cluster.log.append(f"prove {sorted(checks)}")
    d.run("two", "deploy", None, {"worker": [], "api": []}, 60)
    d.store.close()
    done = [line for line in cluster.log[acts:] if not line.startswith("remove")]
    assert done == [
        "create shop_api-trial",
        "update shop_api",
        "prove ['api']",
        "update shop_worker",
        "prove ['worker']",
    ]
    contents, acts = with_volume("three", start="after_switch"), len(cluster.log)
    contents.services["shop_worker"]["TaskTemplate"]["ContainerSpec"]["Image"] = "bad"
    with pytest.raises(StackError, match="shop_worker"):
        release(cluster, contents)
    assert cluster.log[-2:] == ["update shop_worker", "update shop_api"]


def test_what_starts_after_the_switch_is_untouched_when_the_others_are_not_proven():
    cluster = Cluster()
    release(cluster, with_volume("one", start="after_switch"))
    acts = len(cluster.log)
    d = deployment(cluster, with_volume("two", start="after_switch"))

    def prove(checks, release):
        raise StackError("api does not answer")

    d.prove = prove
    with pytest.raises(StackError, match="api does not answer"):
        d.run("two", "deploy", None, {"worker": [], "api": []}, 60)
    assert not any("shop_worker" in line and "trial" not in line for line in cluster.log[acts:])


@pytest.mark.parametrize(
    ("health", "state", "status", "facts"),
    [
        # This manager's engine has the container.
        (
            "curl: (22) 503 (exit code 22)",
            "starting",
            503,
            "shop_db: its health check said: curl: (22) 503 (exit code 22)",
        ),
        # Another node's has it: what the task itself answers says the same.
        ("", "starting", 503, "shop_db: asked for /ready at port 5000, it said: 503, body: {}"),
        # There is nobody to ask any more.
        ("", "preparing", 200, None),
    ],
)
def test_what_a_task_that_is_late_says_of_itself_is_told(health, state, status, facts):
    cluster = Cluster()
    cluster.health_said, cluster.status = health, status
    _, contents = made("one")
    mark = contents.services["shop_db"]["TaskTemplate"]["ContainerSpec"]["Labels"]["izzzi.tasks"]
    cluster.tasks = lambda name: [Task("t", 1, "n1", mark, state, "running", container="c")]
    d = deployment(cluster, contents, wait_timeout=10, monitor=0)
    d.ports = {"db": 5000}
    with pytest.raises(StackError, match="shop_db: did not get there within 20 s") as caught:
        d.run("one", "deploy", None, {"db": [{"path": "/ready"}]}, 60)
    assert caught.value.facts == ((facts,) if facts else ())


def edged(tag: str) -> Bundle:
    """The app with an edge that may run on managers only."""
    stack, _ = made(tag)
    edge = {"edge": {"image": "nginx", "deploy": {"placement": {"constraints": ["node.role == manager"]}}}}
    images = {**stack.images, "edge": Image("nginx@sha256:1", "nginx:1", (), ("nginx",))}
    return bundle(dataclasses.replace(stack, edge=edge, images=images))


def asked_of(cluster: Cluster, contents: Bundle) -> tuple[Deployment, list[str]]:
    d, asked = deployment(cluster, contents, edge_port=80), []
    d.send = lambda probe: asked.append(probe.request.url) or Answer(status=200, body="{}")
    d.run("one", "deploy", None, {"web": [{"path": "/web"}], "api": [{"path": "/api"}]}, 60)
    d.store.close()
    return d, asked


def test_only_nodes_that_have_the_edge_are_asked_for_the_release():
    cluster = Cluster()
    cluster.eligible = lambda spec: [
        node for node in cluster.nodes().values() if spec["Labels"]["izzzi.part"] == "edge"
    ]
    _, asked = asked_of(cluster, edged("one"))
    assert set(asked) == {"http://10.0.0.2:80/web", "http://10.0.0.2:80/api"}
    cluster.eligible = lambda spec: []
    assert asked_of(cluster, edged("two"))[1] == []


def test_a_service_that_was_scaled_to_nothing_keeps_no_release_from_going_live():
    cluster = Cluster()
    cluster.eligible = lambda spec: list(cluster.nodes().values())
    asked_of(cluster, edged("one"))
    cluster.update(scaled(cluster.specs()["shop_web"], 0))
    d, asked = asked_of(cluster, edged("two"))
    assert set(asked) == {"http://10.0.0.2:80/api"}
    assert any("shop_web: has 0 tasks since it was scaled" in event for event in d.events)


def test_a_service_that_changes_its_mode_is_made_anew_and_so_is_the_one_from_before():
    cluster = Cluster()
    run(cluster, "one")
    before, acts = cluster.specs(), len(cluster.log)
    _, contents = made("two", web="bad")
    contents.services["shop_api"]["Mode"] = {"Global": {}}
    d = deployment(cluster, contents, trial=False)
    with pytest.raises(StackError, match="shop_web: it exited with 3"):
        d.run("two", "deploy", None, {}, 60)
    there = [line for line in cluster.log[acts:] if "shop_api" in line and "trial" not in line]
    assert there == ["remove shop_api", "create shop_api", "remove shop_api", "create shop_api"]
    assert cluster.specs() == before
    assert any("nobody answers for it meanwhile" in event for event in d.events)


def test_time_begins_anew_with_each_task_that_gets_there():
    cluster = Cluster()
    _, contents = made("one")
    mark = contents.services["shop_db"]["TaskTemplate"]["ContainerSpec"]["Labels"]["izzzi.tasks"]
    contents.services["shop_db"]["Mode"] = {"Global": {}}
    contents.services["shop_db"]["UpdateConfig"]["Order"] = "stop-first"
    contents.services["shop_db"]["TaskTemplate"]["ContainerSpec"]["StopGracePeriod"] = 5 * 10**9
    d = deployment(cluster, contents, wait_timeout=10, monitor=0)
    looks = []

    def tasks(name):  # one more every 12 seconds, three of four
        looks.append(d.clock())
        there = min(3, int(d.clock() / 12) + 1)
        return [Task(f"t{n}", 0, "n1", mark, "running" if n < there else "starting", "running") for n in range(4)]

    cluster.tasks = tasks
    with pytest.raises(StackError) as caught:
        d.apply_service(StackChange("create", "shop_db"))
    words = "shop_db: did not get there within 15 s after the last task that did: 3 of 4 tasks run"
    assert str(caught.value).startswith(words)
    assert 39 <= looks[-1] < 41, "24 s until the third, and 15 s"


class Verb(Run):
    """A verb on a cluster that is none of this machine's."""

    def __init__(self, cluster: Cluster, **params):
        nothing = {name: {} for name in ("services", "options")} | {"release": "", "allow_zero": False}
        waits = {"wait_timeout": 60, "monitor": 0, "pending_grace": 5}
        super().__init__({"project": "shop", **nothing, **waits, **params}, check_mode=False)
        self.swarm, self.store = cluster, Store(cluster)

    def locked(self, purpose):
        return contextlib.nullcontext()


def half_made(cluster: Cluster) -> None:
    """A run was killed when one service and the data were new, another was made, and one was to be."""
    before = cluster.specs()
    _, contents = made("two", secret="new")
    cluster.ensure("secrets", contents.secrets)
    Store(cluster).open({"release": "two", "kind": "deploy", "snapshot": before, "order": list(contents.services)})
    cluster.update(contents.services["shop_api"])
    cluster.update(
        {**contents.services["shop_db"], "Labels": {**contents.services["shop_db"]["Labels"], "half": "yes"}}
    )
    cluster.create({**contents.services["shop_web"], "Name": "shop_new"})


def test_a_scale_after_a_killed_run_scales_what_was_there_before_it():
    cluster = Cluster()
    run(cluster, "one")
    before = cluster.specs()
    half_made(cluster)
    scale(Verb(cluster, service="web", replicas=3))
    after = cluster.specs()
    assert after.pop("shop_web")["Mode"] == {"Replicated": {"Replicas": 3}}
    before.pop("shop_web")
    assert after == before
    half_made(cluster)
    with pytest.raises(StackError, match=r"There is no service new\. There are: api, db, web"):
        scale(Verb(cluster, service="new", replicas=3))


def test_a_rollback_after_a_killed_run_keeps_the_data_services_from_before_it():
    cluster = Cluster()
    run(cluster, "zero")
    run(cluster, "one")
    half_made(cluster)
    assert rollback(Verb(cluster))["release"] == "zero"
    after = cluster.specs()
    assert "half" not in after["shop_db"]["Labels"]
    assert sorted(after) == ["shop_api", "shop_db", "shop_web"]
    assert after["shop_api"]["TaskTemplate"]["ContainerSpec"]["Image"] == "api-zero@sha256:1"


def test_an_update_by_hand_that_goes_on_is_waited_for_where_nothing_is_to_be_done():
    cluster = Cluster()
    run(cluster, "one")
    _, contents = made("one")
    d = deployment(cluster, contents)
    held, began = cluster.held["shop_web"], d.clock()

    def service(name):
        state = "updating" if d.clock() - began < 20 else "completed"
        return {"Spec": held, "UpdateStatus": {"State": state, "StartedAt": "2026-11-28T12:00:00Z"}}

    cluster.service = service
    d.apply_service(StackChange("noop", "shop_web"))
    assert d.clock() - began >= 20


def test_a_data_service_that_a_person_removed_comes_back_when_its_container_has_stopped():
    cluster = Cluster()
    release(cluster, with_volume("one", db="data"))
    del cluster.held["shop_db"]
    looks = []

    def leaving(volumes):
        looks.append(volumes)
        assert "shop_db" not in cluster.held, "it was made before the other had ended"
        return [Task("old", 1, "n1", "", "running" if len(looks) < 4 else "shutdown", "remove")]

    cluster.leaving = leaving
    release(cluster, with_volume("one", db="data"))
    assert looks == [{"shop_data"}] * 4
    assert "shop_db" in cluster.held
