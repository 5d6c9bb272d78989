"""Spaces: moto's S3 server behind the gate, in this process. Its buckets survive a restart."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..account.faults import Faults
from ..account.records import SpacesAccessKey
from ..account.state import State
from ..daemon.credentials import SpacesKey
from .gate import Gate, Key
from .store import Store

OWN_GRANTS = ({"bucket": "", "permission": "fullaccess"},)


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

    def serve(
        self, listener: socket.socket, own: SpacesKey, record: Callable[[str, str, int, str], None], faults: Faults
    ) -> None:
        """Begin to serve on a socket that is bound already."""
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
        app = Gate(create_backend_app("s3"), self._backend, self._store, find_key, record, faults)
        host, port = listener.getsockname()
        server = make_server(host, port, app, threaded=True, request_handler=MotoRequestHandler, fd=listener.fileno())
        threading.Thread(target=server.serve_forever, name="spaces", daemon=True).start()

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
