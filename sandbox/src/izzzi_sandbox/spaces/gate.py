"""In front of moto's S3 server: keys, grants and ACLs are checked, what Spaces does not have is refused, and what was
changed is written down. A WSGI application."""

from __future__ import annotations

import logging
import os
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from ..account.faults import SPACES, Fault, Faults
from . import access, signature
from .store import Store

FAULT_CODES = {404: "NoSuchBucket", 409: "OperationAborted", 429: "SlowDown", 500: "InternalError", 503: "SlowDown"}
STATUS = {
    "AccessDenied": "403 Forbidden",
    "InvalidAccessKeyId": "403 Forbidden",
    "InvalidArgument": "400 Bad Request",
    "InvalidRequest": "400 Bad Request",
    "NoSuchBucket": "404 Not Found",
    "NotImplemented": "501 Not Implemented",
    "RequestTimeTooSkewed": "403 Forbidden",
    "SignatureDoesNotMatch": "403 Forbidden",
}
log = logging.getLogger(__name__)
Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass(frozen=True)
class Key:
    secret: str
    grants: Sequence[Mapping[str, str]]


class Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gate:
    def __init__(
        self,
        app: Any,
        backend: Any,
        store: Store,
        find_key: Callable[[str], Key | None],
        record: Callable[[str, str, int, str], None],
        faults: Faults,
    ) -> None:
        self._app = app
        self._backend = backend
        self._store = store
        self._find_key = find_key
        self._record = record
        self._faults = faults

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        operation = operation_of(environ)
        path = environ["RAW_URI"].partition("?")[0]
        fault = self._delayed(operation.method, path)
        if fault is None:
            body, status = self._serve(environ, start_response, operation)
            self._record(operation.method, path, status, "")
            return body
        if fault.when == "after":
            self._serve(environ, lambda *_: None, operation)
        self._record(operation.method, path, 0 if fault.kind == "reset" else fault.status, fault.kind)
        if fault.kind == "reset":
            _reset(environ["werkzeug.socket"])
        code = fault.message or FAULT_CODES.get(fault.status, "ServiceUnavailable")
        return _error(start_response, operation, code, "a fault of the sandbox", status=f"{fault.status} Fault")

    def _delayed(self, method: str, path: str) -> Fault | None:
        hits = self._faults.on_request(method, f"{SPACES}{path}")
        for fault in hits:
            if fault.kind == "latency":
                time.sleep(fault.seconds or 0)
        return next((fault for fault in hits if fault.kind != "latency"), None)

    def _serve(
        self, environ: Environ, start_response: Start, operation: access.Operation
    ) -> tuple[Iterable[bytes], int]:
        status: list[str] = []

        def start(code: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            status.append(code)
            return start_response(code, headers, *rest)

        try:
            self._check(environ, operation)
            body = self._app(environ, start)
            if not operation.reads and operation.bucket and status[0].startswith("2"):
                self._store.save(self._backend, operation.bucket, operation.key)
        except (Refused, signature.BadSignature) as refused:
            body = _error(start, operation, refused.code, str(refused))
        return body, int(status[0].split()[0])

    def _check(self, environ: Environ, operation: access.Operation) -> None:
        request = request_of(environ)
        claim = signature.claim(request)
        if claim is None:
            self._check_public(operation)
        else:
            key = self._find_key(claim.access_key)
            if key is None:
                raise Refused("InvalidAccessKeyId", "there is no such access key")
            signature.verify(request, claim, key.secret)
            if not access.permitted(operation, key.grants):
                raise Refused("AccessDenied", "the grants of this key do not allow it")
        feature = access.missing_feature(operation)
        if feature:
            raise Refused("NotImplemented", f"Spaces has no {feature}")
        acl = request.headers.get("x-amz-acl")
        if acl is not None and acl not in access.CANNED_ACLS:
            raise Refused("InvalidArgument", f"x-amz-acl must be one of: {', '.join(sorted(access.CANNED_ACLS))}")

    def _check_public(self, operation: access.Operation) -> None:
        """A bucket that is public lets anybody list it; each object has an ACL of its own."""
        if not (operation.method == "OPTIONS" or (operation.bucket and access.is_plain_read(operation))):
            raise Refused("AccessDenied", "this needs a signed request")
        bucket = self._backend.buckets.get(operation.bucket)
        if bucket is None:
            raise Refused("NoSuchBucket", "there is no such bucket")
        if operation.method == "OPTIONS":
            return
        guarded = bucket.keys.get(operation.key) if operation.key else bucket
        acl = getattr(guarded, "acl", None)
        if acl is None or not acl.public_read:
            raise Refused("AccessDenied", "this is private")


def operation_of(environ: Environ) -> access.Operation:
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    bucket, _, key = path.removeprefix("/").partition("/")
    parameters = {name for name, _ in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)}
    return access.Operation(environ["REQUEST_METHOD"], bucket, key, frozenset(parameters))


def request_of(environ: Environ) -> signature.Request:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
    return signature.Request(environ["REQUEST_METHOD"], url, headers)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close means RST
    os.close(connection.detach())  # the server's files on it would keep it open
    raise ConnectionResetError("a fault of the sandbox")  # the server drops the rest in silence


def _error(start: Start, operation: access.Operation, code: str, message: str, status: str = "") -> list[bytes]:
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message>'
        f"<BucketName>{escape(operation.bucket)}</BucketName><RequestId>{uuid.uuid4()}</RequestId></Error>"
    )
    body = b"" if operation.method == "HEAD" else document.encode()
    start(status or STATUS[code], [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]
