# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of data services: where they keep data, asked before they are started."""

from __future__ import annotations

import json
from typing import Any

from .._app.app import App
from .._app.images import pull
from .._app.program import CommandError, run
from .._app.release import ReleaseError
from .._app.service_rules import image_volumes

PLACE = "app_compose_data_services"


def declared_volumes(image: str) -> dict[str, Any] | None:
    """The paths at which an image keeps data; None when the image is not on the host."""
    try:
        return json.loads(run(["docker", "image", "inspect", "--format", "{{json .Config.Volumes}}", image])) or {}
    except CommandError:
        return None


def uncovered(app: App) -> list[str]:
    """Tells which data services would keep data in a volume without a name, of images that are on the host."""
    images = {name: app.declared_image(service) for name, service in app.data_services.items()}
    return [
        problem
        for name, image in images.items()
        if image
        for problem in image_volumes(PLACE, name, app.data_services[name], declared_volumes(image))
    ]


def require_named(app: App, timeout: float) -> None:
    """Pulls the images that are missing, and raises ReleaseError before one starts that would lose its data."""
    images = {name: app.declared_image(service) for name, service in app.data_services.items()}
    for image in sorted({*images.values()}):
        if image and declared_volumes(image) is None:
            pull(image, [name for name in images if images[name] == image], timeout=timeout)
    if found := uncovered(app):
        raise ReleaseError("\n".join(found))
