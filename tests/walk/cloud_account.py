# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account holds, as a comparison needs it; what it must hold by a declaration; and the strangers in it."""

from __future__ import annotations

from typing import Any

from .account import Account
from .cloud_wish import BASE, OWNER, REGION, droplet_names

Snapshot = dict[tuple[str, str], Any]
LISTS = (
    "/vpcs",
    "/account/keys",
    "/tags",
    "/firewalls",
    "/droplets",
    "/reserved_ips",
    "/volumes",
    "/load_balancers",
    "/monitoring/alerts",
    "/uptime/checks",
    "/projects",
    "/domains",
)

CHECK = f"izzzi {BASE} "
MOVING = ("updated_at", "pending_changes", "status", "locked")


def settle_strangers(account: Account) -> None:
    """Resources of somebody else: of every kind, some of them near to ours."""
    account.api("POST", "/vpcs", {"name": "default-fra1", "region": REGION})
    account.api("POST", "/tags", {"name": "theirs"})
    body = {"region": REGION, "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": ["theirs", "blue"]}
    droplet = account.api("POST", "/droplets", {**body, "name": "shop-production-app"})["droplet"]["id"]
    rule = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["192.0.2.1/32"]}}
    account.api("POST", "/firewalls", {"name": "theirs-fw", "inbound_rules": [rule], "tags": ["theirs"]})
    account.api("POST", "/reserved_ips", {"droplet_id": droplet})
    account.api("POST", "/reserved_ips", {"region": REGION})
    account.api("POST", "/volumes", {"name": "theirs-data", "region": REGION, "size_gigabytes": 5, "tags": ["theirs"]})
    forward = {"entry_protocol": "tcp", "entry_port": 80, "target_protocol": "tcp", "target_port": 80}
    balancer = {"name": "theirs-lb", "region": REGION, "forwarding_rules": [forward], "tag": "theirs"}
    account.api("POST", "/load_balancers", balancer)
    account.api("POST", "/projects", {"name": "theirs", "purpose": "Web Application"})
    account.api("POST", "/domains", {"name": "theirs.test"})
    account.api("POST", "/domains", {"name": "shared.test"})
    for record in (
        {"type": "TXT", "name": "keep", "data": "theirs", "ttl": 300},
        {"type": "A", "name": "theirs", "data": "192.0.2.9", "ttl": 300},
        {"type": "SRV", "name": "_xmpp._tcp", "data": "x.test.", "priority": 1, "port": 5, "weight": 1, "ttl": 300},
    ):
        account.api("POST", "/domains/shared.test/records", record)
    alert = {"type": "v1/insights/droplet/cpu", "compare": "GreaterThan", "value": 50, "window": "5m", "enabled": True}
    alert |= {"description": "theirs", "entities": [], "tags": ["theirs"]}
    alert |= {"alerts": {"email": ["x@y.test"], "slack": []}}
    account.api("POST", "/monitoring/alerts", alert)
    check = {"type": "https", "target": "https://theirs.test", "regions": ["eu_west"], "enabled": True}
    for name in (f"{BASE} site", "izzzi shop-production site"):
        account.api("POST", "/uptime/checks", {**check, "name": name})


def rows(account: Account) -> dict[str, list[dict[str, Any]]]:
    found = {path: account.all(path) for path in LISTS}
    for domain in found["/domains"]:
        path = f"/domains/{domain['name']}/records"
        found[path] = [row for row in account.all(path) if row["type"] not in ("NS", "SOA")]
    for check in found["/uptime/checks"]:
        path = f"/uptime/checks/{check['id']}/alerts"
        found[path] = account.all(path)
    return found


def strangers(account: dict[str, list[dict[str, Any]]]) -> dict[str, list[Any]]:
    """Everything that is not ours, as the API shows it, without what moves by itself."""
    theirs: dict[str, list[Any]] = {}
    for path, listing in account.items():
        if path in ("/tags", "/domains") or path.endswith("own.test/records"):
            continue  # counts and zone files change with what is in them
        theirs[path] = [
            {key: value for key, value in row.items() if key not in MOVING} for row in listing if not is_ours(row, path)
        ]
    return theirs


