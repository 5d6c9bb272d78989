# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/uptime/checks and their alerts: both are kept, nothing is asked and nobody is alerted."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from ...account.cloud import Cloud
from ...account.records import UptimeAlert, UptimeCheck
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from .alerts import Receivers, Slack

router = APIRouter(prefix="/uptime/checks")

Name = Annotated[str, Field(min_length=1, max_length=255)]
Type = Literal["ping", "http", "https"]
Target = Annotated[str, Field(min_length=1)]
Regions = Annotated[list[Literal["us_east", "us_west", "eu_west", "se_asia"]], Field(min_length=1)]
MEASURED = ("latency", "ssl_expiry")  # in milliseconds, in days


def target_problem(type: str, target: str) -> str:
    if type == "ping" or target.startswith(f"{type}://"):
        return ""
    return f"target: a check of type {type} takes a {type}:// URL"


class Create(Body):
    name: Name
    type: Type
    target: Target
    regions: Regions
    enabled: bool

    @model_validator(mode="after")
    def check(self) -> Create:
        if problem := target_problem(self.type, self.target):
            raise ValueError(problem)
        return self


class Update(Body):
    name: Name | None = None
    type: Type | None = None
    target: Target | None = None
    regions: Regions | None = None
    enabled: bool | None = None


class Notifications(Receivers):
    """Both lists must be there; here one of them must name somebody."""

    email: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]]
    slack: list[Slack]

    @model_validator(mode="after")
    def check(self) -> Notifications:
        if not (self.email or self.slack):
            raise ValueError("notifications: give an email address or a Slack channel")
        return self


class Alert(Body):
    name: Name
    type: Literal["latency", "down", "down_global", "ssl_expiry"]
    threshold: Annotated[int, Field(ge=0)] | None = None
    comparison: Literal["greater_than", "less_than"] | None = None
    notifications: Notifications
    period: Literal["2m", "3m", "5m", "10m", "15m", "30m", "1h"]

    @model_validator(mode="after")
    def check(self) -> Alert:
        if self.type in MEASURED and (self.threshold is None or self.comparison is None):
            raise ValueError(f"threshold, comparison: an alert of type {self.type} needs both")
        return self


def show(check: UptimeCheck) -> dict[str, Any]:
    return {name: getattr(check, name) for name in ("id", *Create.model_fields)}


def show_alert(alert: UptimeAlert) -> dict[str, Any]:
    shown = {name: getattr(alert, name) for name in ("id", *Alert.model_fields)}
    return {name: value for name, value in shown.items() if value is not None}


def alert_of(cloud: Cloud, check_id: str, alert_id: str) -> UptimeAlert:
    alert = found(cloud.state.get(UptimeAlert, alert_id))
    return found(alert if alert.check_id == check_id else None)


@router.get("")
def list_checks(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("checks", cloud.state.all(UptimeCheck), show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    """Two checks may have one name."""
    with cloud.state.transaction():
        return {"check": show(cloud.state.put(UptimeCheck(str(uuid.uuid4()), **body.model_dump())))}


@router.get("/{check_id}")
def show_check(cloud: Account, check_id: str) -> dict[str, Any]:
    return {"check": show(found(cloud.state.get(UptimeCheck, check_id)))}


@router.put("/{check_id}")
def update(cloud: Account, check_id: str, body: Update) -> dict[str, Any]:
    with cloud.state.transaction():
        check = found(cloud.state.get(UptimeCheck, check_id))
        check = replace(check, **{name: value for name, value in body.model_dump().items() if value is not None})
        if problem := target_problem(check.type, check.target):
            raise errors.invalid(problem)
        return {"check": show(cloud.state.put(check))}


@router.delete("/{check_id}", status_code=204)
def delete(cloud: Account, check_id: str) -> None:
    """Its alerts go with it."""
    with cloud.state.transaction():
        cloud.state.remove(found(cloud.state.get(UptimeCheck, check_id)))
        for alert in cloud.state.all(UptimeAlert):
            if alert.check_id == check_id:
                cloud.state.remove(alert)


@router.get("/{check_id}/alerts")
def list_alerts(cloud: Account, pager: Paged, check_id: str) -> dict[str, Any]:
    check = found(cloud.state.get(UptimeCheck, check_id))
    rows = [alert for alert in cloud.state.all(UptimeAlert) if alert.check_id == check.id]
    return pager.reply("alerts", rows, show_alert)


@router.post("/{check_id}/alerts", status_code=201)
def create_alert(cloud: Account, check_id: str, body: Alert) -> dict[str, Any]:
    with cloud.state.transaction():
        check = found(cloud.state.get(UptimeCheck, check_id))
        alert = UptimeAlert(str(uuid.uuid4()), check.id, **body.model_dump())
        return {"alert": show_alert(cloud.state.put(alert))}


@router.get("/{check_id}/alerts/{alert_id}")
def show_one_alert(cloud: Account, check_id: str, alert_id: str) -> dict[str, Any]:
    return {"alert": show_alert(alert_of(cloud, check_id, alert_id))}


@router.put("/{check_id}/alerts/{alert_id}")
def update_alert(cloud: Account, check_id: str, alert_id: str, body: Alert) -> dict[str, Any]:
    with cloud.state.transaction():
        alert = alert_of(cloud, check_id, alert_id)
        return {"alert": show_alert(cloud.state.put(UptimeAlert(alert.id, check_id, **body.model_dump())))}


@router.delete("/{check_id}/alerts/{alert_id}", status_code=204)
def delete_alert(cloud: Account, check_id: str, alert_id: str) -> None:
    with cloud.state.transaction():
        cloud.state.remove(alert_of(cloud, check_id, alert_id))
