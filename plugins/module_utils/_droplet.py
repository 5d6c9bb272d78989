# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets: created and tagged here, never rebuilt. What the API cannot change in place is a problem, not a guess."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ._account import Account, Catalogue, Row
from ._client import Client
from ._names import Names
from ._plan import CREATE, DELETE, NOOP, UPDATE, Change, Ids, Step, created

MOST_AT_ONCE = 10  # names in one POST


@dataclass(frozen=True)
class Wanted:
    """One declared droplet."""

    name: str
    group: str
    size: str
    image: str
    tags: tuple[str, ...]
    monitoring: bool
    backups: bool


def wanted(groups: dict[str, Any], names: Names) -> list[Wanted]:
    return [
        Wanted(
            name=names.droplet(group, number),
            group=group,
            size=droplet["size"],
            image=droplet["image"],
            tags=tuple(dict.fromkeys([names.owner_tag, *map(names.group_tag, droplet["groups"])])),
            monitoring=droplet["monitoring"],
            backups=droplet["backups"],
        )
        for group, droplet in groups.items()
        for number in range(1, droplet["count"] + 1)
    ]


def missing(droplets: list[Wanted], account: Account) -> list[Wanted]:
    present = {row["name"] for row in account.droplets}
    return [droplet for droplet in droplets if droplet.name not in present]


def problems(droplets: list[Wanted], region: str, vpc_id: str, names: Names, account: Account) -> list[str]:
    """What stands against a plan in the droplets that exist."""
    found = duplicates(droplets, account.droplets)
    counts = Counter(row["name"] for row in account.droplets)
    rows = {row["name"]: row for row in account.droplets if counts[row["name"]] == 1}
    for droplet in droplets:
        if droplet.name in rows:
            found += _row_problems(droplet, rows[droplet.name], region, vpc_id, names)
    return found


def duplicates(droplets: list[Wanted], rows: list[Row]) -> list[str]:
    """DigitalOcean lets droplets have the same name. Which of them is meant is not ours to guess."""
    found = []
    for droplet in droplets:
        ids = [str(row["id"]) for row in rows if row["name"] == droplet.name]
        if len(ids) > 1:
            found.append(
                f"{len(ids)} droplets are named {droplet.name} (ids {', '.join(ids)}). Rename or delete all but one."
            )
    return found


def _row_problems(droplet: Wanted, row: Row, region: str, vpc_id: str, names: Names) -> list[str]:
    where = f"droplets.{droplet.group}"
    if names.owner_tag not in row["tags"]:
        return [
            f"A droplet {droplet.name} (id {row['id']}) exists without the tag {names.owner_tag}, so it is not this "
            "environment's. Add the tag to adopt it, or rename or delete it."
        ]
    found = []
    if row["status"] not in ("new", "active"):
        found.append(
            f"Droplet {droplet.name} (id {row['id']}) is {'powered off' if row['status'] == 'off' else 'not in use'}: "
            f"status {row['status']}, address {addresses(row).get('public', 'none')}. Power it on, then run again: "
            f"doctl compute droplet-action power-on {row['id']} (or in the control panel)."
        )
    for option, before, after in (
        (f"{where}.size", row["size_slug"], droplet.size),
        (f"{where}.image", (row.get("image") or {}).get("slug"), droplet.image),
        ("region", (row.get("region") or {}).get("slug"), region),
    ):
        if before and before != after and not after.isdigit():
            found.append(
                f"{option}: {droplet.name} has {before}, declared is {after}. That takes a power-off or a new droplet, "
                f"which this module does not do by itself. Declare {before}, or change the droplet by hand."
            )
    if row.get("vpc_uuid") != vpc_id:
        found.append(
            f"vpc: {droplet.name} (id {row['id']}) is not in the VPC {names.vpc} but in {row.get('vpc_uuid')}. "
            "A droplet cannot be moved: rename it or take the tag off it, and a new one is made."
        )
    return found


def catalogue_problems(new: list[Wanted], region: str, catalogue: Catalogue) -> list[str]:
    """Whether what must be made can be had. Regions and sizes come and go, so the API is asked, not a list of ours."""
    regions = {row["slug"]: row for row in catalogue.regions if row["available"]}
    if region not in regions:
        return [f"region: {region!r} is not a region of DigitalOcean. {_near(region, regions)}"]
    sizes = {row["slug"]: row["regions"] if row["available"] else [] for row in catalogue.sizes}
    images = {row["slug"]: row["regions"] for row in catalogue.images if row["slug"]}
    found = []
    for droplet in {droplet.group: droplet for droplet in new}.values():
        found += _offer_problems(f"droplets.{droplet.group}.size", "size", droplet.size, region, sizes)
        if not droplet.image.isdigit():  # the id of an own image
            found += _offer_problems(f"droplets.{droplet.group}.image", "image", droplet.image, region, images)
    return found


