# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on droplets: volumes, a reserved IP, a load balancer. Pure."""

from __future__ import annotations

from typing import Any

from ..account import Row
from ..declaration import NAME
from ..kinds import load_balancer as balancer
from ..kinds.reserved_ip import droplet_of
from .adoption import Adoption
from .ours import Ours

NO_PRUNE = "Do not prune with provision_delete_data while it is there: that would delete it"
Volumes = dict[str, dict[str, dict[str, Any]]]  # by droplet and short name
UNSAID = {  # of a load balancer, with what counts as nothing
    "sticky_sessions": ({}, {"type": "none"}),
    "firewall": ({}, {"allow": [], "deny": []}, {"allow": None, "deny": None}),
    "enable_backend_keepalive": (False,),
    "disable_lets_encrypt_dns_records": (False,),
    "domains": ([],),
}


def volumes_of(ours: Ours, adoption: Adoption) -> Volumes:
    """Return the volumes that a declaration can say, by the droplet that has them. A volume cannot be renamed."""
    found: Volumes = {}
    holders = ours.droplet_names
    for row in ours.account["volumes"]:
        on = [holders[id] for id in row.get("droplet_ids") or [] if id in holders]
        is_tagged = ours.names.owner_tag in (row.get("tags") or [])
        if not on and not is_tagged:
            if ours.names.owns(row["name"]):
                adoption.todo.append(
                    f"the volume {row['name']} is on no droplet of {ours.names.base} and has not its tag, so that it "
                    f"is not declared and nothing touches it. The tag {ours.names.owner_tag} makes it the environment's"
                )
            continue
        fitting = [name for name in on or holders.values() if row["name"].startswith(f"{name}-")]
        droplet = max(fitting, key=len, default="")
        short = row["name"].removeprefix(f"{droplet}-")
        if not droplet or not NAME.fullmatch(short):
            adoption.todo.append(_unnamed(row, on, ours))
            continue
        form = row.get("filesystem_type") or ""
        settings = {"size": row["size_gigabytes"], **({"filesystem": form} if form in ("", "xfs") else {})}
        found.setdefault(droplet, {})[short] = settings
    return found


def _unnamed(row: Row, on: list[str], ours: Ours) -> str:
    place = f"on {', '.join(on)}" if on else "on no droplet"
    is_ours = ours.names.owns(row["name"]) or ours.names.owner_tag in (row.get("tags") or [])
    return (
        f"the volume {row['name']} ({row['size_gigabytes']} GiB, {place}) is not named DROPLET-NAME after its droplet, "
        f"and DigitalOcean cannot rename volumes: it is not declared and stays{f'. {NO_PRUNE}' if is_ours else ''}"
    )


def declare_volumes(volumes: Volumes, members: dict[str, list[str]], adoption: Adoption) -> None:
    """Declare the volumes of each group, whose droplets have equal ones."""
    declared: dict[str, Any] = {}
    for group, droplets in members.items():
        for short, settings in volumes.get(droplets[0], {}).items():
            names = ", ".join(f"{droplet}-{short}" for droplet in droplets)
            if short in declared:
                adoption.todo.append(
                    f"the volume {names} is not declared and stays, since a volume {short} is declared for the "
                    f"droplets of {declared[short]['droplets']}. {NO_PRUNE}"
                )
                continue
            declared[short] = {"droplets": group, **settings}
            adoption.found.append(f"volume {names} ({settings['size']} GiB)")
    adoption.declared["volumes"] = declared


def reserved_ips(ours: Ours) -> dict[str, str]:
    """Return the reserved IPs on our droplets, each with the droplet's name."""
    found = {
        row["ip"]: ours.droplet_names.get(droplet_of(row).get("id", 0), "") for row in ours.account["reserved_ips"]
    }
    return {ip: name for ip, name in sorted(found.items()) if name}


def marks(ours: Ours, volumes: Volumes) -> dict[str, Any]:
    """Return, by droplet, what droplets of one group have in common beside their settings: equal volumes, and none but
    the first of a group has the reserved IP."""
    holders = set(reserved_ips(ours).values())
    return {
        name: {"volumes": volumes.get(name, {}), "is_first": name in holders and name[-1].isdigit()}
        for name in ours.droplet_names.values()
    }


