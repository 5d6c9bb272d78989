# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /v2/account."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ...daemon.settings import Settings
from ..deps import Account

LIMITS = {"docker": 25, "memory": 220}  # what the public network has addresses for
router = APIRouter()


def droplet_limit(settings: Settings) -> int:
    return LIMITS[settings.backend]


@router.get("/account")
def show(cloud: Account) -> dict[str, Any]:
    identity = "5a0db0c5-1d0f-4d4c-9c3a-2f2d6f1f0b0d"
    return {
        "account": {
            "droplet_limit": droplet_limit(cloud.settings),
            "floating_ip_limit": 20,
            "volume_limit": 100,
            "email": "sandbox@izzzi.invalid",
            "name": "izzzi sandbox",
            "uuid": identity,
            "email_verified": True,
            "status": "active",
            "status_message": "",
            "team": {"uuid": identity, "name": "izzzi sandbox"},
        }
    }
