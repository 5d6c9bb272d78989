# SPDX-License-Identifier: GPL-3.0-or-later
"""In front of moto's S3 server: keys, grants and ACLs are checked, what Spaces does not have is refused, and what was
changed is written down. A WSGI application."""

from __future__ import annotations

import os
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from ..account.faults import SPACES, Fault, Faults
from . import access, address, lifecycle, signature
from .store import Store

FAULT_CODES = {
    403: "AccessDenied",
    404: "NoSuchBucket",
    409: "OperationAborted",
    429: "SlowDown",
    500: "InternalError",
    503: "SlowDown",
}
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
Environ = dict[str, Any]
Start = Callable[..., Any]
Serve = Callable[[Start], tuple[Iterable[bytes], int]]


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
        has_limited_key: Callable[[str], bool],
        record: Callable[[str, str, int, str], None],
        faults: Faults,
    ) -> None:
        self._app = app
        self._backend = backend
        self._store = store
        self._find_key = find_key
        self._has_limited_key = has_limited_key
        self._record = record
        self._faults = faults

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        request = request_of(environ)
        environ = address.path_style(environ)
        operation = operation_of(environ)
        path = environ["RAW_URI"].partition("?")[0]
        fault = self._delayed(operation.method, path)

        def serve(start: Start) -> tuple[Iterable[bytes], int]:
            return self._serve(environ, start, operation, request)

        if fault is None or fault.kind in ("damage", "cut"):
            body, status = self._spoilt(fault, serve, environ, start_response, operation)
            self._record(operation.method, path, status, fault.kind if fault else "")
            return body
        if fault.when == "after":
            serve(lambda *_: None)
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

    def _spoilt(
        self, fault: Fault | None, serve: Serve, environ: Environ, start: Start, operation: access.Operation
    ) -> tuple[Iterable[bytes], int]:
        if fault is None:
            return serve(start)
        if fault.kind == "cut":
            return cut_off(fault.bytes, serve, environ, start, operation.reads)
        if operation.reads:
            self._damage(operation)
            return serve(start)
        answer = serve(start)
        self._damage(operation)
        return answer

    def _damage(self, operation: access.Operation) -> None:
        """Turn around one bit in the middle of an object's newest version. Its ETag stays that of the right content."""
        bucket = self._backend.buckets.get(operation.bucket)
        key = bucket and bucket.keys.get(operation.key)
        if not (key and getattr(key, "contentsize", 0)):
            return
        key._etag = key.etag.strip('"')
        content = bytearray(key.value)
        content[len(content) // 2] ^= 1
        key.value = bytes(content)
        self._store.save(self._backend, operation.bucket, operation.key)

    def _serve(
        self, environ: Environ, start_response: Start, operation: access.Operation, request: signature.Request
    ) -> tuple[Iterable[bytes], int]:
        status: list[str] = []

        def start(code: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            status.append(code)
            return start_response(code, headers, *rest)

        try:
            self._check(request, operation)
            body = self._app(environ, start)
            self._date_uploads(operation)
            if not operation.reads and operation.bucket and status[0].startswith("2"):
                self._store.save(self._backend, operation.bucket, operation.key)
        except (Refused, signature.BadSignature) as refused:
            body = _error(start, operation, refused.code, str(refused))
        return body, int(status[0].split()[0])

    def _date_uploads(self, operation: access.Operation) -> None:
        if (
            operation.method == "POST"
            and "uploads" in operation.parameters
            and operation.bucket in self._backend.buckets
        ):
            lifecycle.date_uploads(self._backend.buckets[operation.bucket], datetime.now(UTC).replace(tzinfo=None))

    def _check(self, request: signature.Request, operation: access.Operation) -> None:
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
        if operation.method == "PUT" and "policy" in operation.parameters and self._has_limited_key(operation.bucket):
            raise Refused("InvalidRequest", "a bucket that limited access keys are for cannot have a policy")

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
    names = {name for name, _ in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)}
    parameters = {name for name in names if not name.lower().startswith("x-amz-") and name != "x-id"}
    source = unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).lstrip("/").partition("/")[0]
    return access.Operation(environ["REQUEST_METHOD"], bucket, key, frozenset(parameters), source)


def request_of(environ: Environ) -> signature.Request:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
    return signature.Request(environ["REQUEST_METHOD"], url, headers)


def cut_off(
    limit: int | None, serve: Serve, environ: Environ, start: Start, reads: bool
) -> tuple[Iterable[bytes], int]:
    """Reset the connection after so many bytes of an upload, which then never happened, or of a download; without a
    limit in its middle."""
    connection = environ["werkzeug.socket"]
    if not reads:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"].read(length // 2 if limit is None else min(limit, length))
        return _reset_after((), connection), 0
    body, _status = serve(start)
    content = b"".join(body)
    return _reset_after((content[: len(content) // 2 if limit is None else limit],), connection), 0


def _reset_after(parts: Iterable[bytes], connection: socket.socket) -> Iterator[bytes]:
    for part in parts:
        yield part
        time.sleep(0.1)  # until it has left
    _reset(connection)


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
