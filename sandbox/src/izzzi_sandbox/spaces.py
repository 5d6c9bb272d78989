"""Spaces: moto's S3 server in this process. Buckets live in memory, until the daemon stops; keys are not checked."""

from __future__ import annotations

import logging
import socket
import threading


def serve(listener: socket.socket) -> None:
    """Begin to serve on a socket that is bound already."""
    # A slow import, not needed by the API. Only S3, not moto's other services and not its own control interface.
    from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its access log would hold presigned URLs
    host, port = listener.getsockname()
    server = make_server(
        host,
        port,
        create_backend_app("s3"),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    threading.Thread(target=server.serve_forever, name="spaces", daemon=True).start()
