# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.plugin_utils.outlook import Outlook, new_hosts

COST = {"before": 24.0, "after": 48.0}


def droplet(name: str, action: str = "create", *groups: str) -> dict:
    tags = {
        "field": "tags",
        "before": None,
        "after": ["izzzi:shop:dev", *(f"izzzi:shop:dev:{group}" for group in groups)],
    }
    return {"kind": "droplet", "name": name, "action": action, "changes": [tags] if groups else []}


def table(*tasks: tuple[str, str], cloud: dict | None = None) -> list[str]:
    outlook = Outlook()
    if cloud:
        outlook.enter("provision")
        outlook.look(cloud)
    for role, host in tasks:
        outlook.enter(role)
        outlook.look({})
        if host:
            outlook.change(host, role)
    return outlook.lines()


def test_three_layers_in_one_table():
    cloud = {"plan": [droplet("shop-dev-app", "update")], "droplets": [], "monthly_cost": COST}
    assert table(("base", "app-1"), ("base", "app-1"), ("nginx", "app-1"), ("app_compose", ""), cloud=cloud) == [
        "This run would change",
        "  cloud  1 to change",
        "  hosts  app-1: base 2, nginx 1",
        "  app    as declared",
        "  cost   24.00 USD now, 48.00 USD then (+24.00)",
    ]


def test_hosts_that_are_alike_share_a_line():
    tasks = [("base", "a"), ("base", "b"), ("docker", "c"), ("swarm_stack", "")]
    assert "  hosts  a, b: base 1; c: docker 1" in table(*tasks)


def test_one_layer_needs_no_table():
    assert table(("nginx", "app-1")) == []
    assert table(("", "localhost")) == []


def test_a_layer_that_fails_is_marked():
    outlook = Outlook()
    for role in ("base", "app_compose"):
        outlook.enter(role)
        outlook.look({})
    outlook.fail()
    assert outlook.lines()[-1] == "  app    as declared; it fails, as told above"


def test_on_an_empty_account_new_hosts_say_what_they_become():
    plan = [droplet(f"m-{number}", "create", "managers") for number in (1, 2)] + [droplet("w-1", "create", "workers")]
    lines = table(cloud={"plan": plan, "droplets": [], "monthly_cost": COST})
    assert lines[1:5] == [
        "  cloud  3 to create",
        "  hosts  m-1 begins the Swarm",
        "  hosts  m-2 joins the Swarm as a manager",
        "  hosts  w-1 joins the Swarm as a worker",
    ]


def test_a_manager_more_joins_and_a_replaced_one_too():
    there = [{"name": name, "groups": ["managers"]} for name in ("m-1", "m-2")]
    result = {
        "plan": [droplet("m-1", "noop"), droplet("m-2", "replace"), droplet("m-3", "create", "managers")],
        "droplets": there,
    }
    joins = "joins the Swarm as a manager"
    assert new_hosts(result) == [("m-2", joins), ("m-3", joins)]


def test_a_server_of_its_own():
    assert new_hosts({"plan": [droplet("a", "create", "web")]}) == [("a", "gets Docker, nginx and the app")]
