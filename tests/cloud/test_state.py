# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that hangs on a droplet, through everything that can happen to it: one run converges, the plan said each
line beforehand, nothing is made twice or left behind, and the next plan is empty. Or all goes, whatever happened.

The client runs here and the API is the sandbox, over real HTTP."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Sandbox, declaration, start, stop
from .test_interruption import MOST, Cut, Killed, run

ALERT = {"type": "cpu", "value": 90, "emails": ["ops@example.com"]}
DOMAIN = "izzzi.test"
BASE = "shop-staging"


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A sandbox whose droplets take no time."""
    sandbox = start(tmp_path_factory.mktemp("quick"), IZZZI_SANDBOX_MEMORY_DELAY="0")
    yield sandbox
    stop(sandbox)


@pytest.fixture
def account(quick) -> Sandbox:
    """An account with a default VPC, so that ours can go."""
    quick.reset()
    quick.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    return quick


@pytest.fixture
def declared(account) -> dict[str, Any]:
    declared = declaration(account.url, account.token)
    declared["droplets"]["app"]["monitoring"] = True
    return {
        **declared,
        "do_project": {},
        "reserved_ip": {"droplets": "app"},
        "load_balancer": {"group": "web"},
        "volumes": {"data": {"droplets": "app", "size": 10}},
        "alerts": {"cpu": ALERT},
        "alert_emails": ["ops@example.com"],
        "uptime_checks": {"site": {"target": f"https://{DOMAIN}"}},
        "domain": {
            "name": DOMAIN,
            "hosts": ["www"],
            "records": [
                {"type": "A", "name": "ip", "target": "reserved_ip"},
                {"type": "A", "name": "ssh", "target": "app"},
                {"type": "TXT", "data": "v=spf1 -all"},
            ],
        },
    }


# -- what is there


def alerts(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sandbox.api("GET", "/v2/monitoring/alerts?per_page=200")["policies"]


def checks(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sandbox.api("GET", "/v2/uptime/checks?per_page=200")["checks"]


def check_alerts(sandbox: Sandbox, check: dict[str, Any]) -> list[dict[str, Any]]:
    return sandbox.api("GET", f"/v2/uptime/checks/{check['id']}/alerts?per_page=200")["alerts"]


def records(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sandbox.api("GET", f"/v2/domains/{DOMAIN}/records?per_page=200")["domain_records"]


def record(sandbox: Sandbox, kind: str, name: str) -> dict[str, Any]:
    (row,) = [row for row in records(sandbox) if (row["type"], row["name"]) == (kind, name)]
    return row


def only(sandbox: Sandbox, noun: str) -> dict[str, Any]:
    (row,) = sandbox.all(noun)
    return row


def project(sandbox: Sandbox) -> dict[str, Any]:
    (row,) = [row for row in sandbox.all("projects") if row["name"] == BASE]
    return row


def address(droplet: dict[str, Any]) -> str:
    return next(n["ip_address"] for n in droplet["networks"]["v4"] if n["type"] == "public")


def require_sound(sandbox: Sandbox, group: str = "app", count: int = 1) -> None:
    """All is where it belongs, and there is nothing else."""
    droplets = {row["name"]: row for row in sandbox.all("droplets")}
    names = [f"{BASE}-{group}", *(f"{BASE}-{group}-{n}" for n in range(2, count + 1))]
    assert sorted(droplets) == sorted(names)
    ip, balancer = only(sandbox, "reserved_ips"), only(sandbox, "load_balancers")
    assert (ip["droplet"] or {}).get("id") == droplets[names[0]]["id"]
    assert (balancer["name"], balancer["status"]) == (f"{BASE}-lb", "active")
    ids = {row["id"] for row in droplets.values()}
    assert set(balancer["droplet_ids"]) == ids
    volumes = {row["name"]: row for row in sandbox.all("volumes")}
    for name in names:
        assert volumes[f"{name}-data"]["droplet_ids"] == [droplets[name]["id"]]
    assert [(row["tags"], row["entities"]) for row in alerts(sandbox)] == [(["izzzi:shop:staging"], [])]
    (check,) = checks(sandbox)
    assert (check["name"], check["target"], check["enabled"]) == (f"izzzi {BASE} site", f"https://{DOMAIN}", True)
    assert sorted(row["type"] for row in check_alerts(sandbox, check)) == ["down", "latency", "ssl_expiry"]
    assert {(tuple(row["tags"]), tuple(row["droplet_ids"])) for row in sandbox.all("firewalls")} == {
        (("izzzi:shop:staging",), ())
    }
    found: dict[str, set[str]] = {}
    for row in records(sandbox):
        found.setdefault(f"{row['type']} {row['name']}", set()).add(row["data"])
    assert found["A ip"] == {ip["ip"]}
    assert found["A www"] == {balancer["ip"]}
    assert found["A ssh"] == {address(row) for row in droplets.values()}
    assert found["TXT @"] == {"v=spf1 -all"}
    urns = {f"do:droplet:{id}" for id in ids} | {f"do:volume:{volumes[f'{name}-data']['id']}" for name in names}
    urns |= {f"do:floatingip:{ip['ip']}", f"do:loadbalancer:{balancer['id']}", f"do:domain:{DOMAIN}"}
    held = sandbox.api("GET", f"/v2/projects/{project(sandbox)['id']}/resources?per_page=200")["resources"]
    assert urns <= {row["urn"] for row in held}


# -- what happens by hand


def wait(sandbox: Sandbox, reply: dict[str, Any]) -> None:
    while sandbox.api("GET", f"/v2/actions/{reply['action']['id']}")["action"]["status"] == "in-progress":
        pass


def delete(noun: str, key: str = "id") -> Callable[[Sandbox], None]:
    def event(sandbox: Sandbox) -> None:
        for row in sandbox.all(noun):
            sandbox.api("DELETE", f"/v2/{noun}/{row[key]}")
        while noun == "droplets" and sandbox.all(noun):
            pass

    return event


def delete_record(kind: str, name: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: (
        sandbox.api("DELETE", f"/v2/domains/{DOMAIN}/records/{record(sandbox, kind, name)['id']}") and None
    )


def unassign(sandbox: Sandbox) -> None:
    ip = only(sandbox, "reserved_ips")["ip"]
    wait(sandbox, sandbox.api("POST", f"/v2/reserved_ips/{ip}/actions", {"type": "unassign"}))


def detach(sandbox: Sandbox) -> None:
    volume = only(sandbox, "volumes")
    body = {"type": "detach", "droplet_id": volume["droplet_ids"][0]}
    wait(sandbox, sandbox.api("POST", f"/v2/volumes/{volume['id']}/actions", body))


def detach_and_delete(sandbox: Sandbox) -> None:
    detach(sandbox)
    delete("volumes")(sandbox)


def rename_droplet(sandbox: Sandbox) -> None:
    id = only(sandbox, "droplets")["id"]
    wait(sandbox, sandbox.api("POST", f"/v2/droplets/{id}/actions", {"type": "rename", "name": "renamed"}))


def put(noun: str, **changes: Any) -> Callable[[Sandbox], None]:
    """All of it again, with changes."""

    def event(sandbox: Sandbox) -> None:
        for row in sandbox.all(noun):
            body = {
                k: v for k, v in row.items() if k not in ("id", "region", "status", "created_at", "pending_changes")
            }
            for rule in [*body.get("inbound_rules", ()), *body.get("outbound_rules", ())]:
                if rule["protocol"] == "icmp":
                    del rule["ports"]
                elif rule["ports"] == "0":
                    rule["ports"] = "all"
            if noun == "load_balancers":
                body = {k: body[k] for k in ("name", "tag", "forwarding_rules", "health_check", "vpc_uuid")}
            sandbox.api("PUT", f"/v2/{noun}/{row['id']}", {**body, **changes})

    return event


def change_alert(sandbox: Sandbox) -> None:
    droplet = str(only(sandbox, "droplets")["id"])
    for row in alerts(sandbox):
        body = {**{k: v for k, v in row.items() if k != "uuid"}, "tags": [], "entities": [droplet]}
        sandbox.api("PUT", f"/v2/monitoring/alerts/{row['uuid']}", body)


def delete_alert(sandbox: Sandbox) -> None:
    for row in alerts(sandbox):
        sandbox.api("DELETE", f"/v2/monitoring/alerts/{row['uuid']}")


def change_check(sandbox: Sandbox) -> None:
    for row in checks(sandbox):
        sandbox.api("PUT", f"/v2/uptime/checks/{row['id']}", {"enabled": False, "target": "https://192.0.2.66"})


def delete_check(sandbox: Sandbox) -> None:
    for row in checks(sandbox):
        sandbox.api("DELETE", f"/v2/uptime/checks/{row['id']}")


def delete_check_alerts(sandbox: Sandbox) -> None:
    for row in checks(sandbox):
        for alert in check_alerts(sandbox, row):
            sandbox.api("DELETE", f"/v2/uptime/checks/{row['id']}/alerts/{alert['id']}")


def point_elsewhere(sandbox: Sandbox) -> None:
    row = record(sandbox, "A", "ip")
    sandbox.api("PUT", f"/v2/domains/{DOMAIN}/records/{row['id']}", {"type": "A", "data": "192.0.2.66"})


def move_to_the_default_project(sandbox: Sandbox) -> None:
    path = f"/v2/projects/{project(sandbox)['id']}/resources"
    urns = [row["urn"] for row in sandbox.api("GET", f"{path}?per_page=200")["resources"]]
    sandbox.api("POST", "/v2/projects/default/resources", {"resources": urns})


def delete_project(sandbox: Sandbox) -> None:
    move_to_the_default_project(sandbox)
    sandbox.api("DELETE", f"/v2/projects/{project(sandbox)['id']}")


def delete_all(*events: Callable[[Sandbox], None]) -> Callable[[Sandbox], None]:
    def event(sandbox: Sandbox) -> None:
        for one in events:
            one(sandbox)

    return event


NAME = f"{BASE}-app"
BY_HAND: dict[str, Callable[[Sandbox], None]] = {
    "droplet deleted": delete("droplets"),
    "droplet renamed": rename_droplet,
    "reserved ip unassigned": unassign,
    "reserved ip unassigned, droplet deleted": delete_all(unassign, delete("droplets")),
    "reserved ip deleted": delete("reserved_ips", "ip"),
    "volume detached": detach,
    "volume deleted": detach_and_delete,
    "volume detached, droplet deleted": delete_all(detach, delete("droplets")),
    "load balancer without tag": put("load_balancers", tag=""),
    "load balancer renamed": put("load_balancers", name="renamed"),
    "load balancer deleted": delete("load_balancers"),
    "alert on a droplet": change_alert,
    "alert deleted": delete_alert,
    "uptime check changed": change_check,
    "uptime check deleted": delete_check,
    "uptime check without alerts": delete_check_alerts,
    "record elsewhere": point_elsewhere,
    "record deleted": delete_record("A", "ip"),
    "text deleted": delete_record("TXT", "@"),
    "register deleted": delete_record("TXT", f"_izzzi.{BASE}"),
    "domain deleted": delete("domains", "name"),
    "project emptied": move_to_the_default_project,
    "project deleted": delete_project,
    "firewalls without tag": put("firewalls", tags=[]),
    "firewalls deleted": delete("firewalls"),
    "tags deleted": delete("tags", "name"),
    "all but the volume deleted": delete_all(
        delete("droplets"), delete("firewalls"), delete("load_balancers"), delete("domains", "name"), delete_alert
    ),
}


def groups(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda declared: {"droplets": {"app": {**declared["droplets"]["app"], **changes}}}


def renamed_group(declared: dict[str, Any]) -> dict[str, Any]:
    domain = copy.deepcopy(declared["domain"])
    domain["records"][1]["target"] = "web"
    return {
        "droplets": {"web": declared["droplets"]["app"]},
        "reserved_ip": {"droplets": "web"},
        "volumes": {"data": {"droplets": "web", "size": 10}},
        "domain": domain,
    }


def nothing(declared: dict[str, Any]) -> dict[str, Any]:
    return {}


# What is declared then, what is said for that one run only, and what is there at the end.
DECLARED: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], dict[str, Any], dict[str, Any]]] = {
    "replaced": (nothing, {"replace": [NAME]}, {}),
    "another image": (groups(image="debian-12-x64"), {"allow_replace": [NAME]}, {}),
    "resized": (groups(size="s-1vcpu-2gb"), {"allow_resize": True}, {}),
    "grown": (groups(count=2), {}, {"count": 2}),
    "renamed": (renamed_group, {"prune": True}, {"group": "web"}),
    "renamed, data too": (renamed_group, {"prune": True, "delete_data": True}, {"group": "web"}),
}
DELETED = {  # what is made anew, since it was deleted
    "reserved ip deleted": "reserved_ips",
    "volume deleted": "volumes",
    "load balancer deleted": "load_balancers",
    "all but the volume deleted": "load_balancers",
}


def kept(sandbox: Sandbox) -> dict[str, Any]:
    """What costs money and must not be made anew."""
    return {
        "reserved_ips": [row["ip"] for row in sandbox.all("reserved_ips")],
        "volumes": [row["id"] for row in sandbox.all("volumes")],
        "load_balancers": [row["id"] for row in sandbox.all("load_balancers")],
    }


def converge(declared: dict[str, Any], **once: Any) -> dict[str, Any]:
    """One run does what the plan in check mode said; the next has nothing to do."""
    told = run({**declared, **once}, check=True)
    done = run({**declared, **once})
    assert done["plan"] == told["plan"]
    again = run(declared, check=True)
    assert [step for step in again["plan"] if step["action"] not in ("noop", "keep")] == []
    return done


@pytest.mark.parametrize("event", BY_HAND)
def test_what_happens_by_hand_is_mended_by_one_run(account: Sandbox, declared, event):
    converge(declared)
    require_sound(account)
    before = kept(account)
    BY_HAND[event](account)
    done = converge(declared, prune=event == "droplet renamed")
    assert done["changed"]
    require_sound(account)
    after = kept(account)
    before.pop(DELETED.get(event), None)
    assert {noun: after[noun] for noun in before} == before


@pytest.mark.parametrize("change", DECLARED)
def test_what_is_declared_otherwise_takes_all_with_it(account: Sandbox, declared, change):
    converge(declared)
    before = kept(account)
    changes, once, there = DECLARED[change]
    done = converge({**declared, **changes(declared)}, **once)
    assert done["changed"]
    require_sound(account, **there)
    after = kept(account)
    if there.get("group"):
        before["volumes"] = [] if once.get("delete_data") else before["volumes"]
        assert set(before["volumes"]) < set(after["volumes"])
    else:
        assert set(before["volumes"]) <= set(after["volumes"])
    assert [after[noun] for noun in ("reserved_ips", "load_balancers")] == [
        before[noun] for noun in ("reserved_ips", "load_balancers")
    ]


def test_what_was_grown_shrinks(account: Sandbox, declared):
    converge({**declared, **groups(count=2)(declared)})
    converge(declared, prune=True, delete_data=True)
    require_sound(account)
    assert len(account.all("volumes")) == 1


def test_data_that_was_kept_can_still_be_deleted_later(account: Sandbox, declared):
    run(declared)
    gone = {**declared, "state": "absent"}
    done = run(gone)
    assert {step["kind"] for step in done["plan"] if step["action"] == "keep"} == {
        "volume",
        "tag",
        "project",
        "ssh_key",
    }
    assert [row["tags"] for row in account.all("volumes")] == [["izzzi:shop:staging"]]
    assert not run(gone)["changed"]
    run({**gone, "delete_data": True})
    assert [len(account.all(noun)) for noun in ("volumes", "tags", "projects", "vpcs")] == [0, 0, 1, 1]


def test_a_replacement_is_cut_at_every_write(quick: Sandbox, declared):
    """The next run, which knows nothing of it, puts all on the new droplet, and buys nothing."""
    for writes in range(MOST):
        quick.reset()
        run(declared)
        before = kept(quick)
        cut = Cut(writes, kills=True)
        try:
            run({**declared, "replace": [NAME]}, cut)
        except Killed:
            assert cut.happened
        if not cut.happened:
            break
        run(declared)
        require_sound(quick)
        assert kept(quick) == before, f"cut at write {writes}"
        assert not run(declared)["changed"], f"cut at write {writes}"
    assert 5 <= writes < MOST, "the cuts went through the whole run"


@pytest.mark.parametrize("event", ["nothing", *BY_HAND])
def test_all_goes_whatever_happened(account: Sandbox, declared, event):
    empty = {noun: len(account.all(noun)) for noun in (*kept(account), "domains", "projects")} | {
        noun: len(rows) for noun, rows in account.account().items()
    }
    run(declared)
    BY_HAND.get(event, lambda sandbox: None)(account)
    gone = {**declared, "state": "absent", "delete_data": True}
    told, done = run(gone, check=True), run(gone)
    assert done["plan"] == told["plan"]
    assert not run(gone)["changed"]
    left = {noun: len(account.all(noun)) for noun in empty}
    empty["account/keys"] = 1  # the account's keys stay
    assert left == empty
    assert (alerts(account), checks(account)) == ([], [])


def test_what_a_destruction_keeps_is_taken_up_by_the_next_environment(account: Sandbox, declared):
    """The volume was kept, but its tag was not, and then it was somebody else's."""
    run(declared)
    (before,) = account.all("volumes")
    gone = {**declared, "state": "absent"}
    assert not run(gone).get("failed")
    (kept_volume,) = account.all("volumes")
    assert kept_volume["tags"] == ["izzzi:shop:staging"]
    assert not run(gone, check=True)["changed"]
    again = run(declared)
    assert not again.get("failed"), again
    (after,) = account.all("volumes")
    assert after["id"] == before["id"]
    assert after["droplet_ids"] == [again["droplets"][0]["id"]]
    run({**gone, "delete_data": True})
    assert account.all("volumes") == []
    assert not [tag for tag in account.all("tags") if tag["name"].startswith("izzzi:shop:staging")]
