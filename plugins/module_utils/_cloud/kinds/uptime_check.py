# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uptime checks: DigitalOcean asks a URL from several places of the world and tells somebody when it is down, slow, or
its certificate ends soon. Checks have no tags: a name of ours says whose it is, in words that nobody gives by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..account import Account, Reads, Row, listed, together
from ..declaration import complete_each, name_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, changed, created
from ..resource import PROJECT, Context, Resource
from . import receivers

PATH = "/uptime/checks"
PRICE = 1.0  # dollars a month for each check; its alerts cost nothing
REGIONS = ["us_east", "us_west", "eu_west", "se_asia"]
WEB = ("http", "https")
MEASURED = {"latency": ("greater_than", "above {} ms"), "ssl_expiry": ("less_than", "within {} days")}
SPEC = {
    "target": {"type": "str", "required": True},
    "type": {"type": "str", "choices": ["ping", *WEB]},
    "regions": {"type": "list", "elements": "str", "choices": REGIONS, "default": REGIONS},
    "enabled": {"type": "bool", "default": True},
    **receivers.SPEC,
    "alerts": {"type": "dict"},
}
ALERT_SPEC = {
    "type": {"type": "str", "choices": ["latency", "down", "down_global", "ssl_expiry"], "required": True},
    "threshold": {"type": "int"},
    "period": {"type": "str", "choices": ["2m", "3m", "5m", "10m", "15m", "30m", "1h"], "default": "5m"},
}
DOWN: dict[str, dict[str, Any]] = {
    "down": {"type": "down", "period": "3m"},
    "slow": {"type": "latency", "threshold": 2000},
}
CERTIFICATE: dict[str, dict[str, Any]] = {"certificate": {"type": "ssl_expiry", "threshold": 14}}
Bodies = dict[str, dict[str, Any]]  # alerts as the API takes them, by name


def type_of(target: str) -> str:
    scheme = target.partition("://")[0]
    return scheme if scheme in WEB else "ping"


