# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /v2/sizes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ...account.catalogue import SIZES, show_size
from ..pagination import Paged

router = APIRouter()


@router.get("/sizes")
def list_sizes(pager: Paged) -> dict[str, Any]:
    return pager.reply("sizes", list(SIZES.values()), show_size)
