# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the certificate ends that this host serves for a name; without a program, since not every host has one."""

from __future__ import annotations

import re
import socket
import ssl
import time
from calendar import timegm
from contextlib import suppress

_TIME = rb"(?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)"
_VALIDITY = re.compile(rb"\x30." + _TIME + rb"(" + _TIME + rb")", re.DOTALL)


def served(name: str, port: int = 443, address: str = "127.0.0.1", timeout: float = 5) -> bytes:
    """Return the certificate that a name is answered with, in DER, empty where nobody answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whoever signed it: it is looked at, not trusted
    with (
        suppress(OSError, ValueError),
        socket.create_connection((address, port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        return connection.getpeercert(binary_form=True) or b""
    return b""


def expiry(der: bytes) -> float | None:
    """Return when a certificate ends, in seconds since 1970; None for what is none. Pure."""
    if not (found := _VALIDITY.search(der)):
        return None
    text = found[1][2:].decode()
    return float(timegm(time.strptime(text, "%y%m%d%H%M%SZ" if len(text) == 13 else "%Y%m%d%H%M%SZ")))
