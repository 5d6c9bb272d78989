# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pydo import Client

from .daemon import Daemon, running

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl tests"


@pytest.fixture(scope="session")
def daemon(tmp_path_factory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("sandbox") / "home") as daemon:
        yield daemon


@pytest.fixture(scope="session")
def client(daemon) -> Client:
    """DigitalOcean's own client; it sends a token over TLS only, so it needs the sandbox's CA."""
    os.environ.pop("SSL_CERT_FILE", None)
    return Client(daemon.token, endpoint=daemon.tls_url, connection_verify=str(daemon.home / "ca.pem"))


@pytest.fixture(autouse=True)
def empty_account(request):
    """Every test of the shared daemon begins with an account as on its first day."""
    if "daemon" in request.fixturenames:
        assert request.getfixturevalue("daemon").call("POST", "/_sandbox/reset").status == 204
