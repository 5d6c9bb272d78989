# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that plan.yml saves: its schema, which docs/plan.md shows, and what is wrong with one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

VERSION = 1
Schema = Mapping[str, Any]


def _object(**properties: Schema) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: Schema) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
SWITCH: Schema = {"type": "boolean"}
WORK = ["create", "update", "replace", "delete"]
ANY: Schema = {}  # a text, number, boolean, list, object or null
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A plan that playbooks/plan.yml has saved",
    **_object(
        version={"const": VERSION},
        project=TEXT,
        environment={"enum": ["production", "staging", "dev"]},
        made=TEXT,
        flags=_object(
            target=_list(TEXT),
            allow_open_ssh=SWITCH,
            allow_resize=SWITCH,
            allow_replace=_list(TEXT),
            replace=_list(TEXT),
            prune=SWITCH,
            delete_data=SWITCH,
        ),
        fingerprint=TEXT,
        monthly_cost=_object(before=NUMBER, after=NUMBER),
        plan=_list(
            _object(
                action={"enum": [*WORK, "noop", "keep"]},
                kind=TEXT,
                name=TEXT,
                changes=_list(_object(field=TEXT, before=ANY, after=ANY)),
                monthly_cost=NUMBER,
                monthly_cost_delta=NUMBER,
                reason=TEXT,
                notes=_list(TEXT),
            )
        ),
        left_out=_list(_object(action={"enum": WORK}, kind=TEXT, name=TEXT)),
    ),
}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
}


def problem(text: str, path: str, environment: str = "") -> str:
    """Say in a sentence what is wrong with a saved plan, or with carrying it out in `environment` (project and
    environment, such as shop-staging). Return an empty text when nothing is."""
    anew = f"Make it anew: playbooks/plan.yml -e plan_file={path}."
    try:
        saved = json.loads(text)
    except ValueError as error:
        return f"{path} is not a saved plan: it is not JSON ({error}). {anew}"
    if not isinstance(saved, dict) or "plan" not in saved:
        return f"{path} is not a saved plan: it is JSON of something else. {anew}"
    version = saved.get("version")
    if version != VERSION or isinstance(version, bool):
        told = "no version" if version is None else f"version {version!r}"
        return f"{path} has {told}, and this collection reads version {VERSION}. {anew}"
    if wrong := next(_differences(saved, SCHEMA, ""), ""):
        return f"{path} is a damaged plan: {wrong}. {anew}"
    whose = f"{saved['project']}-{saved['environment']}"
    if environment and whose != environment:
        return f"{path} is a plan of {whose}, and this inventory declares {environment}. Nothing was written."
    return ""


def _differences(value: Any, schema: Schema, where: str) -> Iterator[str]:
    if "const" in schema and value != schema["const"]:
        yield f"{where} is {value!r} and not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r} and not one of {', '.join(schema['enum'])}"
    kind = schema.get("type")
    if not kind:
        return
    if not isinstance(value, TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
        yield f"{where or 'the whole'} is not of the type {kind}"
        return
    if kind == "object":
        for name, part in schema["properties"].items():
            place = f"{where}.{name}" if where else name
            if name not in value:
                yield f"{place} is missing"
            else:
                yield from _differences(value[name], part, place)
    if kind == "array":
        for number, item in enumerate(value):
            yield from _differences(item, schema["items"], f"{where}[{number}]")
