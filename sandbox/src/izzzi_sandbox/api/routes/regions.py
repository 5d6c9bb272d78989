# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /v2/regions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ...account.catalogue import REGIONS, show_region
from ..pagination import Paged

router = APIRouter()


@router.get("/regions")
def list_regions(pager: Paged) -> dict[str, Any]:
    return pager.reply("regions", list(REGIONS.values()), show_region)
