# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared droplets beside those of the account. What the API cannot change is a problem, not a guess. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...account import Row
from ...names import Names
from ...plan import Change
from .declared import Wanted

BACKUPS_SHARE = 0.2  # of the droplet's price, for weekly backups
REPLACING = ("image", "vpc")  # what only a new droplet can change


def missing(droplets: list[Wanted], rows: list[Row]) -> list[Wanted]:
    present = {row["name"] for row in rows}
    return [droplet for droplet in droplets if droplet.name not in present]


def duplicates(droplets: list[Wanted], rows: list[Row]) -> list[str]:
    """Report droplets that share a declared name, which DigitalOcean allows: none is chosen by guessing."""
    found = []
    for droplet in droplets:
        ids = [str(row["id"]) for row in rows if row["name"] == droplet.name]
        if len(ids) > 1:
            found.append(
                f"{len(ids)} droplets are named {droplet.name} (ids {', '.join(ids)}). Rename or delete all but one."
            )
    return found


def problems(droplets: list[Wanted], declared: dict[str, Any], vpc_id: str, names: Names, rows: list[Row]) -> list[str]:
    """Report droplets that exist and stand in the way of the plan."""
    counts = Counter(row["name"] for row in rows)
    by_name = {row["name"]: row for row in rows if counts[row["name"]] == 1}
    found = duplicates(droplets, rows)
    for droplet in droplets:
        if droplet.name in by_name:
            found += _row_problems(droplet, by_name[droplet.name], declared, vpc_id, names)
    return found


def _row_problems(droplet: Wanted, row: Row, declared: dict[str, Any], vpc_id: str, names: Names) -> list[str]:
    who = f"{droplet.name} (id {row['id']})"
    if not is_ours(row, vpc_id, names):
        return [
            f"A droplet {who} exists without the tag {names.owner_tag} and not in the VPC {names.vpc}, so it is not "
            "this environment's. Add the tag to adopt it, or rename or delete it."
        ]
    found = []
    if row["status"] not in ("new", "active", "off"):
        found.append(f"Droplet {who} is not in use: status {row['status']}. Delete it, or restore it by hand.")
    if row["region"]["slug"] != declared["region"]:
        found.append(
            f"region: {who} is in {row['region']['slug']}, declared is {declared['region']}. A droplet cannot be moved."
        )
    for change in changes(droplet, row, vpc_id, names):
        where = change.field if change.field == "vpc" else f"{droplet.where}.{change.field}"
        what = f"{where}: {droplet.name} has {change.before}, declared is {change.after}."
        if change.field in REPLACING and droplet.name not in [*declared["allow_replace"], *declared["replace"]]:
            found.append(
                f"{what} That takes a new droplet, and the old one's data go with it. Declare {change.before}, or "
                f"allow it: allow_replace (provision_allow_replace) with {droplet.name}."
            )
        elif change.field == "size" and not declared["allow_resize"] and not replaces(droplet, row, vpc_id, names):
            found.append(
                f"{what} That takes a power-off of some minutes. Declare {change.before}, or allow it: set "
                "allow_resize (provision_allow_resize) to true."
            )
        elif change.field == "ipv6" and not change.after:
            found.append(f"{what} IPv6 cannot be turned off. Declare {change.before}.")
    return found


def is_ours(row: Row, vpc_id: str, names: Names) -> bool:
    """Whether a droplet of one of our names is the environment's: by its tag, or by its VPC if it was made by hand or
    by Terraform."""
    return names.owner_tag in row["tags"] or (bool(vpc_id) and row.get("vpc_uuid") == vpc_id)


def belongs(row: Row, names: Names, vpcs: list[Row]) -> bool:
    """Whether any droplet of the account is the environment's."""
    vpc_id = next((vpc["id"] for vpc in vpcs if vpc["name"] == names.vpc), "")
    return names.owner_tag in row["tags"] or (names.owns(row["name"]) and is_ours(row, vpc_id, names))


def changes(droplet: Wanted, row: Row, vpc_id: str, names: Names) -> tuple[Change, ...]:
    """Return what differs. Tags of others stay. The monitoring agent and user_data are not compared: the API neither
    changes nor shows them."""
    features = row["features"]
    image = row.get("image") or {}
    image_now = str(image.get("id")) if droplet.image.isdigit() else image.get("slug")
    tags_now = sorted(tag for tag in row["tags"] if names.owns_tag(tag) or tag in droplet.tags)
    compared: Iterable[tuple[str, Any, Any]] = (
        ("image", image_now or droplet.image, droplet.image),  # an old image has lost its slug
        ("vpc", row.get("vpc_uuid") or vpc_id, vpc_id),
        ("status", "active" if row["status"] == "new" else row["status"], "active"),
        ("size", row["size_slug"], droplet.size),
        ("tags", tags_now, sorted(droplet.tags)),
        ("backups", "backups" in features, droplet.backups),
        ("ipv6", "ipv6" in features, droplet.ipv6),
    )
    return tuple(Change(field, before, after) for field, before, after in compared if before != after)


def replaces(droplet: Wanted, row: Row, vpc_id: str, names: Names) -> bool:
    return any(change.field in REPLACING for change in changes(droplet, row, vpc_id, names))


def warnings(droplets: list[Wanted], rows: list[Row]) -> list[str]:
    """Report differences that the API cannot change."""
    by_name = {row["name"]: row for row in rows}
    return [
        f"{droplet.where}.monitoring: {droplet.name} was made without DigitalOcean's monitoring agent, and the API "
        "cannot add it. Install the agent on the host, or declare false."
        for droplet in droplets
        if droplet.monitoring and droplet.name in by_name and "monitoring" not in by_name[droplet.name]["features"]
    ]


def addresses(row: Row) -> dict[str, str]:
    """Return the public and private IPv4 address, chosen by type: the API promises no order."""
    return {network["type"]: network["ip_address"] for network in row["networks"]["v4"]}


def address_v6(row: Row) -> str:
    return next((network["ip_address"] for network in row["networks"].get("v6") or []), "")


def is_ready(row: Row) -> bool:
    """Whether it is active, unlocked and has addresses: DigitalOcean sets the status a little earlier."""
    return row["status"] == "active" and not row.get("locked") and {"public", "private"} <= addresses(row).keys()


def monthly_cost(price: float, backups: bool) -> float:
    return round(price * (1 + BACKUPS_SHARE * backups), 2)


def current_cost(row: Row) -> float:
    return monthly_cost((row.get("size") or {}).get("price_monthly") or 0.0, "backups" in row["features"])


def show(row: Row, names: Names, made: set[str]) -> dict[str, Any]:
    known = addresses(row)
    groups = [tag.removeprefix(f"{names.owner_tag}:") for tag in row["tags"] if tag.startswith(f"{names.owner_tag}:")]
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "size": row["size_slug"],
        "public_ip": known.get("public", ""),
        "private_ip": known.get("private", ""),
        "ipv6": address_v6(row),
        "groups": sorted(groups),
        "tags": sorted(row["tags"]),
        "created": row["name"] in made,
        "created_at": row["created_at"],
    }
