"""The HTTP application: authentication, limits, unknown parameters, and the routes of every noun."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Awaitable, Callable

from fastapi import Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant

from .. import __version__, errors
from ..cloud import Cloud
from ..ratelimit import RateLimit
from .routes import (
    account,
    actions,
    domain_records,
    domains,
    droplets,
    firewalls,
    images,
    internal,
    keys,
    projects,
    regions,
    sizes,
    tags,
    vpcs,
)

OPEN_PATHS = frozenset({"/_sandbox/health"})
NOUNS = (
    account,
    keys,
    regions,
    sizes,
    images,
    tags,
    vpcs,
    actions,
    droplets,
    firewalls,
    domains,
    domain_records,
    projects,
)


def create_app(cloud: Cloud, token: str) -> FastAPI:
    app = FastAPI(title="izzzi-sandbox", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False  # a redirect would lose a POST
    app.state.cloud = cloud
    app.state.requests = 0  # of clients, for benchmarks
    errors.install(app)
    limit = RateLimit()

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.request_id = str(uuid.uuid4())
        if request.scope["path"].startswith("/v2/"):
            request.scope["path"] = request.scope["path"].rstrip("/")  # community.digitalocean posts to /v2/domains/
        headers = {"x-request-id": request.state.request_id}
        if request.url.path in OPEN_PATHS:
            return await call_next(request)
        if not authorized(request.headers.get("authorization", ""), token):
            response: Response = errors.reply(request, 401, "Unable to authenticate you")
        elif request.url.path.startswith("/_sandbox/"):
            response = await call_next(request)
        else:
            app.state.requests += 1
            verdict = limit.count(key_list=(request.method, request.url.path) == ("GET", "/v2/account/keys"))
            headers |= verdict.headers
            if cloud.settings.enforce_rate_limits and not verdict.allowed:
                response = errors.reply(request, 429, "API rate limit exceeded.")
            else:
                response = await answer(request, call_next)
        if request.method != "GET":
            cloud.enforcer.wake()
        response.headers.update(headers)
        return response

    for noun in NOUNS:
        app.include_router(noun.router, prefix="/v2", dependencies=[Depends(refuse_unknown_query)])
    app.include_router(internal.router, prefix="/_sandbox")
    return app


async def answer(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        return await call_next(request)
    except Exception:
        errors.log.exception("%s %s failed", request.method, request.url.path)
        return errors.reply(request, 500, "Server was unable to give you a response.")


def authorized(header: str, token: str) -> bool:
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def refuse_unknown_query(request: Request) -> None:
    """A parameter that is ignored in silence is a client's bug that nobody sees."""
    unknown = sorted(set(request.query_params) - _query_names(request.scope["route"].dependant))
    if unknown:
        raise errors.invalid(f"found unpermitted parameters: {', '.join(unknown)}")


def _query_names(dependant: Dependant) -> set[str]:
    """What the route and everything it depends on declare."""
    own = {parameter.alias for parameter in dependant.query_params}
    return own.union(*(_query_names(dependency) for dependency in dependant.dependencies))
