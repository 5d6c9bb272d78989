# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of some resources only: those that somebody names, and what they need. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from .names import Names
from .plan import IDLE, REPLACE, Problems, Step

if TYPE_CHECKING:  # resources use the plan, and this reads them
    from .resource import Resource

Entry = tuple["Resource", Step]
Chosen = dict[str, set[str]]  # names by kind
MOST_NAMED = 12


def problems(declared: dict[str, Any]) -> list[str]:
    if not declared["target"]:
        return []
    found = [
        f"target: {word!r} is not KIND.NAME or KIND, for example droplet.app."
        for word in declared["target"]
        if not word.partition(".")[0]
    ]
    if declared["prune"]:
        found.append(
            "target: it does not go with prune (provision_prune): whether something is left over is seen by the whole "
            "plan only. Leave one of them out."
        )
    if declared["state"] == "absent":
        found.append("target: it does not go with state absent, which deletes the whole environment.")
    return found


def short(name: str, names: Names) -> str:
    """Return a resource's name as it is declared, without what the environment puts before it. Of a record it is the
    host's name, whatever its type."""
    before = (names.uptime_check(""), names.alert(""), names.firewall(""), names.bucket(""), names.group_tag(""))
    return next((name.removeprefix(part) for part in before if name.startswith(part)), name).split(" ")[0]


def addresses(entry: Entry, names: Names) -> list[str]:
    """Return all that a step can be called by, the way that people write first."""
    resource, step = entry
    words = [*sorted(resource.aliases(step.name)), short(step.name, names), step.name]
    return [f"{step.kind}.{word}" for word in dict.fromkeys(words) if word] + [step.kind]


def choose(targets: Iterable[str], entries: list[Entry], names: Names) -> Chosen:
    """Return the names of the targets, of all that they need, and of what hangs on one that is replaced. Raise Problems
    for a target that is not declared."""
    called = [(entry, addresses(entry, names)) for entry in entries]
    if unknown := [word for word in targets if not any(word in words for _entry, words in called)]:
        raise Problems([_unknown(word, called) for word in unknown])
    left = [entry for entry, words in called if set(targets) & set(words)]
    chosen: Chosen = {}
    while left:
        resource, step = left.pop()
        if step.name in chosen.setdefault(step.kind, set()):
            continue
        chosen[step.kind].add(step.name)
        for kind, name in resource.needs(step.name):
            left += [entry for entry in entries if entry[1].kind == kind and name in ("", entry[1].name)]
        if step.action == REPLACE:  # its address, its volumes and its records would hang on nothing
            left += [entry for entry in entries if _hangs_on(entry, step)]
    return chosen


def _hangs_on(entry: Entry, replaced: Step) -> bool:
    resource, step = entry
    return step.action not in IDLE and (replaced.kind, replaced.name) in resource.needs(step.name)


def _unknown(word: str, called: list[tuple[Entry, list[str]]]) -> str:
    known = list(dict.fromkeys(address for _entry, words in called for address in words))
    near = get_close_matches(word, known, 1, 0.5)
    kind = word.partition(".")[0]
    same = list(dict.fromkeys(words[0] for (_resource, step), words in called if step.kind == kind))
    kinds = list(dict.fromkeys(step.kind for (_resource, step), _words in called))
    there = _listed(same) if same else f"kinds {_listed(kinds)}"
    nearest = f" Did you mean {near[0]}?" if near else ""
    return f"target: nothing that is declared is called {word}.{nearest} There are: {there}."


def _listed(words: list[str]) -> str:
    more = f", and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return ", ".join(words[:MOST_NAMED]) + more


def followers(entries: list[Entry], kind: str, name: str) -> list[str]:
    """Return what changes because a resource is replaced: all with work that needs it."""
    return [
        f"{step.kind} {step.name}"
        for resource, step in entries
        if step.action not in IDLE and {(kind, name), (kind, "")} & set(resource.needs(step.name))
    ]