def _offer_problems(where: str, noun: str, slug: str, region: str, offered: dict[str, list[str]]) -> list[str]:
    """`offered`: the regions of each slug."""
    if region in offered.get(slug, []):
        return []
    here = [other for other, regions in offered.items() if region in regions]
    if slug in offered:
        regions = ", ".join(sorted(offered[slug])) or "no region"
        return [f"{where}: the {noun} {slug} is not to be had in {region}, but in {regions}. {_near(slug, here)}"]
    return [f"{where}: {slug!r} is not a {noun} of DigitalOcean. {_near(slug, here)}"]


def _near(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=5, cutoff=0.5)
    return f"Near to it: {', '.join(near)}." if near else f"There are: {', '.join(sorted(known)[:12])}, ..."


def steps(
    droplets: list[Wanted],
    common: dict[str, Any],
    names: Names,
    account: Account,
    client: Client,
    ids: Ids,
) -> list[Step]:
    """`common` is the part of the request that all droplets share; the VPC's id joins it once it is known."""
    present = {row["name"]: row for row in account.droplets}
    found = _creations(missing(droplets, account), common, client, ids)
    for droplet in droplets:
        if droplet.name in present:
            found.append(_update(droplet, present[droplet.name], names, client))
    return found


def _creations(new: list[Wanted], common: dict[str, Any], client: Client, ids: Ids) -> list[Step]:
    """One request makes all droplets of a group; the first one's step sends it."""
    batches: dict[tuple[str, int], list[Wanted]] = {}
    for index, droplet in enumerate(new):
        same = sum(1 for other in new[:index] if other.group == droplet.group)
        batches.setdefault((droplet.group, same // MOST_AT_ONCE), []).append(droplet)
    found = []
    for batch in batches.values():
        for position, droplet in enumerate(batch):
            request = None if position else (lambda batch=batch: _create(batch, common, client, ids))
            found.append(Step(CREATE, "droplet", droplet.name, created(_shown(droplet, common)), request))
    return found


def _create(batch: list[Wanted], common: dict[str, Any], client: Client, ids: Ids) -> None:
    first, names = batch[0], [droplet.name for droplet in batch]
    body = {
        **common,
        "names": names,
        "size": first.size,
        "image": int(first.image) if first.image.isdigit() else first.image,
        "tags": list(first.tags),
        "monitoring": first.monitoring,
        "backups": first.backups,
        "vpc_uuid": ids.vpc,
    }

    def look_up() -> dict[str, Any] | None:
        rows = [row for row in client.list("/droplets", "droplets", tag_name=first.tags[0]) if row["name"] in names]
        return {"droplets": rows} if len(rows) >= len(names) else None

    reply = client.create("/droplets", body, look_up)
    for row, action in zip(reply["droplets"], reply.get("links", {}).get("actions", []), strict=False):
        ids.actions[row["name"]] = action["id"]


def _shown(droplet: Wanted, common: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(common["user_data"].encode()).hexdigest()
    return {
        "region": common["region"],
        "size": droplet.size,
        "image": droplet.image,
        "tags": list(droplet.tags),
        "monitoring": droplet.monitoring,
        "backups": droplet.backups,
        "user_data": f"sha256:{digest[:16]}" if common["user_data"] else "",  # it may hold secrets
    }


def _update(droplet: Wanted, row: Row, names: Names, client: Client) -> Step:
    """Tags of others stay; backups are switched by an action."""
    own = sorted(tag for tag in row["tags"] if names.owns_tag(tag))
    has_backups = "backups" in row["features"]
    changes = []
    if own != sorted(droplet.tags):
        changes.append(Change("tags", own, sorted(droplet.tags)))
    if has_backups != droplet.backups:
        changes.append(Change("backups", has_backups, droplet.backups))
    if not changes:
        return Step(NOOP, "droplet", droplet.name)

    def apply() -> None:
        resources = {"resources": [{"resource_id": str(row["id"]), "resource_type": "droplet"}]}
        for tag in sorted(set(droplet.tags) - set(own)):
            client.post(f"/tags/{tag}/resources", resources)
        for tag in sorted(set(own) - set(droplet.tags)):
            client.delete(f"/tags/{tag}/resources", resources)
        if has_backups != droplet.backups:
            action = "enable_backups" if droplet.backups else "disable_backups"
            client.post(f"/droplets/{row['id']}/actions", {"type": action})

    return Step(UPDATE, "droplet", droplet.name, tuple(changes), apply)


def surplus(droplets: list[Wanted], names: Names, account: Account, delete: Callable[[int], None]) -> list[Step]:
    keep = {droplet.name for droplet in droplets}
    return [
        Step(DELETE, "droplet", row["name"], apply=lambda id=row["id"]: delete(id))
        for row in account.droplets
        if names.owner_tag in row["tags"] and row["name"] not in keep
    ]


def addresses(row: Row) -> dict[str, str]:
    """Public and private IPv4, chosen by type: the API promises no order."""
    return {network["type"]: network["ip_address"] for network in row["networks"]["v4"]}


def is_ready(row: Row) -> bool:
    return row["status"] == "active" and {"public", "private"} <= addresses(row).keys()


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
        "groups": sorted(groups),
        "tags": sorted(row["tags"]),
        "created": row["name"] in made,
        "created_at": row["created_at"],
    }
