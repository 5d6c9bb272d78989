# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One plain HTTP request: no proxy, no redirect, no retry, any address for any host name."""

# pylint: disable=unused-import  # pylint takes this file for the standard library's http and adds imports; ruff looks
from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from .checks import Answer

MAXIMUM_BODY = 1024 * 1024


@dataclass(frozen=True)
class Request:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_to: tuple[str, int] | None = None
    ca_path: str | None = None
    validate_certs: bool = True

    def __post_init__(self):
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: {self.url!r} is not an http:// or https:// URL.")
        if parts.username is not None:
            raise ValueError("url: it has credentials in it. Send an Authorization header instead.")
        parts.port  # noqa: B018 - raises ValueError for a port that is none

    def send(self, timeout: float) -> Answer:
        """Return the response or, as an Answer too, why there is none."""
        try:
            return self._send(time.monotonic() + timeout, timeout)
        except (OSError, HTTPException) as error:
            return Answer(error=_describe(error, timeout))

    def _send(self, deadline: float, timeout: float) -> Answer:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        address = self.connect_to or (parts.hostname, port)
        connection = (HTTPSConnection if secure else HTTPConnection)(parts.hostname, port, timeout=timeout)
        # The connection is for the URL's host (Host header, certificate), the socket may lead elsewhere.
        connection.sock = socket.create_connection(address, timeout)
        try:
            if secure:
                connection.sock = self._context().wrap_socket(connection.sock, server_hostname=parts.hostname)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(self.method, target, headers={"Connection": "close", **self.headers})
            response = connection.getresponse()
            body = b""
            while len(body) < MAXIMUM_BODY and (chunk := response.read1(65536)):
                body += chunk
                if time.monotonic() > deadline:
                    raise TimeoutError
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, response.reason, body.decode("utf-8", "replace"), headers=headers)
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_path)
        if not self.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _describe(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:.3g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}".rstrip(": ")


def parse_address(address: str) -> tuple[str, int]:
    """Split `127.0.0.1:8080` or `[::1]:8080` into host and port."""
    host, separator, port = address.rpartition(":")
    if not (separator and host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"connect_to: {address!r} is not host:port, for example 127.0.0.1:80.")
    return host.strip("[]"), int(port)
