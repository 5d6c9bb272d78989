# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces: moto's S3 server behind the gate, in this process. Its buckets survive a restart."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..account.faults import Faults
from ..account.records import SpacesAccessKey
from ..account.state import State
from ..daemon.credentials import SpacesKey
from . import access, lifecycle
from .gate import Gate, Key
from .store import Store

HOUR = 3600.0
OWN_GRANTS = ({"bucket": "", "permission": "fullaccess"},)


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bucket:
    name: str
    created_at: str

    @property
    def urn(self) -> str:
        return f"do:space:{self.name}"


class Spaces:
    def __init__(self, path: Path, state: State) -> None:
        self._path = path
        self._state = state
        self._backend: Any = None  # until it is served: moto takes a second to import
        self._store: Store | None = None
        self._listen: Callable[[socket.socket, ssl.SSLContext | None], None] | None = None

    def serve(
        self, listener: socket.socket, own: SpacesKey, record: Callable[[str, str, int, str], None], faults: Faults
    ) -> None:
        """Begin to serve on a socket that is bound already, and to carry out lifecycle rules each hour."""
        os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # else every bucket would let every origin in
        import moto
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
        from moto.s3.models import s3_backends
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its access log would hold presigned URLs
        self._backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        self._store = Store(self._path, moto.__version__)
        self._store.load(self._backend)

        def find_key(access_key: str) -> Key | None:
            if access_key == own.id:
                return Key(own.secret, OWN_GRANTS)
            made = self._state.get(SpacesAccessKey, access_key)
            return Key(made.secret, made.grants) if made else None

        # Only S3, not moto's other services and not its own control interface.
        app = Gate(
            create_backend_app("s3"), self._backend, self._store, find_key, self._has_limited_key, record, faults
        )

        def listen(bound: socket.socket, tls: ssl.SSLContext | None) -> None:
            host, port = bound.getsockname()
            server = make_server(host, port, app, threaded=True, request_handler=MotoRequestHandler, fd=bound.fileno())
            if tls:  # each connection greets in its own thread, so that a silent one keeps nobody waiting
                server.ssl_context = tls
                server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, name=f"spaces {host}:{port}", daemon=True).start()

        self._listen = listen
        listen(listener, None)
        threading.Thread(target=self._tend, name="lifecycle", daemon=True).start()

    def serve_tls(self, listener: socket.socket, certificate: Path) -> None:
        """Serve on one more socket, under the names of `address`. Call it after `serve`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._listen(listener, context)

    def _tend(self) -> None:
        while True:
            time.sleep(HOUR)
            try:
                self.pass_time(0)
            except Exception:
                log.exception("lifecycle rules were not carried out")

    def pass_time(self, days: float) -> dict[str, list[str]]:
        """Let all objects, versions and unfinished uploads be older by so many days, and carry out the lifecycle rules.
        Return the keys of the objects that these changed, by bucket."""
        now, changed = datetime.now(UTC).replace(tzinfo=None), {}
        for name, bucket in list(self._backend.buckets.items()):
            lifecycle.date_uploads(bucket, now)
            if days:
                lifecycle.make_older(bucket, days)
            touched = list(bucket.keys) if days else []
            changed[name] = lifecycle.carry_out(bucket, now)
            for key in {*touched, *changed[name]}:
                self._store.save(self._backend, name, key)
        return {name: keys for name, keys in changed.items() if keys}

    def has_policy(self, name: str) -> bool:
        bucket = self._backend and self._backend.buckets.get(name)
        return bool(bucket and bucket.policy)

    def _has_limited_key(self, bucket: str) -> bool:
        keys = self._state.all(SpacesAccessKey)
        return any(access.is_limited(k.grants) and any(g["bucket"] == bucket for g in k.grants) for k in keys)

    def buckets(self) -> list[Bucket]:
        if self._backend is None:
            return []
        form = "%Y-%m-%dT%H:%M:%SZ"
        return [Bucket(row.name, row.creation_date.strftime(form)) for row in list(self._backend.buckets.values())]

    def reset(self) -> None:
        if self._store is None:
            self._path.unlink(missing_ok=True)  # the daemon does not run
            return
        from moto.s3.models import s3_backends

        for name in list(self._backend.buckets):
            s3_backends.bucket_accounts.pop(name, None)
            bucket = self._backend.buckets.pop(name)
            for key in list(bucket.keys):
                bucket.keys.setlist(key, [])  # closes the files of its versions
        self._store.clear()
