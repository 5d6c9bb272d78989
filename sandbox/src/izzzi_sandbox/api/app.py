# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP application: authentication, limits, faults, unknown parameters, and the routes of every noun."""

from __future__ import annotations

import asyncio
import hmac
import socket
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant

from .. import __version__
from ..account.cloud import Cloud
from ..account.faults import Fault
from . import errors
from .ratelimit import RateLimit
from .requestlog import RequestLog
from .routes import (
    account,
    actions,
    alerts,
    certificates,
    domain_records,
    domains,
    droplets,
    faults,
    firewalls,
    images,
    internal,
    keys,
    load_balancers,
    projects,
    regions,
    reserved_ips,
    sizes,
    snapshots,
    spaces_keys,
    tags,
    uptime,
    volume_actions,
    volumes,
    vpcs,
)

OPEN_PATHS = frozenset({"/_sandbox/health"})
NOUNS = (  # a fixed path before one with a parameter in its place
    account,
    keys,
    regions,
    sizes,
    images,
    tags,
    vpcs,
    actions,
    droplets,
    snapshots,
    volume_actions,
    volumes,
    reserved_ips,
    firewalls,
    load_balancers,
    certificates,
    domains,
    domain_records,
    spaces_keys,
    alerts,
    uptime,
    projects,
)
Next = Callable[[Request], Awaitable[Response]]


def create_app(cloud: Cloud, token: str, log: RequestLog) -> FastAPI:
    """Return the application. Its account is `app.state.cloud`, which tests exchange: routes take long to build."""
    app = FastAPI(title="izzzi-sandbox", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False  # a redirect would lose a POST
    app.state.cloud = cloud
    app.state.log = log
    errors.install(app)
    limit = RateLimit(cloud.settings.enforce_rate_limits)

    @app.middleware("http")
    async def guard(request: Request, call_next: Next) -> Response:
        cloud = app.state.cloud
        request.state.request_id = str(uuid.uuid4())
        if request.scope["path"].startswith("/v2/"):
            request.scope["path"] = request.scope["path"].rstrip("/")  # community.digitalocean posts to /v2/domains/
        headers = {"x-request-id": request.state.request_id}
        if request.url.path in OPEN_PATHS:
            return await call_next(request)
        allowed = authorized(request.headers.get("authorization", ""), token)
        if request.url.path.startswith("/_sandbox/"):
            response = await call_next(request) if allowed else _unauthorized(request)
        elif not allowed:
            response = _unauthorized(request)
        else:
            verdict = limit.count(key_list=(request.method, request.url.path) == ("GET", "/v2/account/keys"))
            headers |= verdict.headers
            response = await _logged(request, call_next, cloud, log, refused=not verdict.allowed)
        if request.method != "GET":
            cloud.wake()
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    for noun in NOUNS:
        app.include_router(noun.router, prefix="/v2", dependencies=[Depends(refuse_unknown_query)])
    for route in (internal, faults):
        app.include_router(route.router, prefix="/_sandbox")
    return app


async def _logged(request: Request, call_next: Next, cloud: Cloud, log: RequestLog, refused: bool) -> Response:
    body = await request.body()
    hits = cloud.faults.on_request(request.method, request.url.path)
    if refused:
        response: Response = errors.reply(request, 429, "API rate limit exceeded.")
    else:
        response = await _faulty(request, call_next, hits)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    fault = hits[-1].kind if hits else ""
    log.add(request.method, path, 0 if fault == "reset" else response.status_code, body=body, fault=fault)
    if fault == "reset":
        await _reset(request)
    return response


async def _faulty(request: Request, call_next: Next, hits: list[Fault]) -> Response:
    for fault in hits:
        if fault.kind == "latency":
            await asyncio.sleep(fault.seconds or 0)
    fault = next((fault for fault in hits if fault.kind != "latency"), None)
    if fault is None:
        return await answer(request, call_next)
    if fault.when == "after":
        await answer(request, call_next)
    message = fault.message or f"{fault.status} by a fault of the sandbox"
    response = errors.reply(request, fault.status, message)
    if fault.status == 429:
        response.headers["retry-after"] = "1"
    response.headers.update(fault.headers)
    return response


async def _reset(request: Request) -> None:
    """The reply that follows goes nowhere."""
    transport = request.scope["sandbox.transport"]
    bound = transport.get_extra_info("socket")
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close means RST
    transport.abort()
    await asyncio.sleep(0.01)  # until the server has noticed


class Transport:
    """Lets the ASGI application reach the connection of a request, so that it can reset it: uvicorn's `send` is a
    method of the object that holds the connection."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["sandbox.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


async def answer(request: Request, call_next: Next) -> Response:
    try:
        return await call_next(request)
    except Exception:
        errors.log.exception("%s %s failed", request.method, request.url.path)
        return errors.reply(request, 500, "Server was unable to give you a response.")


def _unauthorized(request: Request) -> Response:
    return errors.reply(request, 401, "Unable to authenticate you")


def authorized(header: str, token: str) -> bool:
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


async def refuse_unknown_query(request: Request) -> None:
    """A parameter that is ignored in silence is a client's bug that nobody sees."""
    unknown = sorted(set(request.query_params) - _query_names(request.scope["route"].dependant))
    if unknown:
        raise errors.invalid(f"found unpermitted parameters: {', '.join(unknown)}")


def _query_names(dependant: Dependant) -> set[str]:
    """What the route and everything it depends on declare."""
    own = {parameter.alias for parameter in dependant.query_params}
    return own.union(*(_query_names(dependency) for dependency in dependant.dependencies))
