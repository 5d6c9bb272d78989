# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitoring alerts on the environment's droplets, by tag. An alert's description is its name."""

from __future__ import annotations

from typing import Any, ClassVar

from ..account import Account, Reads, Row, listed
from ..declaration import complete_each, group_problems, name_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Step, changed, created
from ..resource import ATTACHED, Context, Resource
from . import receivers

TYPES = [
    "cpu",
    "memory_utilization_percent",
    "disk_utilization_percent",
    "load_1",
    "load_5",
    "load_15",
    "disk_read",
    "disk_write",
    "public_inbound_bandwidth",
    "public_outbound_bandwidth",
    "private_inbound_bandwidth",
    "private_outbound_bandwidth",
]
PATH = "v1/insights/droplet/"
SPEC = {
    "type": {"type": "str", "choices": TYPES, "required": True},
    "compare": {"type": "str", "choices": ["GreaterThan", "LessThan"], "default": "GreaterThan"},
    "value": {"type": "float", "required": True},
    "window": {"type": "str", "choices": ["5m", "10m", "30m", "1h"], "default": "5m"},
    "group": {"type": "str", "default": ""},
    **receivers.SPEC,
    "enabled": {"type": "bool", "default": True},
}


def problems(declared: dict[str, Any]) -> list[str]:
    found = []
    for name, alert in declared["alerts"].items():
        where = f"alerts.{name}"
        found += name_problems(where, name)
        if alert["group"]:
            found += group_problems(f"{where}.group", alert["group"])
        found += receivers.problems(where, alert, declared["alert_slack_url"])
        if alert["type"].endswith("percent") and not 0 <= alert["value"] <= 100:
            found.append(f"{where}.value: {alert['value']} is not a percentage.")
        if not any(droplet["monitoring"] for droplet in declared["droplets"].values()):
            found.append(f"{where}: no droplet has monitoring: true, so there is nothing to measure.")
    return found


def fields(row: Row) -> dict[str, Any]:
    """Return the fields to compare."""
    alerts = row.get("alerts") or {}
    return {
        "type": row["type"].removeprefix(PATH),
        "compare": row["compare"],
        "value": float(row["value"]),
        "window": row["window"],
        "tags": sorted(row.get("tags") or []),
        "droplets": sorted(map(str, row.get("entities") or [])),
        "emails": receivers.emails(alerts),
        "slack": receivers.channels(alerts),
        "enabled": bool(row["enabled"]),
    }


def body(name: str, alert: dict[str, Any], slack_url: str, names: Names) -> dict[str, Any]:
    return {
        "type": f"{PATH}{alert['type']}",
        "description": names.alert(name),
        "compare": alert["compare"],
        "value": alert["value"],
        "window": alert["window"],
        "entities": [],
        "tags": [names.group_tag(alert["group"]) if alert["group"] else names.owner_tag],
        "alerts": receivers.body(alert, slack_url),
        "enabled": alert["enabled"],
    }


def find(description: str, rows: list[Row]) -> Row | None:
    return next((row for row in rows if row["description"] == description), None)


def _watched(row: Row) -> list[str]:
    return [*(row.get("tags") or []), *(row.get("entities") or [])]


class Alerts(Resource):
    kind = "alert"
    phase = ATTACHED
    requires = (("tag", ""),)
    doubles = "alerts"
    arguments: ClassVar[dict[str, Any]] = {
        "alerts": {"type": "dict", "default": {}},
        "alert_emails": {"type": "list", "elements": "str", "default": []},
        "alert_slack_url": {"type": "str", "default": "", "no_log": True},
    }

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        alerts, found = complete_each("alerts", declared["alerts"], SPEC)
        emails = declared["alert_emails"]
        declared["alerts"] = {name: receivers.with_default(alert, emails) for name, alert in alerts.items()}
        return found + problems(declared)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        declared, url = context.declared, context.declared["alert_slack_url"]
        alerts = {} if context.is_absent else declared["alerts"]
        self._wanted = [body(name, alert, url, context.names) for name, alert in alerts.items()]

    def _list(self) -> list[Row]:
        return listed(self.context.client, "/monitoring/alerts", "policies", needed=bool(self._wanted))

    def reads(self) -> Reads:
        return {"alerts": self._list}

    def steps(self, account: Account) -> list[Step]:
        return [self._step(wanted, find(wanted["description"], account["alerts"])) for wanted in self._wanted]

    def _step(self, wanted: dict[str, Any], row: Row | None) -> Step:
        name = wanted["description"]
        if row is None:
            return Step(CREATE, self.kind, name, created(fields(wanted)), lambda: self._create(wanted))
        changes = changed(fields(row), fields(wanted))
        if not changes:
            return Step(NOOP, self.kind, name)
        path = f"/monitoring/alerts/{row['uuid']}"
        return Step(UPDATE, self.kind, name, changes, lambda: self.context.client.put(path, wanted))

    def _create(self, wanted: dict[str, Any]) -> None:
        def look_up() -> dict[str, Any] | None:
            row = find(wanted["description"], self._list())
            return row and {"policy": row}

        self.context.client.create("/monitoring/alerts", wanted, look_up)

    def _is_ours(self, row: Row) -> bool:
        """Whether a policy is the environment's. A declared one is, whatever it watches now."""
        names = self.context.names
        declared = map(names.alert, self.context.declared["alerts"])
        return row["description"] in declared or names.owns_alert(row["description"], _watched(row))

    def surplus(self, account: Account) -> list[Step]:
        keep = {wanted["description"] for wanted in self._wanted}
        delete = self.context.client.delete
        return [
            Step(DELETE, self.kind, row["description"], apply=lambda id=row["uuid"]: delete(f"/monitoring/alerts/{id}"))
            for row in account["alerts"]
            if self._is_ours(row) and row["description"] not in keep
        ]