def is_ours(row: dict[str, Any], path: str) -> bool:
    if path == "/account/keys":
        return True
    if path == "/reserved_ips":
        return OWNER in ((row["droplet"] or {}).get("tags") or []) or BASE in ((row["droplet"] or {}).get("name", ""))
    if path.endswith("/records"):
        return row["name"] not in ("keep", "theirs", "_xmpp._tcp")
    name = row.get("name") or row.get("description") or ""
    if path.startswith("/uptime/"):
        return name.startswith(CHECK)
    return name.startswith((BASE, OWNER)) or name in ("the shop", "my project", "default-fra1")


def twins(account: dict[str, list[dict[str, Any]]]) -> list[Any]:
    """What no account should have twice."""
    found: list[Any] = []
    for path, listing in account.items():
        if path.endswith("/records"):
            keys = [(path, row["type"], row["name"], row["data"]) for row in listing]
        elif path == "/reserved_ips":
            keys = [(path, row["droplet"]["id"]) for row in listing if row["droplet"]]
        else:
            keys = [(path, row.get("name") or row.get("description")) for row in listing]
        found += [key for key in set(keys) if keys.count(key) > 1]
    return found


def differences(account: dict[str, list[dict[str, Any]]], declared: dict[str, Any]) -> list[str]:
    """How the account differs from what is declared, in what is declared."""
    droplets = {row["name"]: row for row in account["/droplets"]}
    found: list[str] = []
    for group, wanted in declared["droplets"].items():
        for name in droplet_names(group, wanted["count"]):
            found += _of_droplet(name, wanted, droplets.get(name))
    found += [
        f"no firewall {name}"
        for name in declared["firewalls"]
        if not any(r["name"] == f"{BASE}-fw-{name}" and r["tags"] == [OWNER] for r in account["/firewalls"])
    ]
    found += _of_reserved_ip(account, declared) + _of_volumes(account, declared, droplets)
    found += _of_balancer(account, declared) + _of_alerts(account, declared) + _of_domain(account, declared)
    found += _of_checks(account, declared)
    return found


def _of_droplet(name: str, wanted: dict[str, Any], row: dict[str, Any] | None) -> list[str]:
    if row is None:
        return [f"no droplet {name}"]
    tags = {OWNER, *(f"{OWNER}:{group}" for group in wanted["groups"]), *wanted["tags"]}
    ours = {tag for tag in row["tags"] if tag.startswith(OWNER)}
    pairs = {
        "status": (row["status"], "active"),
        "size": (row["size_slug"], wanted["size"]),
        "image": (row["image"]["slug"], wanted["image"]),
        "backups": ("backups" in row["features"], wanted.get("backups", False)),
        "tags": (set(row["tags"]) >= tags, True),
        "groups": (ours, {tag for tag in tags if tag.startswith(OWNER)}),
    }
    return [f"droplet {name}: {key} is {a}, not {b}" for key, (a, b) in pairs.items() if a != b]


