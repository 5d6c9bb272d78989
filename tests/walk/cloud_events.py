# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do in the control panel to things that are ours. Each event takes a number to choose by, and does nothing
where there is nothing of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .account import Account
from .cloud_wish import BASE, OWNER

Event = Callable[[Account, int], None]


def _ours(account: Account, path: str) -> list[dict[str, Any]]:
    rows = account.all(path)
    return [row for row in rows if (row.get("name") or row.get("description") or "").startswith(BASE)]


def _one(rows: list[dict[str, Any]], which: int) -> list[dict[str, Any]]:
    return [rows[which % len(rows)]] if rows else []


def delete_droplet(account: Account, which: int) -> None:
    for row in _one(_ours(account, "/droplets"), which):
        account.api("DELETE", f"/droplets/{row['id']}")


def power_off(account: Account, which: int) -> None:
    for row in _one([row for row in _ours(account, "/droplets") if row["status"] == "active"], which):
        account.api("POST", f"/droplets/{row['id']}/actions", {"type": "power_off"})


def untag_droplet(account: Account, which: int) -> None:
    for row in _one(_ours(account, "/droplets"), which):
        for tag in _one([{"name": tag} for tag in row["tags"]], which // 2):
            resource = {"resource_id": str(row["id"]), "resource_type": "droplet"}
            account.api("DELETE", f"/tags/{tag['name']}/resources", {"resources": [resource]})


def delete_tag(account: Account, which: int) -> None:
    for row in _one([row for row in account.all("/tags") if row["name"].startswith(OWNER)], which):
        account.api("DELETE", f"/tags/{row['name']}")


def delete_firewall(account: Account, which: int) -> None:
    for row in _one(_ours(account, "/firewalls"), which):
        account.api("DELETE", f"/firewalls/{row['id']}")


def widen_firewall(account: Account, which: int) -> None:
    rule = {"protocol": "tcp", "ports": "9000", "sources": {"addresses": ["192.0.2.7"]}}
    for row in _one(_ours(account, "/firewalls"), which):
        account.api("POST", f"/firewalls/{row['id']}/rules", {"inbound_rules": [rule]})


def detach_firewall(account: Account, which: int) -> None:
    for row in _one([row for row in _ours(account, "/firewalls") if OWNER in row["tags"]], which):
        account.api("DELETE", f"/firewalls/{row['id']}/tags", {"tags": [OWNER]})


def detach_volume(account: Account, which: int) -> None:
    for row in _one([row for row in _ours(account, "/volumes") if row["droplet_ids"]], which):
        body = {"type": "detach", "droplet_id": row["droplet_ids"][0], "region": row["region"]["slug"]}
        account.api("POST", f"/volumes/{row['id']}/actions", body)


def delete_volume(account: Account, which: int) -> None:
    for row in _one([row for row in _ours(account, "/volumes") if not row["droplet_ids"]], which):
        account.api("DELETE", f"/volumes/{row['id']}")


def delete_balancer(account: Account, which: int) -> None:
    for row in _ours(account, "/load_balancers"):
        account.api("DELETE", f"/load_balancers/{row['id']}")


def delete_alert(account: Account, which: int) -> None:
    for row in _one(_ours(account, "/monitoring/alerts"), which):
        account.api("DELETE", f"/monitoring/alerts/{row['uuid']}")


def _checks(account: Account) -> list[dict[str, Any]]:
    return [row for row in account.all("/uptime/checks") if row["name"].startswith(f"izzzi {BASE} ")]


def delete_check(account: Account, which: int) -> None:
    for row in _one(_checks(account), which):
        account.api("DELETE", f"/uptime/checks/{row['id']}")


def disable_check(account: Account, which: int) -> None:
    for row in _one(_checks(account), which):
        account.api("PUT", f"/uptime/checks/{row['id']}", {"enabled": False})


def delete_alert_of_check(account: Account, which: int) -> None:
    for row in _one(_checks(account), which):
        path = f"/uptime/checks/{row['id']}/alerts"
        for alert in _one(account.all(path), which // 2):
            account.api("DELETE", f"{path}/{alert['id']}")


def _records(account: Account) -> list[tuple[str, dict[str, Any]]]:
    """Of ours, without the register of what is ours."""
    names = [row["name"] for row in account.all("/domains") if row["name"] in ("own.test", "shared.test")]
    found = [(name, row) for name in names for row in account.all(f"/domains/{name}/records")]
    theirs = ("keep", "theirs", "_xmpp._tcp")
    kept = ("NS", "SOA")
    return [(n, r) for n, r in found if r["type"] not in kept and r["name"] not in theirs and "izzzi" not in r["name"]]


def delete_record(account: Account, which: int) -> None:
    for name, row in [found for at, found in enumerate(_records(account)) if at == which]:
        account.api("DELETE", f"/domains/{name}/records/{row['id']}")


def change_record(account: Account, which: int) -> None:
    for name, row in [found for at, found in enumerate(_records(account)) if at == which and found[1]["type"] == "A"]:
        account.api("PUT", f"/domains/{name}/records/{row['id']}", {"type": "A", "data": "192.0.2.77"})


def unassign_address(account: Account, which: int) -> None:
    rows = account.all("/reserved_ips")
    for row in _one([row for row in rows if (row["droplet"] or {}).get("name", "").startswith(f"{BASE}-")], which):
        account.api("POST", f"/reserved_ips/{row['ip']}/actions", {"type": "unassign"})


def adopt(account: Account, volumes: list[str]) -> None:
    """What the refusal of a volume without our tag says to do."""
    account.api("POST", "/tags", {"name": OWNER})
    resources = [{"resource_id": id, "resource_type": "volume"} for id in volumes]
    account.api("POST", f"/tags/{OWNER}/resources", {"resources": resources})


EVENTS: dict[str, Event] = {
    event.__name__: event
    for event in (
        delete_droplet,
        power_off,
        untag_droplet,
        delete_tag,
        delete_firewall,
        widen_firewall,
        detach_firewall,
        detach_volume,
        delete_volume,
        delete_balancer,
        delete_alert,
        delete_check,
        disable_check,
        delete_alert_of_check,
        delete_record,
        change_record,
        unassign_address,
    )
}