def declare_reserved_ip(ours: Ours, members: dict[str, list[str]], adoption: Adoption) -> dict[str, str]:
    """Declare the one reserved IP that a declaration has. Return its address, for records."""
    there = reserved_ips(ours)
    groups = {droplets[0]: group for group, droplets in members.items()}
    chosen = next((ip for ip, droplet in there.items() if droplet in groups), "")
    adoption.todo += [
        f"the reserved IP {ip} on {droplet} is not declared and stays: a declaration has one, on the first of a group"
        for ip, droplet in there.items()
        if ip != chosen
    ]
    free = [row["ip"] for row in ours.account["reserved_ips"] if not droplet_of(row)]
    adoption.todo += [
        f"the reserved IP {ip} is on no droplet, and nobody can tell whose it is: not declared" for ip in free
    ]
    if not chosen:
        return {}
    adoption.declared["reserved_ip"] = {"droplets": groups[there[chosen]]}
    adoption.found.append(f"reserved IP {chosen} on {there[chosen]}")
    adoption.assumed.append(
        f"the reserved IP {chosen} is the environment's, so that destroy.yml gives it back: `ip: {chosen}` in "
        "provision_reserved_ip, once its droplet has our tag, keeps it"
    )
    return {chosen: "reserved_ip"}


def balanced(row: Row, ours: Ours) -> set[int]:
    """Return the ids of the droplets that a load balancer is in front of."""
    return ours.covered([row["tag"]] if row.get("tag") else [], row.get("droplet_ids") or [])


def declare_load_balancer(ours: Ours, adoption: Adoption) -> dict[str, str]:
    """Declare the load balancer of our name. Return its address, for records."""
    chosen = balancer.ours(ours.names, ours.account)
    for row in ours.account["load_balancers"]:
        if row is not chosen and balanced(row, ours) & set(ours.droplet_names):
            adoption.todo.append(
                f"the load balancer {row['name']} is in front of droplets of {ours.names.base} and is not named "
                f"{ours.names.load_balancer}: it is not declared and stays. To have it declared, rename it (control "
                "panel: Networking, Load Balancers) and write the inventory anew"
            )
    if not chosen:
        return {}
    name = chosen["name"]
    adoption.declared["load_balancer"] = _balancer(chosen, ours)
    adoption.found.append(f"load balancer {name}")
    ids = balanced(chosen, ours)
    if not ours.names.owns_tag(chosen.get("tag") or "") and (set(ours.droplet_names) - ids or ours.others(ids)):
        adoption.todo.append(
            f"the load balancer {name} is in front of other droplets now than provision.yml puts behind it, which are "
            "all of the environment: give `group` in provision_load_balancer where that is not meant"
        )
    if unsaid := [key for key, nothing in UNSAID.items() if chosen.get(key) is not None and chosen[key] not in nothing]:
        adoption.todo.append(
            f"the load balancer {name} has {', '.join(unsaid)}, which a declaration cannot say: provision.yml sets "
            "them back to DigitalOcean's defaults when it attaches the load balancer by our tag"
        )
    return {address: "load_balancer" for key in ("ip", "ipv6") if (address := chosen.get(key))}


def _balancer(row: Row, ours: Ours) -> dict[str, Any]:
    rules = row.get("forwarding_rules") or []
    keys = ("entry_protocol", "entry_port", "target_protocol", "target_port")
    found: dict[str, Any] = {}
    tag = row.get("tag") or ""
    if tag.startswith(f"{ours.names.owner_tag}:"):
        found["group"] = tag.removeprefix(f"{ours.names.owner_tag}:")
    if (row.get("size_unit") or 1) != 1:
        found["size_unit"] = row["size_unit"]
    if balancer.described(rules) != balancer.described(balancer.RULES):
        found["forwarding_rules"] = [
            {key: rule[key] for key in keys}
            | ({"certificate_id": rule["certificate_id"]} if rule.get("certificate_id") else {})
            | ({"tls_passthrough": True} if rule.get("tls_passthrough") else {})
            for rule in rules
        ]
    check = balancer.fields(row)["health_check"]
    usual = {name: option["default"] for name, option in balancer.CHECK.items()}
    if differing := {name: value for name, value in check.items() if value not in (None, usual[name])}:
        found["health_check"] = differing
    return found | {key: True for key in ("redirect_http_to_https", "enable_proxy_protocol") if row.get(key)}
