# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a state once when it begins, and once when it is over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._app.events import OK, WARNING


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. It is told when it was seen `patience` times in a row, and anew when its
    `stamp` is another one; by others where it is not `ours`."""

    kind: str
    title: str
    detail: str = ""
    result: str = WARNING
    stamp: str = ""
    patience: int = 1
    ours: bool = True


@dataclass(frozen=True)
class Reading:
    """What one look has found: all keys begin with `subject`. `fine` has words for what is well, by key; a reading that
    is not `known` says nothing of anything."""

    subject: str
    findings: Mapping[str, Finding] = field(default_factory=dict)
    fine: Mapping[str, str] = field(default_factory=dict)
    known: bool = True


Event = dict[str, str]
State = dict[str, dict[str, Any]]


def compare(before: Mapping[str, Mapping[str, Any]], readings: Iterable[Reading]) -> tuple[list[Event], State]:
    """Return the events that follow from what was known and what is read now, and what is known then."""
    told: list[Event] = []
    after: State = {}
    for reading in readings:
        own = {key: dict(one) for key, one in before.items() if key.partition(":")[0] == reading.subject}
        if not reading.known:
            after |= own
            continue
        for key, finding in reading.findings.items():
            after[key] = _seen(own.get(key, {}), finding, told)
        for key, one in own.items():
            if key not in reading.findings and one["told"] and key in reading.fine:
                told.append(event(one["kind"], reading.fine[key], "", OK))
    return told, after


def _seen(known: Mapping[str, Any], finding: Finding, told: list[Event]) -> dict[str, Any]:
    same = known.get("stamp") == finding.stamp
    seen = min(known.get("seen", 0) + 1 if same else 1, finding.patience)
    was_told = bool(same and known.get("told"))
    if not was_told and seen >= finding.patience and finding.ours:
        told.append(event(finding.kind, finding.title, finding.detail, finding.result))
    return {"kind": finding.kind, "stamp": finding.stamp, "seen": seen, "told": was_told or seen >= finding.patience}


def event(kind: str, title: str, detail: str, result: str) -> Event:
    return {"kind": kind, "title": title, "detail": detail, "result": result}
