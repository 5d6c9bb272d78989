# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DigitalOcean's API v2 over HTTP: pages, retries, limits, errors that say what to do. Knows no resource."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from .transport import LOOPBACK, Reply, Transport, Unreachable

PAGE = 200  # the most that the API gives at once
ATTEMPTS = 5
LOOK_UPS = 3  # after a POST whose fate is unknown
LONGEST_PAUSE = 60.0  # seconds; a limit that lasts longer is an error, not a wait


class ApiError(Exception):
    """A reply that is an error, or none at all (status 0)."""

    changed = False  # whether the run had written something before

    def __init__(self, message: str, status: int = 0, *, sent: bool = True, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.sent = sent
        self.reason = reason  # in the API's own words, without the request

    @property
    def fate_unknown(self) -> bool:
        """Whether the request may have been carried out although it failed."""
        return self.sent and (self.status == 0 or self.status >= 500)


def problems(url: str, token: str) -> list[str]:
    """Check the API's address and token without sending a request."""
    found = []
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        found.append(
            f"api_url: {url!r} is not an http:// or https:// URL. DigitalOcean's is https://api.digitalocean.com."
        )
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        found.append(
            f"api_url: {url} would carry the API token unencrypted. Use https://; http:// is for this machine only."
        )
    if not token:
        found.append(
            "api_token: it is empty. Set provision_api_token, or the variable DIGITALOCEAN_TOKEN it comes from."
        )
    elif not (token.isascii() and token.isprintable()) or " " in token:
        found.append("api_token: it has characters that no token has. Check provision_api_token or DIGITALOCEAN_TOKEN.")
    return found


class Client:
    """Used by several threads at once."""

    def __init__(
        self,
        url: str,
        token: str,
        transport: Transport,
        *,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/v2")
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._token = token
        self._transport = transport
        self._timeout = timeout
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self.calls = 0
        self.writes = 0  # that were taken, or may have been

    def count(self) -> None:
        """Count a request, also one that another client sends for the same run."""
        with self._lock:
            self.calls += 1

    def count_write(self, method: str, status: int) -> None:
        """Count a request that wrote or may have. `status` is 0 if there was no reply."""
        if method not in ("GET", "HEAD") and status < 300:
            with self._lock:
                self.writes += 1

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._request("GET", path + (f"?{urlencode(query)}" if query else ""))

    def find(self, path: str) -> dict[str, Any] | None:
        """Send GET; return None on 404."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """Return the rows of all pages."""
        rows: list[dict[str, Any]] = []
        page = 1
        while True:
            reply = self.get(path, per_page=PAGE, page=page, **query)
            if key not in reply:
                raise self._foreign("GET", path, 200)
            rows += reply[key]
            if not reply[key] or not reply.get("links", {}).get("pages", {}).get("next"):
                return rows
            page += 1

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._request("POST", path, body)

    def create(self, path: str, body: Mapping[str, Any], find: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        """POST once. If no reply or a 5xx leaves open whether the resource was made, return what `find` gives, and
        raise the error if it finds nothing. The request is never repeated: that could make a second resource."""
        try:
            return self.post(path, body)
        except ApiError as error:
            if not error.fate_unknown:
                raise
            for attempt in range(1, LOOK_UPS + 1):
                self._sleep(_backoff(attempt))
                if found := find():
                    return found
            raise

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._request("PUT", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Set fields. Like PUT it may be repeated."""
        return self._request("PATCH", path, body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Send DELETE; a 404 counts as deleted."""
        try:
            self._request("DELETE", path, body)
        except ApiError as error:
            if error.status != 404:
                raise

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        headers = self._headers if content is None else {**self._headers, "Content-Type": "application/json"}
        for attempt in range(1, ATTEMPTS + 1):
            self.count()
            last = attempt == ATTEMPTS
            try:
                reply = self._transport(method, f"{self.url}/v2{path}", headers, content, self._timeout)
            except Unreachable as error:
                self.count_write(method, 0 if error.sent else 599)
                # A POST that may have arrived is not sent twice: it could make a second droplet.
                if last or not error.sent or method == "POST":
                    raise self._unreachable(method, path, error) from error
                self._sleep(_backoff(attempt))
                continue
            self.count_write(method, reply.status)
            if reply.status < 300:
                return self._content(method, path, reply)
            if reply.status < 400:
                raise self._foreign(method, path, reply.status)
            pause = _pause(reply, method, attempt, self._clock())
            if last or pause is None or pause > LONGEST_PAUSE:
                raise self._error(method, path, reply)
            self._sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _content(self, method: str, path: str, reply: Reply) -> dict[str, Any]:
        if not reply.body:
            return {}
        try:
            content = json.loads(reply.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self._foreign(method, path, reply.status)
        return content

    def _foreign(self, method: str, path: str, status: int) -> ApiError:
        return ApiError(
            f"{self.url} is not DigitalOcean's API: {method} /v2{path} answered {status}, but not as that API does. "
            "Check api_url.",
            status,
        )

    def _unreachable(self, method: str, path: str, error: Unreachable) -> ApiError:
        hint = "Check api_url and the network."
        if error.sent and method == "POST":
            hint = "The request may have arrived all the same: run again, what exists is taken up."
        elif urlsplit(self.url).hostname in LOOPBACK:
            hint = "Is the sandbox running? Start it: make sandbox-up (or izzzi-sandbox up)."
        return ApiError(f"{self.url} cannot be reached: {error} ({method} /v2{path}). {hint}", sent=error.sent)

    def _error(self, method: str, path: str, reply: Reply) -> ApiError:
        if reply.status == 401:
            return ApiError(
                f"{self.url} refuses the API token (401). Give a valid one as api_token (provision_api_token in the "
                "role izzzi.infra.provision, or the environment variable DIGITALOCEAN_TOKEN).",
                401,
            )
        try:
            content = json.loads(reply.body)
            message = content.get("message") or content.get("error") or str(content)
        except (ValueError, AttributeError):
            message = reply.body[:200].decode("utf-8", "replace").strip() or "no explanation"
        message = message.replace(self._token, "********")
        hint = ""
        if reply.status == 403 and method != "DELETE":
            hint = " The token may lack the scope for this: it needs to read and write."
        elif reply.status == 429:
            hint = " It is DigitalOcean's limit for the token (250 requests a minute, 5000 an hour). Run again later."
        text = f"{method} {self.url}/v2{path} answered {reply.status}: {message}{hint}"
        return ApiError(text, reply.status, reason=f"{message.rstrip('.')}.{hint}")


def _pause(reply: Reply, method: str, attempt: int, now: float) -> float | None:
    """Return the seconds to wait before the request is repeated; None if it must not be."""
    if reply.status == 429:  # refused, so it did nothing: any method may be repeated
        after, reset = reply.headers.get("retry-after", ""), reply.headers.get("ratelimit-reset", "")
        if after.isdigit():
            return float(after)
        return max(float(reset) - now, 1.0) if reset.isdigit() else _backoff(attempt)
    if reply.status >= 500 and method != "POST":
        return _backoff(attempt)
    return None


def _backoff(attempt: int) -> float:
    return 0.5 * 2.0 ** (attempt - 1)
