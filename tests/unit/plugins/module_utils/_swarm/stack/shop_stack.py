# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of an app, as tests of its specifications vary it."""

from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import Image, Stack
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle

SECOND = 10**9


BACKEND = {
    "build": {},
    "port": 4000,
    "environment": {"RELEASE": "${RELEASE}", "URL": "postgres://:${PASSWORD}@postgres"},
    "checks": [{"path": "/api/health"}],
}


POSTGRES = {"image": "postgres:17", "volumes": ["postgres:/var/lib/postgresql/data"]}


IMAGES = {
    "backend": Image("r:5000/shop/backend:r1@sha256:1", "r:5000/shop/backend:r1", (), ("node", "main.js")),
    "postgres": Image("postgres:17@sha256:2", "postgres:17", ("docker-entrypoint.sh",), ("postgres",), True),
    "edge": Image("nginx:1.28@sha256:3", "nginx:1.28", ("/docker-entrypoint.sh",), ("nginx",)),
}


def stack(**more) -> Stack:
    given = {
        "project": "shop",
        "release": "r1",
        "services": {"backend": BACKEND},
        "data_services": {"postgres": POSTGRES},
        "volumes": {"postgres": {}},
        "variables": {"RELEASE": "r1"},
        "secrets": {"PASSWORD": "it's"},
        "images": IMAGES,
    }
    return Stack(**{**given, **more})


def backend(**more) -> dict:
    return bundle(stack(services={"backend": {**BACKEND, **more}})).services["shop_backend"]
