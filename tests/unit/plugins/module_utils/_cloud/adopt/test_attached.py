# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt import attached
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption

from tests.unit.adopted import VPC, droplet, ours
from tests.unit.sandbox_api import OWNER, row

APPS = (droplet(1, "app"), droplet(2, "app-2"))
MEMBERS = {"app": ["shop-staging-app", "shop-staging-app-2"]}


def volume(name: str, *ids: int, tags=(), size: int = 10, form: str = "ext4") -> dict:
    return {"name": name, "droplet_ids": [*ids], "tags": [*tags], "size_gigabytes": size, "filesystem_type": form}


def volumes(*rows: dict) -> tuple[attached.Volumes, Adoption]:
    adoption = Adoption()
    return attached.volumes_of(ours(*APPS, volumes=list(rows)), adoption), adoption


def test_volumes_are_named_after_their_droplets():
    found, adoption = volumes(
        volume("shop-staging-app-data", 1),
        volume("shop-staging-app-2-data", 2),
        volume("shop-staging-app-2-raw", tags=[OWNER], form=""),
        volume("somebodys", 9),
    )
    assert found == {
        "shop-staging-app": {"data": {"size": 10}},
        "shop-staging-app-2": {"data": {"size": 10}, "raw": {"size": 10, "filesystem": ""}},
    }
    assert adoption.todo == []
    assert attached.marks(ours(*APPS), found)["shop-staging-app"]["volumes"] == {"data": {"size": 10}}


def test_a_volume_of_another_name_is_told_with_what_may_happen_to_it():
    found, adoption = volumes(
        volume("volume-fra1-01", 1), volume("shop-staging-files", 1), volume("shop-staging-app-2-data", 1),
        volume("shop-staging-old"), volume("shop-staging-app-", 1),
    )  # fmt: skip
    assert found == {"shop-staging-app": {"2-data": {"size": 10}}}, "that is its name on this droplet"
    foreign, ours_by_name, nowhere, empty = adoption.todo
    assert foreign.endswith("it is not declared and stays")
    for told in (ours_by_name, empty):
        assert "Do not prune with provision_delete_data while it is there" in told
    assert "is on no droplet of shop-staging and has not its tag" in nowhere


def test_a_short_name_is_that_of_one_group():
    adoption = Adoption()
    there = {"shop-staging-app": {"data": {"size": 10}}, "shop-staging-db": {"data": {"size": 20}}}
    attached.declare_volumes(there, {"app": ["shop-staging-app"], "db": ["shop-staging-db"]}, adoption)
    assert adoption.declared["volumes"] == {"data": {"droplets": "app", "size": 10}}
    assert "the volume shop-staging-db-data is not declared and stays" in adoption.todo[0]


def reserved(*pairs: tuple[str, int]) -> list[dict]:
    return [{"ip": ip, "droplet": {"id": id} if id else None} for ip, id in pairs]


def test_one_reserved_ip_is_declared():
    account, adoption = (
        ours(*APPS, reserved_ips=reserved(("192.0.2.1", 1), ("192.0.2.2", 2), ("192.0.2.3", 0))),
        Adoption(),
    )
    assert attached.declare_reserved_ip(account, MEMBERS, adoption) == {"192.0.2.1": "reserved_ip"}
    assert adoption.declared["reserved_ip"] == {"droplets": "app"}
    second, free = adoption.todo
    assert "192.0.2.2 on shop-staging-app-2 is not declared and stays" in second
    assert "192.0.2.3 is on no droplet" in free
    assert attached.marks(account, {})["shop-staging-app-2"]["is_first"], (
        "so that it is the first of a group of its own"
    )
    assert attached.declare_reserved_ip(ours(*APPS, reserved_ips=reserved(("192.0.2.9", 9))), MEMBERS, Adoption()) == {}


def balancer(name: str, **fields) -> dict:
    rules = [
        {"entry_protocol": "tcp", "entry_port": port, "target_protocol": "tcp", "target_port": port}
        for port in (80, 443)
    ]
    check = {"protocol": "tcp", "port": 80, "check_interval_seconds": 10, "response_timeout_seconds": 5}
    check |= {"unhealthy_threshold": 3, "healthy_threshold": 5}
    made = {"name": name, "ip": "192.0.2.4", "forwarding_rules": rules, "health_check": check, "vpc_uuid": VPC["id"]}
    return {**made, "size_unit": 1, "tag": "", "droplet_ids": [1, 2], **fields}


def balanced(*rows: dict) -> tuple[dict[str, str], Adoption]:
    adoption = Adoption()
    account = ours(*APPS, others=(row(id=9, name="blog"),), load_balancers=list(rows))
    return attached.declare_load_balancer(account, adoption), adoption


def test_a_load_balancer_as_by_default():
    found, adoption = balanced(balancer("shop-staging-lb"), balancer("others", droplet_ids=[9]))
    assert (found, adoption.declared["load_balancer"], adoption.todo) == ({"192.0.2.4": "load_balancer"}, {}, [])


def test_what_a_load_balancer_has_that_cannot_be_said():
    more = {"sticky_sessions": {"type": "cookies"}, "firewall": {"allow": [], "deny": []}, "droplet_ids": [1, 9]}
    _found, adoption = balanced(balancer("shop-staging-lb", **more), balancer("by-hand", tag=""))
    renamed, reach, unsaid = adoption.todo
    assert (
        "the load balancer by-hand is in front of droplets of shop-staging and is not named shop-staging-lb" in renamed
    )
    assert "is in front of other droplets now than provision.yml puts behind it" in reach
    assert "has sticky_sessions, which a declaration cannot say" in unsaid
    assert balanced(balancer("by-hand"))[0] == {}
