# SPDX-License-Identifier: GPL-3.0-or-later
"""The app that tests of `_app` and of a runner declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def declared(kind: type) -> Any:
    """Return it as an App, or as what a runner makes of one."""
    return kind(
        project="shop",
        directory=Path("/opt/shop"),
        services={
            "api": {"build": {"dockerfile": "Dockerfile"}, "port": 4000, "replicas": 2, "volumes": ["uploads:/data"]},
            "web": {"image": "web:1", "port": 3000, "environment": {"TOKEN": "${TOKEN}", "RELEASE": "$RELEASE"}},
            "worker": {"image": "web:1", "command": ["echo", "$$HOME"]},
        },
        data_services={
            "postgres": {"image": "postgres:17", "volumes": ["postgres:/var"], "environment": {"P": "${DB}"}}
        },
        volumes={"postgres": None, "uploads": None},
        secrets={"TOKEN": "t", "DB": "d", "UNUSED": "u"},
    )
