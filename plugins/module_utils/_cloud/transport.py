# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send one HTTP request with urllib. It knows nothing of an API; tests put a function of theirs in its place."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No reply. `sent` tells whether the server may have seen the request."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


# method, URL, headers, body, timeout in seconds
Transport = Callable[[str, str, Mapping[str, str], "bytes | None", float], Reply]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The API never redirects; who does would get the token."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def https(ca_path: str | None = None) -> Transport:
    """Return a transport that sends real requests by urllib. Proxies of the environment are used, but never for this
    machine itself."""
    context = ssl.create_default_context()
    if ca_path:
        context.load_verify_locations(cafile=ca_path)

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Reply:
        handlers: list[Any] = [urllib.request.HTTPSHandler(context=context), _NoRedirect]
        if urlsplit(url).hostname in LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(url, method=method, headers=dict(headers), data=body)
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as response:
                return Reply(response.status, _lower(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, _lower(error.headers), error.read())
        except urllib.error.URLError as error:
            refused = isinstance(error.reason, (ConnectionRefusedError, ssl.SSLCertVerificationError))
            raise Unreachable(_reason(error.reason), sent=not refused) from error
        except (OSError, HTTPException) as error:
            raise Unreachable(_reason(error), sent=True) from error

    return send


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
