# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import used_objects
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.deploy import recover
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.job import job
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import (
    StackError,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.once import refuse_scale, scaled

from tests.unit.plugins.module_utils._swarm.stack.fake_cluster import (
    Cluster,
    deployment,
    made,
    release,
    run,
    with_volume,
)


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
