# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitoring alerts and uptime checks of our names, as a declaration has them. Webhooks are secrets: none is taken
over. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..account import Row
from ..declaration import NAME
from ..kinds import alert as alert_kind
from ..kinds import uptime_check as check_kind
from ..names import Names
from .adoption import Adoption
from .ours import Ours


def declare_alerts(ours: Ours, adoption: Adoption) -> None:
    """Declare the alerts of our names, and name those that watch our droplets under another."""
    declared: dict[str, Any] = {}
    start, tags = ours.names.alert(""), {tag for row in ours.droplets for tag in row["tags"]}
    for row in ours.account["alerts"]:
        title = row["description"]
        short = title.removeprefix(start)
        watched = {*(row.get("tags") or [])} & tags or {*map(str, row.get("entities") or [])} & set(
            map(str, ours.droplet_names)
        )
        if title.startswith(start) and NAME.fullmatch(short):
            why = _alert_fault(row, ours)
            if not why and short not in declared:
                declared[short] = _alert(row, ours.names)
                adoption.found.append(f"alert {title}")
                continue
        elif watched:
            why = f"it is not named {ours.names.alert('NAME')}"
        else:
            continue
        adoption.todo.append(
            f"the alert {title} is not declared and stays as it is: {why or 'there is another of that name'}"
        )
    adoption.declared["alerts"] = declared


def _alert_fault(row: Row, ours: Ours) -> str:
    told = row.get("alerts") or {}
    if told.get("slack"):
        return (
            "its Slack webhook is a secret. Declare it with slack_channel, and provision_alert_slack_url in the vault"
        )
    if not told.get("email"):
        return "nobody hears of it"
    if row["type"].removeprefix(alert_kind.PATH) not in alert_kind.TYPES:
        return f"a declaration has no alerts of the type {row['type']}"
    if not any("monitoring" in droplet["features"] for droplet in ours.droplets):
        return "no droplet has DigitalOcean's monitoring agent"
    return ""


def _alert(row: Row, names: Names) -> dict[str, Any]:
    now = alert_kind.fields(row)
    usual = {"compare": "GreaterThan", "window": "5m", "enabled": True}
    found = {"type": now["type"], "value": now["value"], "emails": now["emails"]}
    found |= {key: now[key] for key, value in usual.items() if now[key] != value}
    groups = [tag.removeprefix(f"{names.owner_tag}:") for tag in now["tags"] if tag.startswith(f"{names.owner_tag}:")]
    return found | ({"group": groups[0]} if len(groups) == 1 else {})


def ours_of_checks(ours: Ours) -> list[Row]:
    """Return the uptime checks of our names."""
    return [row for row in ours.account["uptime_checks"] if ours.names.owns_uptime_check(row["name"])]


def declare_checks(ours: Ours, alerts: dict[str, list[Row]], adoption: Adoption) -> None:
    """Declare the uptime checks of our names with their alerts, and name those that ask for what is ours."""
    declared: dict[str, Any] = {}
    mine = ours_of_checks(ours)
    hosts = {*ours.addresses, adoption.declared.get("domain", {}).get("name", "")} - {""}
    for row in ours.account["uptime_checks"]:
        host = urlsplit(row["target"]).hostname or row["target"]
        short = row["name"].removeprefix(ours.names.uptime_check(""))
        if row in mine and NAME.fullmatch(short) and short not in declared:
            found = _check(
                row, [alert for alert in alerts.get(row["id"], []) if alert["name"].startswith(f"{row['name']} ")]
            )
            if isinstance(found, str):
                adoption.todo.append(f"the uptime check {row['name']} is not declared and stays as it is: {found}")
            else:
                declared[short] = found
                adoption.found.append(f"uptime check {row['name']}")
        elif row in mine or any(host == one or host.endswith(f".{one}") for one in hosts):
            adoption.todo.append(
                f"the uptime check {row['name']} of {row['target']} is not declared and stays as it is: it is not "
                f"named {ours.names.uptime_check('NAME')}"
            )
    adoption.declared["uptime_checks"] = declared


def _check(row: Row, alerts: list[Row]) -> dict[str, Any] | str:
    now = check_kind.fields(row)
    told = [alert.get("notifications") or {} for alert in alerts]
    if any(one.get("slack") for one in told):
        return (
            "the Slack webhook of its alerts is a secret. Declare it with slack_channel and provision_alert_slack_url"
        )
    found: dict[str, Any] = {"target": now["target"]}
    found |= {"type": now["type"]} if now["type"] != check_kind.type_of(now["target"]) else {}
    found |= {"regions": now["regions"]} if now["regions"] != sorted(check_kind.REGIONS) else {}
    found |= {} if now["enabled"] else {"enabled": False}
    found |= {"emails": sorted(told[0].get("email") or [])} if told else {}
    found["alerts"] = {
        alert["name"].rpartition(" ")[2]: {
            "type": alert["type"],
            "period": alert["period"],
            **({"threshold": alert["threshold"]} if alert["type"] in check_kind.MEASURED else {}),
        }
        for alert in alerts
    }
    return found
