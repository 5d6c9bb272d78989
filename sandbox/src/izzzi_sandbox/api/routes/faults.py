# SPDX-License-Identifier: GPL-3.0-or-later
"""/_sandbox/faults: arm, list and remove faults."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from ...account.faults import KINDS, ON_REQUESTS, ON_SPACES, SPACES
from .. import errors
from ..deps import Account, Body

router = APIRouter(prefix="/faults")

Seconds = Annotated[float, Field(ge=0, le=600)]
ONLY_FOR = {  # what a field is for; elsewhere it would be ignored in silence
    "method": ON_REQUESTS,
    "path": ON_REQUESTS,
    "status": ("status",),
    "message": ("status",),
    "headers": ("status",),
    "when": ("status", "reset"),
    "bytes": ("cut",),
    "action": ("stuck", "errored"),
    "name": ("stuck", "errored", "no_addresses", "member_lag"),
    "seconds": ("latency", "stuck", "member_lag"),
}


class Create(Body):
    kind: Literal["latency", "status", "reset", "cut", "damage", "stuck", "errored", "no_addresses", "member_lag"]
    method: str = "*"
    path: str = "*"
    action: str = "*"
    name: str = "*"
    skip: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = 1
    seconds: Seconds | None = None
    status: Annotated[int, Field(ge=400, le=599)] = 503
    message: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    when: Literal["before", "after"] = "before"
    bytes: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def check(self) -> Create:
        strange = [name for name, kinds in ONLY_FOR.items() if name in self.model_fields_set and self.kind not in kinds]
        if strange:
            raise ValueError(f"{self.kind} takes no {', '.join(strange)}: {KINDS[self.kind]}")
        if self.kind in ("latency", "member_lag") and self.seconds is None:
            raise ValueError(f"{self.kind} needs seconds")
        if self.kind in ON_SPACES and not self.path.startswith(SPACES):
            raise ValueError(f"{self.kind} needs a path that begins with {SPACES}")
        return self


@router.get("")
def list_faults(cloud: Account) -> dict[str, Any]:
    return {"faults": [fault.show() for fault in cloud.faults.all()]}


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    return {"fault": cloud.faults.arm(**body.model_dump()).show()}


@router.delete("", status_code=204)
def delete_all(cloud: Account) -> None:
    cloud.faults.remove()


@router.delete("/{fault_id}", status_code=204)
def delete(cloud: Account, fault_id: int) -> None:
    if not cloud.faults.remove(fault_id):
        raise errors.not_found()
