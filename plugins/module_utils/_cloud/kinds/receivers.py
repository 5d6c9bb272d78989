# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who hears of an alert: addresses, and a Slack channel by a webhook, whose URL is a secret. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from ..account import Row

SPEC = {
    "emails": {"type": "list", "elements": "str", "default": []},
    "slack_channel": {"type": "str", "default": ""},
}


def with_default(receivers: dict[str, Any], emails: list[str]) -> dict[str, Any]:
    """Return receivers of whom `emails` are some if nobody else is named."""
    named = receivers["emails"] or receivers["slack_channel"]
    return receivers if named else {**receivers, "emails": emails}


def problems(where: str, receivers: dict[str, Any], slack_url: str) -> list[str]:
    found = [f"{where}.emails: {email!r} is not an address." for email in receivers["emails"] if "@" not in email]
    if not receivers["emails"] and not receivers["slack_channel"]:
        found.append(
            f"{where}: nobody would hear of it. Give emails or a slack_channel, or alert_emails "
            "(provision_alert_emails) for all."
        )
    if receivers["slack_channel"] and not slack_url.startswith("https://"):
        found.append(f"{where}.slack_channel: alert_slack_url, the channel's https:// webhook, is not given.")
    return found


def body(receivers: dict[str, Any], slack_url: str) -> dict[str, Any]:
    channel = receivers["slack_channel"]
    return {"email": receivers["emails"], "slack": [{"channel": channel, "url": slack_url}] if channel else []}


def emails(row: Row) -> list[str]:
    return sorted(row.get("email") or [])


def channels(row: Row) -> list[str]:
    """Return the channels to compare and show. A digest stands for a webhook's URL."""
    return sorted(
        f"{slack['channel']} sha256:{hashlib.sha256(slack['url'].encode()).hexdigest()[:16]}"
        for slack in row.get("slack") or []
    )
