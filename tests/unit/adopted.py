# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as listings of rows, for what reads them into a declaration without asking anybody."""

from __future__ import annotations

from typing import Any

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.ours import Ours
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.reading import LISTINGS
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names

from .sandbox_api import row

NAMES = Names("shop", "staging")
VPC = {"id": "v1", "name": NAMES.vpc, "region": "fra1", "ip_range": "10.66.0.0/16"}


def droplet(id: int, name: str, *tags: str, **fields: Any) -> dict[str, Any]:
    """A droplet of the environment's network. Its address ends with its id."""
    networks = {"v4": [{"type": "public", "ip_address": f"203.0.113.{id}"}]}
    return row(id=id, name=f"shop-staging-{name}", tags=list(tags), networks=networks, **fields)


def ours(*droplets: dict[str, Any], others: tuple[dict[str, Any], ...] = (), **listings: Any) -> Ours:
    """What is the environment's, in an account that has the other droplets and listings, too."""
    empty: dict[str, Any] = {name: [] for name in LISTINGS}
    account = {**empty, "vpcs": [VPC], "droplets": [*droplets, *others], **listings}
    return Ours(NAMES, account, VPC, sorted(droplets, key=lambda one: one["name"]))
