"""GET /v2/account."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

DROPLET_LIMIT = 25
router = APIRouter()


@router.get("/account")
def show() -> dict[str, Any]:
    identity = "5a0db0c5-1d0f-4d4c-9c3a-2f2d6f1f0b0d"
    return {
        "account": {
            "droplet_limit": DROPLET_LIMIT,
            "floating_ip_limit": 0,
            "volume_limit": 0,
            "email": "sandbox@izzzi.invalid",
            "name": "izzzi sandbox",
            "uuid": identity,
            "email_verified": True,
            "status": "active",
            "status_message": "",
            "team": {"uuid": identity, "name": "izzzi sandbox"},
        }
    }
