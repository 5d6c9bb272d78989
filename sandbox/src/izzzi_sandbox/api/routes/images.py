"""GET /v2/images and /v2/images/ID-or-SLUG."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter

from ... import errors
from ...catalogue import IMAGES, find_image, show_image
from ...pagination import Paged

router = APIRouter()


@router.get("/images")
def list_images(
    pager: Paged,
    type: Literal["distribution", "application"] = "distribution",
    private: bool = False,
    tag_name: str | None = None,
) -> dict[str, Any]:
    """The sandbox has public distributions only: no private image, none with a tag, no application."""
    rows = [] if private or tag_name or type == "application" else list(IMAGES.values())
    return pager.reply("images", rows, show_image)


@router.get("/images/{image}")
def show(image: str) -> dict[str, Any]:
    record = find_image(image)
    if record is None:
        raise errors.not_found()
    return {"image": show_image(record)}
