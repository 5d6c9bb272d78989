# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a droplet asks for names: the sandbox's own server, which knows the account's domains, then this machine's."""

from __future__ import annotations

import socket
from pathlib import Path

from . import network

LIMIT = 3  # glibc reads no more


def name_servers() -> list[str]:
    own = [network.PUBLIC_GATEWAY] if _is_ours(network.PUBLIC_GATEWAY) else []
    return [*own, *_of_this_machine()][:LIMIT]


def resolv_conf() -> str:
    return "".join(f"nameserver {server}\n" for server in name_servers())


def _is_ours(address: str) -> bool:
    """Then the daemon's server is there. Where the engine runs in a machine of its own, the address is that one's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _of_this_machine() -> list[str]:
    """The real ones. A loopback address would mean the guest itself."""
    for path in ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"):
        lines = Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []
        servers = [words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "nameserver"]
        usable = [s for s in servers if not s.startswith("127.") and s != "::1"]
        if usable:
            return usable
    return ["1.1.1.1", "8.8.8.8"]
