# SPDX-License-Identifier: GPL-3.0-or-later
"""What a walk declares: a value for each part, any of which goes with any other, and the module's arguments from it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

PROJECT, ENVIRONMENT, REGION = "shop", "staging", "fra1"
OWNER = f"izzzi:{PROJECT}:{ENVIRONMENT}"
BASE = f"{PROJECT}-{ENVIRONMENT}"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS test@izzzi"
EVERYONE = {"addresses": ["0.0.0.0/0", "::/0"]}
GROUPS = ("app", "db")
OPEN = {
    "inbound": [{"protocol": "tcp", "ports": "443", "sources": EVERYONE}, {"protocol": "icmp", "sources": EVERYONE}]
}
INSIDE = {"inbound": [{"protocol": "tcp", "ports": "all", "sources": {"members": True}}]}
RANGE = {"inbound": [{"protocol": "udp", "ports": "8000-9000", "sources": {"groups": ["web"]}}]}
RECORDS = (
    {"type": "TXT", "data": "v=spf1 -all"},
    {"type": "TXT", "name": "note", "data": "x"},
    {"type": "MX", "data": "mail", "priority": 10},
    {"type": "CNAME", "name": "blog", "data": "www"},
    {"type": "CAA", "data": "letsencrypt.org"},
    {"type": "SRV", "name": "_sip._tcp", "data": "sip.example.org", "priority": 1, "port": 5060, "weight": 2},
)
DOMAINS = ("own.test", "shared.test")  # the second is there before, with records of somebody else

group = st.fixed_dictionaries(
    {
        "count": st.integers(0, 3),
        "size": st.sampled_from(["s-1vcpu-1gb", "s-1vcpu-2gb"]),
        "image": st.sampled_from(["debian-13-x64", "debian-13-x64", "debian-12-x64"]),
        "groups": st.lists(st.sampled_from(["web", "workers"]), unique=True),
        "tags": st.lists(st.sampled_from(["blue", "green"]), unique=True),
        "monitoring": st.booleans(),
        "backups": st.booleans(),
    }
)
domain = st.fixed_dictionaries(
    {
        "name": st.sampled_from(DOMAINS),
        "hosts": st.lists(st.sampled_from(["@", "www", "api"]), unique=True),
        "ttl": st.sampled_from([300, 600]),
        "records": st.lists(st.sampled_from(RECORDS), unique_by=lambda r: (r["type"], r.get("name"))),
    }
)
# The names of parts, and what each may become.
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "app": group,
    "db": st.none() | group,
    "firewalls": st.fixed_dictionaries(
        {}, optional={"web": st.sampled_from([OPEN, INSIDE]), "more": st.sampled_from([INSIDE, RANGE])}
    ),
    "domain": st.none() | domain,
    "reserved_ip": st.sampled_from([None, *GROUPS]),
    "load_balancer": st.none() | st.fixed_dictionaries({"size_unit": st.sampled_from([1, 2])}),
    "volumes": st.dictionaries(st.sampled_from(["data", "logs"]), st.sampled_from(GROUPS)),
    "alerts": st.dictionaries(st.sampled_from(["cpu", "load"]), st.sampled_from([70, 80])),
    "uptime_checks": st.dictionaries(st.sampled_from(["site", "api"]), st.sampled_from([None, 500, 900])),
    "do_project": st.sampled_from([None, {}, {"name": "the shop"}]),
    "description": st.sampled_from(["", "of the shop"]),
}
CONSENTS = ("prune", "allow_resize", "allow_replace", "delete_data")


def first_wish() -> dict[str, Any]:
    return {
        "app": {"count": 1, "size": "s-1vcpu-1gb", "image": "debian-13-x64", "groups": ["web"], "tags": []},
        "db": None,
        "firewalls": {"web": OPEN},
        "domain": None,
        "reserved_ip": None,
        "load_balancer": None,
        "volumes": {},
        "alerts": {},
        "uptime_checks": {},
        "do_project": None,
        "description": "",
    }


def alert_of(threshold: int | None) -> dict[str, dict[str, Any]]:
    return {"alert": {"type": "latency" if threshold else "down", "threshold": threshold}}


def arguments(wish: dict[str, Any], volume_sizes: dict[str, int], consents: set[str]) -> dict[str, Any]:
    """A declaration without a mistake: what refers to a group without a droplet is left out."""
    groups = {name: wish[name] for name in GROUPS if wish[name] is not None}
    peopled = [name for name, group in groups.items() if group["count"]]
    names = [name for group in peopled for name in droplet_names(group, groups[group]["count"])]
    given: dict[str, Any] = {
        "project": PROJECT,
        "environment": ENVIRONMENT,
        "region": REGION,
        "vpc": {"ip_range": "10.66.0.0/16", "description": wish["description"]},
        "ssh_keys": [{"name": "deploy", "public_key": KEY}],
        "firewalls": wish["firewalls"],
        "droplets": groups,
        "do_project": wish["do_project"],
        "volumes": {
            name: {"droplets": group, "size": volume_sizes[name]}
            for name, group in wish["volumes"].items()
            if group in peopled
        },
        "prune": "prune" in consents,
        "allow_resize": "allow_resize" in consents,
        "allow_replace": names if "allow_replace" in consents else [],
        "delete_data": "delete_data" in consents,
    }
    given["uptime_checks"] = {
        name: {"target": f"https://{name}.test", "emails": ["ops@shop.test"], "alerts": alert_of(threshold)}
        for name, threshold in wish["uptime_checks"].items()
    }
    if any(groups[name].get("monitoring") for name in peopled):
        given["alerts"] = {
            name: {"type": {"cpu": "cpu", "load": "load_5"}[name], "value": value, "emails": ["ops@shop.test"]}
            for name, value in wish["alerts"].items()
        }
    if wish["reserved_ip"] in peopled:
        given["reserved_ip"] = {"droplets": wish["reserved_ip"]}
    if wish["load_balancer"] and peopled:
        given["load_balancer"] = wish["load_balancer"]
    if wish["domain"]:
        target = "load_balancer" if "load_balancer" in given else "reserved_ip" if "reserved_ip" in given else ""
        target = target or next(iter(peopled), "")
        given["domain"] = {**wish["domain"], "target": target} if target else {**wish["domain"], "hosts": []}
    return given


def droplet_names(group: str, count: int) -> list[str]:
    return [f"{BASE}-{group}" + (f"-{number}" if number > 1 else "") for number in range(1, count + 1)]
