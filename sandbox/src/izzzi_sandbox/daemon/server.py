# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon: `python -m izzzi_sandbox.daemon.server`. HTTP and TLS by uvicorn, Spaces by moto, DNS, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn

from ..account.cloud import Cloud, open_backend
from ..api.app import Transport, create_app
from ..api.requestlog import RequestLog
from ..dns.server import NameServer
from ..droplets.backend import BackendError
from ..spaces.store import StoreError
from . import credentials, process, settings
from .settings import Settings

DNS_PORT = 53  # resolvers ask no other one
SPACES_TLS_PORT = 443
log = logging.getLogger("izzzi_sandbox")


class Listener(uvicorn.Server):
    """Serves HTTP or TLS, and leaves signals alone: two of them are in this process, which handles signals once."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Daemon:
    """Listens for the API, for Spaces and for the name server. `stop` may be called from a signal handler or from
    another thread."""

    def __init__(self, settings: Settings, cloud: Cloud) -> None:
        self._cloud = cloud
        self._sockets = {port: bind(settings.host, port) for port in settings.tcp_ports}
        self._dns = NameServer(cloud.state)
        try:
            self._dns.listen(settings.host, settings.dns_port)
        except OSError as error:
            raise process.ProcessError(f"cannot listen on {settings.dns_address}: {error.strerror}") from None
        token, self._spaces_key = credentials.token(settings), credentials.spaces_key(settings)
        self._log = RequestLog([token, self._spaces_key.secret])
        app = create_app(cloud, token, self._log)
        app.state.identity = process.identity(settings)
        app.state.dns = self._dns.addresses
        self._listeners = [
            (_listener(Transport(app)), self._sockets[settings.http_port]),
            (_listener(Transport(app), settings), self._sockets[settings.tls_port]),
        ]
        self._spaces = self._sockets[settings.spaces_port]

    async def serve(self) -> None:
        self._cloud.spaces.serve(self._spaces, self._spaces_key, self._log.spaces, self._cloud.faults)
        self._cloud.start()
        self._listen_at_gateway()
        self._dns.serve()
        try:
            await asyncio.gather(*(listener.serve(sockets=[bound]) for listener, bound in self._listeners))
        finally:
            self._cloud.stop()

    def _listen_at_gateway(self) -> None:
        """For droplets, which do not reach loopback. Where the engine runs in a machine of its own (Docker Desktop) the
        address is not here, and droplets go without."""
        gateway = self._cloud.backend.gateway
        try:
            if gateway:
                self._dns.listen(gateway, DNS_PORT)
        except OSError as error:
            log.warning("droplets cannot ask the sandbox's DNS server, %s:%s: %s", gateway, DNS_PORT, error.strerror)
        if gateway:
            self._serve_spaces_at(gateway)

    def _serve_spaces_at(self, gateway: str) -> None:
        try:
            self._spaces_tls = bind(gateway, SPACES_TLS_PORT)
        except process.ProcessError as error:
            log.warning("droplets cannot reach Spaces under its real names: %s", error)
            return
        self._cloud.spaces.serve_tls(self._spaces_tls, self._cloud.settings.spaces_tls_file)
        self._dns.spaces_is_at(gateway)

    def stop(self) -> None:
        for listener, _ in self._listeners:
            listener.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it. Head and body of a reply are two packets, and without it the second one waits 40 ms.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        raise process.ProcessError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    bound.listen(128)
    return bound


def _listener(app: object, tls: Settings | None = None) -> Listener:
    files = {"ssl_certfile": tls.tls_file} if tls else {}
    return Listener(
        uvicorn.Config(app, lifespan="off", log_config=None, server_header=False, timeout_graceful_shutdown=2, **files)
    )


async def _serve_until_signal(daemon: Daemon) -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, daemon.stop)
    await daemon.serve()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        chosen = settings.load()
        credentials.ensure(chosen)
        with process.held_pid_file(chosen):
            daemon = Daemon(chosen, Cloud(chosen, open_backend(chosen)))
            log.info("backend %s, %s, %s, %s", chosen.backend, chosen.http_url, chosen.tls_url, chosen.spaces_url)
            asyncio.run(_serve_until_signal(daemon))
    except (settings.SettingsError, process.ProcessError, BackendError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    log.info("stopped")
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads may still wait for the engine; what they do is taken up by the next start.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
