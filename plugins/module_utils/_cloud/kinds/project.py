# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DigitalOcean project that the environment's resources are shown in: made when it is missing, and all of them put
into it by one request. Firewalls, keys, tags and VPCs belong to no project."""

from __future__ import annotations

from typing import Any, ClassVar

from ..account import Account, Reads, Row
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, changed, created
from ..resource import BASE, PROJECT, Context, Resource

OPTIONS = {
    "id": {"type": "str", "default": ""},
    "name": {"type": "str", "default": ""},
    "description": {"type": "str"},
    "purpose": {"type": "str"},
    "environment": {"type": "str", "choices": ["Development", "Staging", "Production"]},
}
ENVIRONMENTS = {"production": "Production", "staging": "Staging", "dev": "Development"}
LIMITS = {"name": 175, "description": 255, "purpose": 255}
OTHER = "Other: "  # DigitalOcean puts it before a purpose that it does not know
LAG_SECONDS = 180.0  # what was deleted counts as a resource for a while
DONE = ("ok", "assigned", "already_assigned")


def problems(project: dict[str, Any]) -> list[str]:
    return [
        f"do_project.{option}: it has {len(project[option])} characters; {limit} at most."
        for option, limit in LIMITS.items()
        if len(project[option] or "") > limit
    ]


def find(project: dict[str, Any], rows: list[Row]) -> Row | None:
    """Find by id, else by name. An id may be given as a name too, as in many a terraform.tfvars."""
    wanted = project["id"] or project["name"]
    return next((row for row in rows if wanted in (row["id"], row["name"])), None)


def fields(row: Row) -> dict[str, Any]:
    return {**row, "purpose": (row.get("purpose") or "").removeprefix(OTHER)}


def spelling(urn: str) -> str:
    """Normalise a URN: reserved IPs have two spellings."""
    return urn.replace("do:reservedip:", "do:floatingip:").lower()


def refused(reply: dict[str, Any]) -> list[str]:
    """Return the URNs that a request did not assign, with their status. It answers 200 all the same."""
    return [f"{row['urn']} ({row['status']})" for row in reply.get("resources", []) if row.get("status") not in DONE]


def doomed(context: Context, account: Account) -> set[str]:
    """Return the URNs of what goes with the environment, in one spelling."""
    return {spelling(urn) for resource in context.resources for urn in resource.urns(account)}


class Project(Resource):
    kind = "project"
    phase = BASE
    arguments: ClassVar[dict[str, Any]] = {"do_project": {"type": "dict", "options": OPTIONS}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        project = declared["do_project"]
        if project is None:
            return []
        name = "" if project["id"] else project["name"] or names.base
        declared["do_project"] = {**project, "name": name}
        if project["id"] and project["name"]:
            return ["do_project: give the id or the name, not both."]
        return problems(declared["do_project"])

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._declared = context.declared["do_project"]

    def reads(self) -> Reads:
        if not self._declared:
            return {}
        client = self.context.client
        return {"projects": lambda: client.list("/projects", "projects")}

    def more_reads(self, account: Account) -> Reads:
        row = find(self._declared, account["projects"]) if self._declared else None
        if row is None:
            return {}
        path = f"/projects/{row['id']}/resources"
        return {"project_resources": lambda: self.context.client.list(path, "resources")}

    def problems(self, account: Account) -> list[str]:
        if not self._declared or find(self._declared, account["projects"]) or not self._declared["id"]:
            return []
        names = ", ".join(sorted(row["name"] for row in account["projects"]))
        return [
            f"do_project.id: the account has no project with the id or name {self._declared['id']!r}, but {names}. To "
            "have one made, give do_project.name."
        ]

    def steps(self, account: Account) -> list[Step]:
        if not self._declared:
            return []
        row = find(self._declared, account["projects"])
        given = {k: v for k, v in self._declared.items() if k in ("description", "purpose", "environment")}
        given = {key: value for key, value in given.items() if value is not None}
        if row is None:
            default = {"description": "", "purpose": "Web Application"}
            default["environment"] = ENVIRONMENTS[self.context.declared["environment"]]
            wanted = {**default, **given}
            name = self._declared["name"]
            return [Step(CREATE, "project", name, created(wanted), lambda: self._create({"name": name, **wanted}))]
        self.context.known.put("project", "", row)
        changes = changed(fields(row), given)
        if not changes:
            return [Step(NOOP, "project", row["name"])]
        path, body = f"/projects/{row['id']}", {change.field: change.after for change in changes}
        return [Step(UPDATE, "project", row["name"], changes, lambda: self.context.client.patch(path, body))]

    def _create(self, body: dict[str, Any]) -> None:
        client = self.context.client

        def look_up() -> dict[str, Any] | None:
            row = find(self._declared, client.list("/projects", "projects"))
            return row and {"project": row}

        self.context.known.put("project", "", client.create("/projects", body, look_up)["project"])

    def surplus(self, account: Account) -> list[Step]:
        """Delete the project if it has the environment's own name and holds nothing else; other projects stay."""
        row = find(self._declared, account["projects"]) if self._declared and self.context.is_absent else None
        if not row or row["name"] != self.context.names.base or row.get("is_default"):
            return []
        rest = {spelling(resource["urn"]) for resource in account["project_resources"]} - doomed(self.context, account)
        step = Step(DELETE, "project", row["name"], apply=lambda: self._delete(row["id"]))
        return [step.keep(f"it holds what stays: {', '.join(sorted(rest))}.")] if rest else [step]

    def _delete(self, id: str) -> None:
        delete = self.context.client.delete
        self.context.wait.through(lambda: delete(f"/projects/{id}"), (412,), LAG_SECONDS)

    def outputs(self) -> dict[str, Any]:
        return {"project_id": self.context.known.id("project", "")}


class Assignment(Resource):
    """Everything goes into the project by one request, once all of it is made."""

    kind = "project_resources"
    phase = PROJECT

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._declared = None if context.is_absent else context.declared["do_project"]

    def steps(self, account: Account) -> list[Step]:
        if not self._declared:
            return []
        row = self.context.known.row("project", "") or self._declared
        present = {spelling(resource["urn"]) for resource in account.get("project_resources", [])}
        missing = [
            (resource, name)
            for resource in self.context.resources
            for name in resource.members(account)
            if spelling(resource.urn(name)) not in present
        ]
        if not missing:
            return [Step(NOOP, self.kind, row["name"])]
        change = Change("assigned", None, [f"{resource.kind} {name}" for resource, name in missing])
        return [Step(UPDATE, self.kind, row["name"], (change,), lambda: self._assign(missing))]

    def needs(self, name: str) -> list[tuple[str, str]]:
        """Return all that belongs in the project: what does not exist cannot be assigned."""
        return [("project", ""), *((resource.kind, "") for resource in self.context.resources if resource.urn_noun)]

    def _assign(self, missing: list[tuple[Resource, str]]) -> None:
        """Repeat the request until it has assigned everything: what was just made may not be found at once, and to
        assign a resource again does no harm."""
        client, path = self.context.client, f"/projects/{self.context.known.id('project', '')}/resources"
        body = {"resources": [resource.urn(name) for resource, name in missing]}
        left: list[str] = []

        def done() -> bool:
            left[:] = refused(client.post(path, body))
            return not left

        self.context.wait.until(
            done,
            lambda: f"These cannot be assigned to the project: {', '.join(left)}. Run again.",
        )
