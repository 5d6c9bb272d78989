# SPDX-License-Identifier: GPL-3.0-or-later
"""DigitalOcean's error body and status codes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

IDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: "precondition_failed",
    422: "unprocessable_entity",
    429: "too_many_requests",
    500: "server_error",
    503: "service_unavailable",
}
NOT_FOUND = "The resource you requested could not be found."


log = logging.getLogger(__name__)


class ApiError(Exception):
    """Ends a request: its status and message become the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def invalid(message: str) -> ApiError:
    return ApiError(422, message)


def not_found() -> ApiError:
    return ApiError(404, NOT_FOUND)


def reply(request: Request, status: int, message: str) -> JSONResponse:
    body = {"id": IDS.get(status, "server_error"), "message": message, "request_id": request.state.request_id}
    return JSONResponse(body, status_code=status)


def describe(errors: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """One sentence for what pydantic found, without the values: they may be secrets."""
    if any(error["type"] == "json_invalid" for error in errors):
        return 400, "The request body is not valid JSON."
    unknown = sorted({str(error["loc"][-1]) for error in errors if error["type"] == "extra_forbidden"})
    if unknown:
        return 422, f"found unpermitted parameters: {', '.join(unknown)}"
    return 422, "; ".join(dict.fromkeys(_sentence(error) for error in errors))


def _sentence(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path"))
    if error["type"] == "missing":
        return f"{place or 'a JSON body'} is required"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return f"{place}: {error['msg']}" if place else error["msg"]


def install(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    def api_error(request: Request, error: ApiError) -> JSONResponse:
        return reply(request, error.status, error.message)

    @app.exception_handler(RequestValidationError)
    def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        if any(found["loc"][0] == "path" for found in error.errors()):
            return reply(request, 404, NOT_FOUND)
        return reply(request, *describe(error.errors()))

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> JSONResponse:
        message = NOT_FOUND if error.status_code == 404 else str(error.detail)
        return reply(request, error.status_code, message)
