# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client of the Docker Engine API over the engine's Unix socket: JSON in and out, typed errors, logs."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode

SOCKET = "/var/run/docker.sock"
MAXIMUM_LOG = 4 * 1024 * 1024
_FRAME = struct.Struct(">BxxxL")


class EngineError(Exception):
    """The engine refused. `status` is the HTTP status, 0 without an answer."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class NotFound(EngineError):
    """There is no such object."""


NO_MAJORITY = (
    "This manager's Swarm has no majority: half of its managers or more are away. Tasks run on, and nothing can be "
    "changed. Start the other managers again. When they are lost for good: docs/swarm.md, 'When the majority is lost'."
)


class Conflict(EngineError):
    """The name is taken, or the object changed since it was read."""


class NotInSwarm(EngineError):
    """The node is no manager of a Swarm, or its Swarm has no leader."""


class Unavailable(EngineError):
    """The engine does not answer."""


class _Connection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float):
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """Requests on one engine. Paths are those of the API's reference, without a version: the engine's newest."""

    def __init__(self, path: str = SOCKET, timeout: float = 60):
        self.path = path
        self.timeout = timeout

    def get(self, path: str, *, filters: Mapping[str, list[str]] | None = None, **query: Any) -> Any:
        return self._json("GET", path, None, _with_filters(query, filters), {})

    def post(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any) -> Any:
        return self._json("POST", path, body, query, headers or {})

    def delete(self, path: str, **query: Any) -> Any:
        return self._json("DELETE", path, None, query, {})

    def logs(self, path: str, **query: Any) -> str:
        """What a container, service or task wrote; standard output and errors in their order."""
        query = {"stdout": True, "stderr": True} | query
        return demultiplex(self._request("GET", path, None, query, {})).decode("utf-8", "replace")

    def _json(self, method: str, path: str, body: Any, query: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        answer = self._request(method, path, body, query, headers)
        try:
            return json.loads(answer) if answer.strip() else None
        except ValueError as error:
            raise EngineError(0, f"Docker's answer to {method} {path} is not JSON.") from error

    def _request(self, method, path: str, body: Any, query: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
        target = path + (f"?{urlencode({key: _text(value) for key, value in query.items()})}" if query else "")
        payload = None if body is None else json.dumps(body)
        sent = {
            "Connection": "close",
            **({"Content-Type": "application/json"} if payload is not None else {}),
            **headers,
        }
        connection = _Connection(self.path, self.timeout)
        try:
            connection.request(method, target, body=payload, headers=sent)
            response = connection.getresponse()
            answer = response.read(MAXIMUM_LOG) if path.endswith("/logs") else response.read()
        except (OSError, HTTPException) as error:
            raise Unavailable(0, _why(self.path, error)) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise _error(method, path, response.status, answer)
        return answer


class NoEngine(Engine):
    """Stands in for the engine of a host that is yet to get one: nothing is there."""

    def get(self, path: str, *, filters: Mapping[str, list[str]] | None = None, **query: Any) -> Any:
        if path.count("/") > 1:
            raise NotFound(404, f"There is no {path}.")
        return []


def is_member(engine: Engine) -> bool:
    """Whether this engine belongs to a Swarm, also to one that does not answer."""
    try:
        return (dict(engine.get("/info")).get("Swarm") or {}).get("LocalNodeState", "inactive") != "inactive"
    except Unavailable:
        return False


def name_in_path(name: str) -> str:
    """A name that may hold slashes, such as an image's, as one part of a path."""
    return quote(name, safe="")


def demultiplex(data: bytes) -> bytes:
    """Frames of 8 bytes and a payload, as one text. A container with a terminal writes no frames."""
    parts, offset = [], 0
    while offset + _FRAME.size <= len(data):
        stream, length = _FRAME.unpack_from(data, offset)
        if stream > 3 or data[offset + 1 : offset + 4] != b"\0\0\0":
            return data
        parts.append(data[offset + _FRAME.size : offset + _FRAME.size + length])
        offset += _FRAME.size + length
    return b"".join(parts) if parts else data


def _with_filters(query: Mapping[str, Any], filters: Mapping[str, list[str]] | None) -> dict[str, Any]:
    return {**query, "filters": json.dumps(filters)} if filters else dict(query)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(method: str, path: str, status: int, answer: bytes) -> EngineError:
    try:
        message = str(json.loads(answer)["message"])
    except (ValueError, LookupError, TypeError):
        message = answer.decode("utf-8", "replace").strip() or f"HTTP {status}"
    if "does not have a leader" in message:  # 503, or 500 while an engine still looks for one
        return NotInSwarm(status, NO_MAJORITY)
    kinds = {404: NotFound, 409: Conflict, 503: NotInSwarm}
    kind = Conflict if "update out of sequence" in message else kinds.get(status, EngineError)
    return kind(status, f"Docker refused {method} {path}: {message}")


def _why(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no Docker engine at {path}. Install it first, for example with the role izzzi.infra.docker."
    if isinstance(error, PermissionError):
        return f"No permission to use {path}: run as root (become: true)."
    if isinstance(error, TimeoutError):
        return f"The Docker engine at {path} does not answer in time."
    return f"The Docker engine at {path} does not answer: {getattr(error, 'strerror', None) or error}"
