# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._init.dockerfile import (
    health_path,
    instructions,
    parse,
    sources,
)

MULTI = """
# syntax=docker/dockerfile:1
ARG NODE=22
FROM node:${NODE}-slim AS base
WORKDIR /app
ENV PORT=3000 A="b c"
EXPOSE $PORT

FROM base AS build
COPY package.json \\
     # a comment in between
     package-lock.json ./
EXPOSE 9999
HEALTHCHECK CMD ["curl", "http://localhost/other"]

FROM base
COPY --from=build --chown=node /app/.next ./.next
HEALTHCHECK --interval=5s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/api/health`)"]
CMD ["node", "server.js"]
"""


def test_the_last_stage_has_what_the_one_below_it_had():
    stage = parse(MULTI)
    assert (stage.base, stage.ports, stage.port, stage.folder) == ("node:22-slim", [3000], 3000, "/app")
    assert stage.env == {"PORT": "3000", "A": "b c"}
    assert stage.health_path == "/api/health"
    assert stage.command == "node server.js"
    assert stage.place_of(".next/static") == "/app/.next/static"


def test_a_target_is_another_stage():
    assert parse(MULTI, "build").port == 9999
    assert parse(MULTI, "build").health_path == "/other"


def test_lines_that_go_on_and_comments_in_them():
    assert ("COPY", "package.json       package-lock.json ./") in instructions(MULTI)
    assert sources(MULTI) == ["package.json", "package-lock.json"]


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("FROM a\nCMD uvicorn main:app --host 0.0.0.0 --port 8123", 8123),
        ('FROM a\nENTRYPOINT ["gunicorn"]\nCMD ["--bind", "0.0.0.0:8001", "app"]', 8001),
        ("FROM a\nCMD python manage.py runserver 0.0.0.0:8002", 8002),
        ("FROM a\nENV PORT 5001", 5001),
        ("FROM a\nEXPOSE 80/tcp 443", 80),
        ("FROM a\nEXPOSE ${PORT:-7000}", 7000),
        ("FROM a\nEXPOSE $UNKNOWN", 0),
        ("FROM a\nCMD mkdir -p 0755", 0),
        ("", 0),
        ('FROM a\nCMD ["broken', 0),
        ("COPY a b", 0),
    ],
)
def test_the_port_that_an_image_listens_on(text, port):
    assert parse(text).port == port


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("curl -f http://localhost:8080/healthz?full=1 || exit 1", "/healthz"),
        ("wget -q -O- http://127.0.0.1:$PORT/up", "/up"),
        ("curl http://localhost", "/"),
        ("curl -f http://localhost:3000/ || exit 1", "/"),
        ("pg_isready", ""),
        ("curl https://example.com/health", ""),
    ],
)
def test_the_path_of_a_health_check(text, path):
    assert health_path(text) == path
