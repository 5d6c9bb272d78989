# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/projects and the resources in them."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from ...account.cloud import Cloud
from ...account.records import Assignment, Domain, Droplet, LoadBalancer, Project, ReservedIp, Volume, Vpc, now
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

PURPOSES = (
    "Just trying out DigitalOcean",
    "Class project / Educational purposes",
    "Website or blog",
    "Web Application",
    "Service or API",
    "Mobile Application",
    "Machine learning / AI / Data processing",
    "IoT",
    "Operational / Developer tooling",
)
OTHER = "Other: "
URN = re.compile(r"do:[a-z_]+:.+")
KINDS = (Droplet, Vpc, Domain, Volume, ReservedIp, LoadBalancer)  # what has a URN, beside buckets
router = APIRouter(prefix="/projects")

Name = Annotated[str, Field(min_length=1, max_length=175)]
Text = Annotated[str, Field(max_length=255)]
Purpose = Annotated[str, Field(min_length=1, max_length=255)]
Environment = Literal["Development", "Staging", "Production"]


class Create(Body):
    name: Name
    purpose: Purpose
    description: Text | None = None
    environment: Environment | None = None


class Replace(Body):
    name: Name
    description: Text
    purpose: Purpose
    environment: Environment
    is_default: bool


class Update(Body):
    name: Name | None = None
    description: Text | None = None
    purpose: Purpose | None = None
    environment: Environment | None = None
    is_default: bool | None = None


class Resources(Body):
    resources: list[str]


def find(state: State, id: str) -> Project:
    if id == "default":
        return next(project for project in state.all(Project) if project.is_default)
    return found(state.get(Project, id))


def show(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "owner_uuid": "5a0db0c5-1d0f-4d4c-9c3a-2f2d6f1f0b0d",
        "owner_id": 1,
        "name": project.name,
        "description": project.description,
        "purpose": project.purpose,
        "environment": project.environment,
        "is_default": project.is_default,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
    }


def _stored_purpose(purpose: str) -> str:
    return purpose if purpose in PURPOSES or purpose.startswith(OTHER) else OTHER + purpose


def _unique(state: State, name: str, but: str = "") -> None:
    if any(project.name == name and project.id != but for project in state.all(Project)):
        raise errors.ApiError(409, "name is already in use")


def _resources(cloud: Cloud, project: Project) -> dict[str, str]:
    """URN to the moment of assignment. The default project has all that no other has."""
    assigned = {row.id: row for row in cloud.state.all(Assignment)}
    rows = [row for kind in KINDS for row in cloud.state.all(kind)] + cloud.spaces.buckets()
    existing = {row.urn: row.created_at for row in rows if not _is_default_vpc(row)}
    rest = {urn: created for urn, created in existing.items() if project.is_default and urn not in assigned}
    own = {urn: row.assigned_at for urn, row in assigned.items() if row.project_id == project.id and urn in existing}
    return rest | own


def _is_default_vpc(row: Any) -> bool:
    """They belong to a region, not to a project."""
    return isinstance(row, Vpc) and row.default


@router.get("")
def list_projects(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("projects", cloud.state.all(Project), show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        _unique(cloud.state, body.name)
        project = Project(
            id=str(uuid.uuid4()),
            name=body.name,
            description=body.description or "",
            purpose=_stored_purpose(body.purpose),
            environment=body.environment or "Development",
        )
        return {"project": show(cloud.state.put(project))}


@router.get("/{project_id}")
def show_project(cloud: Account, project_id: str) -> dict[str, Any]:
    return {"project": show(find(cloud.state, project_id))}


@router.put("/{project_id}")
def replace(cloud: Account, project_id: str, body: Replace) -> dict[str, Any]:
    return _change(cloud, project_id, body)


@router.patch("/{project_id}")
def update(cloud: Account, project_id: str, body: Update) -> dict[str, Any]:
    return _change(cloud, project_id, body)


def _change(cloud: Cloud, project_id: str, body: Replace | Update) -> dict[str, Any]:
    with cloud.state.transaction():
        project = find(cloud.state, project_id)
        changes = body.model_dump(exclude_none=True)
        if "name" in changes:
            _unique(cloud.state, changes["name"], but=project.id)
        if "purpose" in changes:
            changes["purpose"] = _stored_purpose(changes["purpose"])
        if changes.get("is_default") is False and project.is_default:
            raise errors.ApiError(412, "there must be a default project: make another one the default")
        if changes.get("is_default") and not project.is_default:
            _move_default(cloud)
        for field, value in changes.items():
            setattr(project, field, value)
        project.updated_at = now()
        return {"project": show(cloud.state.put(project))}


def _move_default(cloud: Cloud) -> None:
    """What lies in the old default project by default stays there."""
    state = cloud.state
    former = find(state, "default")
    for urn, created in _resources(cloud, former).items():
        state.put(Assignment(urn, former.id, created))
    former.is_default = False
    state.put(former)


@router.delete("/{project_id}", status_code=204)
def delete(cloud: Account, project_id: str) -> None:
    with cloud.state.transaction():
        project = find(cloud.state, project_id)
        if project.is_default:
            raise errors.ApiError(412, "the default project cannot be deleted")
        if _resources(cloud, project):
            raise errors.ApiError(412, "cannot delete a project with resources")
        cloud.state.remove(project)


@router.get("/{project_id}/resources")
def list_resources(cloud: Account, request: Request, project_id: str, pager: Paged) -> dict[str, Any]:
    rows = list(_resources(cloud, find(cloud.state, project_id)).items())
    return pager.reply("resources", rows, lambda row: _show_resource(request, row[0], row[1], "ok"))


@router.post("/{project_id}/resources")
def assign(cloud: Account, request: Request, project_id: str, body: Resources) -> dict[str, Any]:
    if not all(URN.fullmatch(urn) for urn in body.resources):
        raise errors.ApiError(400, "resource objects must have an urn in the form do:resource_type:resource_id")
    with cloud.state.transaction():
        project = find(cloud.state, project_id)
        rows = []
        for urn in body.resources:
            status = _assign(cloud, project, urn)
            moment = _resources(cloud, project).get(urn, now())
            rows.append(_show_resource(request, urn, moment, status))
    return {"resources": rows}


def _assign(cloud: Cloud, project: Project, urn: str) -> str:
    """A 200 can carry a not_found: clients must read the status of every URN."""
    state = cloud.state
    if urn in _resources(cloud, project):
        return "already_assigned"
    if not any(urn in _resources(cloud, other) for other in state.all(Project)):
        return "not_found"
    former = state.get(Assignment, urn)
    if former and project.is_default:
        state.remove(former)
    else:
        state.put(Assignment(urn, project.id))
    return "assigned"


def _show_resource(request: Request, urn: str, assigned_at: str, status: str) -> dict[str, Any]:
    _, kind, id = urn.split(":", 2)
    link = str(request.url.replace(path=f"/v2/{kind}s/{id}", query=""))
    return {"urn": urn, "assigned_at": assigned_at, "links": {"self": link}, "status": status}
