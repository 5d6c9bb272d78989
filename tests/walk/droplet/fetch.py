# SPDX-License-Identifier: GPL-3.0-or-later
"""One request as a visitor sends it, also from the walk's own machine."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl


def fetch(request: dict) -> dict:
    """`host`, `port` and `path`; `address` where to connect, `tls`, `login` (name:password), `length` of a body."""
    address, tls = request.get("address", "127.0.0.1"), request.get("tls")
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = _named(request["host"])(address, request["port"], timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(address, request["port"], timeout=5)
    headers = {"Host": request["host"], "Accept": "application/json", "Connection": "close"}
    if login := request.get("login"):
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    body = b"x" * request["length"] if "length" in request else None
    try:
        connection.request("POST" if body else "GET", request["path"], body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        names = {name.lower(): value for name, value in answer.getheaders()}
        shown = hashlib.sha256(connection.shown).hexdigest() if tls else ""
        return {"status": answer.status, "headers": names, "body": _json(text), "certificate": shown}
    except OSError as error:
        return {"status": 0, "headers": {}, "body": repr(error)}
    finally:
        connection.close()


def _named(host: str):
    """A connection that asks for the host's name, whatever address it goes to."""

    class Connection(http.client.HTTPSConnection):
        def connect(self) -> None:
            http.client.HTTPConnection.connect(self)
            self.sock = self._context.wrap_socket(self.sock, server_hostname=host)
            self.shown = self.sock.getpeercert(binary_form=True)

    return Connection


def _json(text: str):
    try:
        return json.loads(text)
    except ValueError:
        return text[:300]
