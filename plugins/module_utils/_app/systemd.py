# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of systemd's units for programs that run by the clock. Pure."""

from __future__ import annotations

HOME = "HOME=/root"  # systemd sets none, and Docker's command line wants one


def timer(what: str, *settings: str) -> str:
    """Return a timer with these lines, which say when."""
    return "\n".join(
        ["[Unit]", f"Description={what}", "", "[Timer]", *settings, "", "[Install]", "WantedBy=timers.target", ""]
    )


def oneshot(what: str, command: str, *environment: str) -> str:
    """Return a service that runs a program once, beside Docker, for as long as it takes."""
    return f"""[Unit]
Description={what}
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
TimeoutStartSec=infinity
Environment={" ".join([HOME, *environment])}
ExecStart={command}
"""