def _of_reserved_ip(account: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    if "reserved_ip" not in declared:
        return []
    holder = droplet_names(declared["reserved_ip"]["droplets"], 1)[0]
    held = [row for row in account["/reserved_ips"] if (row["droplet"] or {}).get("name") == holder]
    return [] if len(held) == 1 else [f"{len(held)} reserved IPs on {holder}"]


def _of_volumes(account: dict[str, Any], declared: dict[str, Any], droplets: dict[str, Any]) -> list[str]:
    found, rows = [], {row["name"]: row for row in account["/volumes"]}
    for name, volume in declared["volumes"].items():
        for droplet in droplet_names(volume["droplets"], declared["droplets"][volume["droplets"]]["count"]):
            row = rows.get(f"{droplet}-{name}")
            if row is None or droplet not in droplets or row["droplet_ids"] != [droplets[droplet]["id"]]:
                found.append(f"volume {droplet}-{name} is not on its droplet: {row and row['droplet_ids']}")
            elif row["size_gigabytes"] != volume["size"]:
                found.append(f"volume {droplet}-{name} has {row['size_gigabytes']} GiB")
    return found


def _of_balancer(account: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    if "load_balancer" not in declared:
        return []
    row = next((row for row in account["/load_balancers"] if row["name"] == f"{BASE}-lb"), None)
    if row is None:
        return ["no load balancer"]
    same = row["size_unit"] == declared["load_balancer"]["size_unit"] and row["tag"] == OWNER
    return [] if same else [f"load balancer: {row['size_unit']} nodes for {row['tag']}"]


def _of_alerts(account: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    rows = {row["description"]: row for row in account["/monitoring/alerts"]}
    return [
        f"alert {name}: {rows.get(f'{BASE} {name}')}"
        for name, alert in declared.get("alerts", {}).items()
        if (rows.get(f"{BASE} {name}") or {}).get("value") != alert["value"]
    ]


def _of_checks(account: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    rows = {row["name"]: row for row in account["/uptime/checks"]}
    found = []
    for name, check in declared.get("uptime_checks", {}).items():
        row = rows.get(f"{CHECK}{name}")
        alerts = account[f"/uptime/checks/{row['id']}/alerts"] if row else []
        there = {alert["name"]: alert.get("threshold") for alert in alerts if alert["name"].startswith(CHECK)}
        wanted = {f"{CHECK}{name} {short}": alert["threshold"] for short, alert in check["alerts"].items()}
        if row is None or row["target"] != check["target"] or not row["enabled"] or there != wanted:
            found.append(f"uptime check {name}: {row}, {there}")
    return found


def _of_domain(account: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    domain = declared.get("domain")
    if not domain:
        return []
    rows = account.get(f"/domains/{domain['name']}/records")
    if rows is None:
        return [f"no domain {domain['name']}"]
    addresses = addresses_of(account, declared)
    found = []
    for host in domain["hosts"]:
        data = sorted(row["data"] for row in rows if (row["type"], row["name"]) == ("A", host))
        if data != sorted(addresses):
            found.append(f"host {host} points to {data}, not {sorted(addresses)}")
    for record in domain["records"]:
        there = [row for row in rows if (row["type"], row["name"]) == (record["type"], record.get("name", "@"))]
        ours = [row for row in there if not row["data"].startswith("heritage=") and "izzzi" not in row["data"]]
        if len(ours) != 1 or ours[0]["ttl"] != domain["ttl"]:
            found.append(f"record {record}: {there}")
    return found


def addresses_of(account: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    target = declared["domain"].get("target")
    if target == "load_balancer":
        return [row["ip"] for row in account["/load_balancers"] if row["name"] == f"{BASE}-lb"]
    if target == "reserved_ip":
        holder = droplet_names(declared["reserved_ip"]["droplets"], 1)[0]
        return [row["ip"] for row in account["/reserved_ips"] if (row["droplet"] or {}).get("name") == holder]
    names = droplet_names(target, declared["droplets"][target]["count"]) if target else []
    return [
        network["ip_address"]
        for row in account["/droplets"]
        if row["name"] in names
        for network in row["networks"]["v4"]
        if network["type"] == "public"
    ]


def left_over(account: dict[str, list[dict[str, Any]]], declared: dict[str, Any]) -> list[str]:
    """What is ours by its name and not declared."""
    droplets = {n for group, wanted in declared["droplets"].items() for n in droplet_names(group, wanted["count"])}
    volumes = {
        f"{droplet}-{name}"
        for name, volume in declared["volumes"].items()
        for droplet in droplet_names(volume["droplets"], declared["droplets"][volume["droplets"]]["count"])
    }
    keep = {
        "/droplets": droplets,
        "/volumes": volumes,
        "/firewalls": {f"{BASE}-fw-{name}" for name in declared["firewalls"]},
        "/load_balancers": {f"{BASE}-lb"} if "load_balancer" in declared else set(),
        "/monitoring/alerts": {f"{BASE} {name}" for name in declared.get("alerts", {})},
        "/uptime/checks": {f"{CHECK}{name}" for name in declared.get("uptime_checks", {})},
    }
    found = []
    for path, names in keep.items():
        for row in account[path]:
            name = row.get("name") or row["description"]
            if name.startswith(CHECK if path == "/uptime/checks" else BASE) and name not in names:
                found.append(f"{path} {name}")
    return found
