# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what must be made can be had. Regions and sizes come and go, so the API is asked, not a list of ours."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from .account import Row
from .client import ApiError, Client


def sizes(client: Client) -> list[Row]:
    return client.list("/sizes", "sizes")


def image(client: Client, slug: str) -> Row | None:
    reply = client.find(f"/images/{slug}")
    return reply["image"] if reply else None


def limits(client: Client) -> Row:
    """Return how many of a kind the account may have; empty when the token may not ask."""
    try:
        return client.get("/account")["account"]
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return {}


def limit_problems(limits: Row, key: str, what: str, there: int, more: int) -> list[str]:
    """Whether the account may have `more` of a kind. New accounts have low limits."""
    limit = limits.get(key) or 0
    if not more or not limit or there + more <= limit:
        return []
    return [
        f"account: it has {there} {what}, this plan makes {more} more, and its limit is {limit}. Declare fewer, delete "
        "some first, or ask DigitalOcean for more: https://cloud.digitalocean.com/account/team/droplet_limit_increase"
    ]


def region_problems(region: str, sizes: list[Row]) -> list[str]:
    """Check that the region sells any size."""
    regions = {slug for row in sizes if row["available"] for slug in row["regions"]}
    if region in regions:
        return []
    return [f"region: {region!r} is not a region of DigitalOcean. {_near(region, regions)}"]


def size_problems(where: str, slug: str, region: str, sizes: list[Row]) -> list[str]:
    return _offer_problems(
        where, "size", slug, region, {row["slug"]: row["regions"] if row["available"] else [] for row in sizes}
    )


def image_problems(where: str, slug: str, region: str, row: Row | None, client: Client) -> list[str]:
    """Check an image. List all images only when this one is not available, to name similar ones."""
    if row and region in row["regions"]:
        return []
    rows = client.list("/images", "images")
    return _offer_problems(where, "image", slug, region, {row["slug"]: row["regions"] for row in rows if row["slug"]})


def disk_problems(where: str, slug: str, row: Row, sizes: list[Row]) -> list[str]:
    """Check that the new size has as much disk as the droplet: a disk cannot shrink."""
    disk = next((size.get("disk", 0) for size in sizes if size["slug"] == slug), 0)
    if disk >= row.get("disk", 0):
        return []
    return [
        f"{where}: {slug} has a disk of {disk} GB, {row['name']} (id {row['id']}) has one of {row['disk']} GB, which "
        "cannot shrink. Declare a size with as much."
    ]


def _offer_problems(where: str, what: str, slug: str, region: str, offered: dict[str, list[str]]) -> list[str]:
    """Check a slug against `offered`, the regions of each slug. `region_problems` reports a region that sells
    nothing."""
    if region in offered.get(slug, []) or not any(region in regions for regions in offered.values()):
        return []
    here = [other for other, regions in offered.items() if region in regions]
    if slug in offered:
        regions = ", ".join(sorted(offered[slug])) or "no region"
        return [f"{where}: the {what} {slug} is not to be had in {region}, but in {regions}. {_near(slug, here)}"]
    return [f"{where}: {slug!r} is not a valid {what} of DigitalOcean. {_near(slug, here)}"]


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=5, cutoff=0.5)
    return f"Near to it: {', '.join(near)}." if near else f"There are: {', '.join(sorted(known)[:12])}, ..."


def prices(sizes: list[Row]) -> dict[str, Any]:
    """Return US dollars a month by size."""
    return {row["slug"]: row.get("price_monthly") or 0.0 for row in sizes}
