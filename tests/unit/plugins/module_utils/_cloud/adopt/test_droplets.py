# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.droplets import declare
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems

from tests.unit.adopted import droplet, ours
from tests.unit.sandbox_api import OWNER


def declared(*rows, said="", marks=None):
    adoption = Adoption()
    members = declare(ours(*rows), said, marks or {}, adoption)
    return (
        adoption,
        {name: (row["count"], row["groups"]) for name, row in adoption.declared["droplets"].items()},
        members,
    )


def test_equal_droplets_in_a_row_are_a_group():
    rows = [droplet(n, name) for n, name in enumerate(("app", "app-2", "app-3", "app-5", "db-1", "db-2", "app-2-2"))]
    _adoption, found, members = declared(*rows)
    assert {name: count for name, (count, _groups) in found.items()} == {
        "app": 3, "app-5": 1, "db-1": 1, "db-2": 1, "app-2-2": 1,
    }  # fmt: skip
    assert members["app"] == ["shop-staging-app", "shop-staging-app-2", "shop-staging-app-3"]


@pytest.mark.parametrize(
    "differing",
    [{"size_slug": "s-2vcpu-4gb"}, {"image": {"slug": None, "id": 9}}, {"features": ["ipv6"]}, {"tags": ["a"]}],
)
def test_a_droplet_that_differs_is_a_group_of_its_own(differing):
    _adoption, found, _members = declared(droplet(1, "app"), {**droplet(2, "app-2"), **differing})
    assert {name: count for name, (count, _groups) in found.items()} == {"app": 1, "app-2": 1}
    _adoption, found, _members = declared(droplet(1, "app"), droplet(2, "app-2"), marks={"shop-staging-app-2": 1})
    assert len(found) == 2


def test_what_is_declared_of_one():
    row = droplet(1, "app", "team:a", "izzzi-door:shop:staging:1", OWNER, features=["monitoring", "backups", "agent"])
    adoption, _found, _members = declared({**row, "image": {"id": 77}, "status": "off"})
    assert adoption.declared["droplets"]["app"] == {
        "count": 1, "size": "s-1vcpu-1gb", "image": "77", "groups": ["web"], "tags": ["team:a"], "monitoring": True,
        "backups": True,
    }  # fmt: skip
    assert "powered off" in adoption.todo[0]


def test_with_compose_one_is_the_server():
    adoption, found, _members = declared(droplet(1, "db"), droplet(2, "web"))
    assert (adoption.runner, found) == ("compose", {"db": (1, []), "web": (1, ["web"])})
    assert "shop-staging-db is in no group of the inventory" in adoption.todo[0]
    adoption, found, _members = declared(droplet(5, "first"), droplet(6, "second"))
    assert found == {"first": (1, ["web"]), "second": (1, [])}
    assert declared()[1] == {}


def test_with_a_swarm_some_are_managers():
    rows = [droplet(n, name) for n, name in enumerate(("manager", "manager-2", "manager-3", "worker", "db"))]
    adoption, found, _members = declared(*rows, said="swarm")
    assert found == {"manager": (3, ["managers"]), "worker": (1, ["workers"]), "db": (1, ["workers"])}
    assert adoption.assumed == [
        "the Swarm's managers are shop-staging-manager, shop-staging-manager-2, shop-staging-manager-3, and its "
        "workers shop-staging-db, shop-staging-worker"
    ]
    three = [droplet(1, "app"), droplet(2, "app-2"), droplet(3, "app-3")]
    assert declared(*three, said="swarm")[1] == {"app": (3, ["managers"])}
    assert declared(*three[:2], said="swarm")[1] == {"app": (1, ["managers"]), "app-2": (1, ["workers"])}


def test_our_tags_say_more_than_names():
    manager = droplet(1, "web", OWNER, f"{OWNER}:managers", f"{OWNER}:ip:203-0-113-7")
    adoption, found, _members = declared(manager, droplet(2, "db"))
    assert (adoption.runner, found) == ("swarm", {"db": (1, []), "web": (1, ["managers"])})
    with pytest.raises(Problems, match="runner: you said compose"):
        declared(manager, said="compose")