def complete(name: str, check: dict[str, Any], emails: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the check with its defaults: its type by its target, the usual alerts, and who hears of them."""
    kind = check["type"] or type_of(check["target"])
    usual = {**DOWN, **CERTIFICATE} if kind == "https" else DOWN
    alerts, found = complete_each(
        f"uptime_checks.{name}.alerts", usual if check["alerts"] is None else check["alerts"], ALERT_SPEC
    )
    return {**receivers.with_default(check, emails), "type": kind, "alerts": alerts}, found


def problems(name: str, check: dict[str, Any], slack_url: str) -> list[str]:
    where = f"uptime_checks.{name}"
    found = name_problems(where, name) + _target_problems(where, check["type"], check["target"])
    if not check["regions"]:
        found.append(f"{where}.regions: it is empty. Give some of {', '.join(REGIONS)}.")
    if check["alerts"]:
        found += receivers.problems(where, check, slack_url)
    for short, alert in check["alerts"].items():
        found += _alert_problems(f"{where}.alerts.{short}", short, alert, check["type"])
    return found


def _target_problems(where: str, kind: str, target: str) -> list[str]:
    parts = urlsplit(target)
    if parts.username is not None or parts.password is not None:
        return [f"{where}.target: it has a login in it, which would be shown. Give a path that needs none."]
    if kind in WEB and not (parts.scheme == kind and parts.hostname):
        return [f"{where}.target: {target!r} is not an {kind}:// URL, which a check of type {kind} takes."]
    if kind == "ping" and (not target or any(sign in target for sign in ":/ ")):
        return [
            f"{where}.target: {target!r} is not a host's name or IPv4 address, which a check of type ping takes. "
            "Begin a URL with http:// or https://."
        ]
    return []


def _alert_problems(where: str, short: str, alert: dict[str, Any], kind: str) -> list[str]:
    found = name_problems(where, short)
    threshold = alert["threshold"]
    if alert["type"] not in MEASURED:
        if threshold is not None:
            found.append(f"{where}.threshold: an alert of type {alert['type']} has none.")
    elif threshold is None or threshold <= 0:
        unit = "milliseconds" if alert["type"] == "latency" else "days"
        found.append(f"{where}.threshold: {threshold} is not a number of {unit} greater than 0.")
    if alert["type"] == "ssl_expiry" and kind != "https":
        found.append(f"{where}.type: only a check of type https sees a certificate.")
    return found


def body(name: str, check: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, **{field: check[field] for field in ("type", "target", "regions", "enabled")}}


def alert_bodies(name: str, check: dict[str, Any], slack_url: str) -> Bodies:
    found = {}
    for short, alert in check["alerts"].items():
        one = {"name": f"{name} {short}", "type": alert["type"], "period": alert["period"]}
        one["notifications"] = receivers.body(check, slack_url)
        if alert["type"] in MEASURED:
            one |= {"threshold": alert["threshold"], "comparison": MEASURED[alert["type"]][0]}
        found[one["name"]] = one
    return found


def fields(row: Row) -> dict[str, Any]:
    """Return a check's fields to compare. The API may add a slash to a URL that has no path."""
    return {
        "type": row["type"],
        "target": row["target"].removesuffix("/") if row["target"].count("/") == 3 else row["target"],
        "regions": sorted(row.get("regions") or []),
        "enabled": bool(row.get("enabled", True)),
    }


def alert_words(row: Row) -> str:
    """Return all of an alert that is compared, in words: of one without a threshold the API may tell any."""
    comparison, words = MEASURED.get(row["type"], ("", ""))
    measure = f" {words.format(row.get('threshold'))}" if words else ""
    wrong = f" ({row.get('comparison')})" if words and row.get("comparison") != comparison else ""
    told = row.get("notifications") or {}
    heard = ", ".join(receivers.emails(told) + receivers.channels(told)) or "nobody"
    return f"{row['name'].rpartition(' ')[2]}: {row['type']}{measure}{wrong} for {row.get('period')}, to {heard}"


def alerts_words(rows: Iterable[Row]) -> list[str]:
    """Return the words of a check's alerts. One that is there twice says so."""
    counts = Counter(map(alert_words, rows))
    return sorted(words if count == 1 else f"{words} ({count} times)" for words, count in counts.items())


def find(name: str, rows: Iterable[Row]) -> Row | None:
    """Return the first of a name, by its id: which one is taken does not change from run to run."""
    return min((row for row in rows if row["name"] == name), key=lambda row: str(row["id"]), default=None)


class UptimeChecks(Resource):
    """They are made last and deleted first, so that nobody is woken by what a run does itself."""

    kind = "uptime_check"
    phase = PROJECT
    doubles = "uptime_checks"
    arguments: ClassVar[dict[str, Any]] = {"uptime_checks": {"type": "dict", "default": {}}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        checks, found = complete_each("uptime_checks", declared["uptime_checks"], SPEC)
        for name, check in checks.items():
            checks[name], bad = complete(name, check, declared["alert_emails"])
            found += bad or problems(name, checks[name], declared["alert_slack_url"])
        declared["uptime_checks"] = checks
        return found

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        checks = {} if context.is_absent else context.declared["uptime_checks"]
        self._short = {context.names.uptime_check(short): short for short in checks}
        self._wanted = {name: body(name, checks[short]) for name, short in self._short.items()}
        url = context.declared["alert_slack_url"]
        self._alerts = {name: alert_bodies(name, checks[short], url) for name, short in self._short.items()}

    def _list(self) -> list[Row]:
        return listed(self.context.client, PATH, "checks", needed=bool(self._wanted))

    def _list_alerts(self, id: str) -> list[Row]:
        return listed(self.context.client, f"{PATH}/{id}/alerts", "alerts", needed=False)

    def reads(self) -> Reads:
        return {"uptime_checks": self._list}

    def more_reads(self, account: Account) -> Reads:
        found = [find(name, account["uptime_checks"]) for name in self._wanted]
        ids = [row["id"] for row in found if row]
        calls = [lambda id=id: self._list_alerts(id) for id in ids]
        return {"uptime_alerts": lambda: dict(zip(ids, together(calls), strict=True))} if ids else {}

    def steps(self, account: Account) -> list[Step]:
        return [self._step(name, find(name, account["uptime_checks"]), account) for name in self._wanted]

    def _step(self, name: str, row: Row | None, account: Account) -> Step:
        wanted = {**fields(self._wanted[name]), "alerts": alerts_words(self._alerts[name].values())}
        if row is None:
            return Step(CREATE, self.kind, name, created(wanted), lambda: self._create(name), cost_after=PRICE)
        self.context.known.put(self.kind, name, row)
        ours = [alert for alert in account["uptime_alerts"][row["id"]] if self._is_ours(name, alert)]
        changes = changed({**fields(row), "alerts": alerts_words(ours)}, wanted)
        if not changes:
            return Step(NOOP, self.kind, name, cost_before=PRICE, cost_after=PRICE)
        return Step(UPDATE, self.kind, name, changes, lambda: self._update(name, row), PRICE, PRICE)

    @staticmethod
    def _is_ours(check: str, alert: Row) -> bool:
        """Whether a run has made an alert of our check. Others in it are somebody's own and stay."""
        return alert["name"].startswith(f"{check} ")

    def _create(self, name: str) -> None:
        def look_up() -> dict[str, Any] | None:
            row = find(name, self._list())
            return row and {"check": row}

        row = self.context.client.create(PATH, self._wanted[name], look_up)["check"]
        self.context.known.put(self.kind, name, row)
        self._put_alerts(name, row["id"])

    def _update(self, name: str, row: Row) -> None:
        if fields(row) != fields(self._wanted[name]):
            self.context.client.put(f"{PATH}/{row['id']}", self._wanted[name])
        self._put_alerts(name, row["id"])

    def _put_alerts(self, name: str, id: str) -> None:
        """Make the check's alerts what is declared, by those that it has now: the plan may be older than what another
        run made in it."""
        client, path = self.context.client, f"{PATH}/{id}/alerts"
        left = [alert for alert in self._list_alerts(id) if self._is_ours(name, alert)]
        for title, wanted in self._alerts[name].items():
            row = find(title, left)
            if row is None:
                client.create(path, wanted, lambda title=title: self._look_up_alert(id, title))
                continue
            left.remove(row)
            if alert_words(row) != alert_words(wanted):
                client.put(f"{path}/{row['id']}", wanted)
        for row in left:
            client.delete(f"{path}/{row['id']}")

    def _look_up_alert(self, id: str, title: str) -> dict[str, Any] | None:
        row = find(title, self._list_alerts(id))
        return row and {"alert": row}

    def surplus(self, account: Account) -> list[Step]:
        """Delete what is ours and not declared, and the second one of a name."""
        rows, names = account["uptime_checks"], self.context.names
        declared = {names.uptime_check(short) for short in self.context.declared["uptime_checks"]}
        taken = {row["id"] for name in self._wanted if (row := find(name, rows))}
        found = []
        for row in rows:
            is_ours = row["name"] in declared or names.owns_uptime_check(row["name"])
            if is_ours and row["id"] not in taken:
                title = f"{row['name']} ({row['id']})" if row["name"] in self._wanted else row["name"]
                found.append(self._removal(title, row))
        return found

    def _removal(self, title: str, row: Row) -> Step:
        path, change = f"{PATH}/{row['id']}", Change("target", row["target"], None)
        return Step(DELETE, self.kind, title, (change,), lambda: self.context.client.delete(path), cost_before=PRICE)

    def outputs(self) -> dict[str, Any]:
        known = self.context.known
        return {"uptime_check_ids": {short: known.id(self.kind, name) for name, short in self._short.items()}}
