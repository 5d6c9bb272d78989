# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/monitoring/alerts: policies are kept, nobody is alerted."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from ...account.records import AlertPolicy, Droplet, LoadBalancer
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

router = APIRouter(prefix="/monitoring/alerts")

DROPLET = "v1/insights/droplet/"
DROPLET_TYPES = (
    "load_1",
    "load_5",
    "load_15",
    "memory_utilization_percent",
    "disk_utilization_percent",
    "cpu",
    "disk_read",
    "disk_write",
    "public_outbound_bandwidth",
    "public_inbound_bandwidth",
    "private_outbound_bandwidth",
    "private_inbound_bandwidth",
)
BALANCER = "v1/insights/lbaas/"
BALANCER_TYPES = (
    "avg_cpu_utilization_percent",
    "connection_utilization_percent",
    "droplet_health",
    "tls_connections_per_second_utilization_percent",
    "increase_in_http_error_rate_percentage_5xx",
    "increase_in_http_error_rate_percentage_4xx",
    "increase_in_http_error_rate_count_5xx",
    "increase_in_http_error_rate_count_4xx",
    "high_http_request_response_time",
    "high_http_request_response_time_50p",
    "high_http_request_response_time_95p",
    "high_http_request_response_time_99p",
)
TYPES = {f"{DROPLET}{name}" for name in DROPLET_TYPES} | {f"{BALANCER}{name}" for name in BALANCER_TYPES}


class Slack(Body):
    channel: str
    url: str


class Receivers(Body):
    email: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(default_factory=list)
    slack: list[Slack] = Field(default_factory=list)


class Create(Body):
    type: str
    description: str
    compare: Literal["GreaterThan", "LessThan"]
    value: Annotated[float, Field(ge=0)]
    window: Literal["5m", "10m", "30m", "1h"]
    entities: list[str]
    tags: list[str]
    alerts: Receivers
    enabled: bool


def show(policy: AlertPolicy) -> dict[str, Any]:
    return {"uuid": policy.id, **{name: getattr(policy, name) for name in Create.model_fields}}


def _checked(state: State, body: Create) -> dict[str, Any]:
    if body.type not in TYPES:
        raise errors.invalid("type: the sandbox has alerts on droplets and load balancers: v1/insights/...")
    kind = Droplet if body.type.startswith(DROPLET) else LoadBalancer
    missing = [entity for entity in body.entities if state.get(kind, entity) is None]
    if missing:
        raise errors.invalid(f"entities do not exist: {', '.join(missing)}")
    if not (body.alerts.email or body.alerts.slack):
        raise errors.invalid("alerts: give an email address or a Slack channel")
    return body.model_dump()


@router.get("")
def list_policies(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("policies", cloud.state.all(AlertPolicy), show)


@router.post("")
def create(cloud: Account, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        policy = AlertPolicy(str(uuid.uuid4()), **_checked(cloud.state, body))
        return {"policy": show(cloud.state.put(policy))}


@router.get("/{policy_id}")
def show_policy(cloud: Account, policy_id: str) -> dict[str, Any]:
    return {"policy": show(found(cloud.state.get(AlertPolicy, policy_id)))}


@router.put("/{policy_id}")
def replace(cloud: Account, policy_id: str, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        found(cloud.state.get(AlertPolicy, policy_id))
        return {"policy": show(cloud.state.put(AlertPolicy(policy_id, **_checked(cloud.state, body))))}


@router.delete("/{policy_id}", status_code=204)
def delete(cloud: Account, policy_id: str) -> None:
    with cloud.state.transaction():
        cloud.state.remove(found(cloud.state.get(AlertPolicy, policy_id)))
