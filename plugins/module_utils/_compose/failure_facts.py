# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's containers and disks say about a failure, a sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .._app.docker_words import COMPOSE_SERVICE, labels_of
from .._app.failure import health_output

FULL_MIB = 32  # less than that may be no room for a layer, a log or a table's page
SIGNALS = {
    137: "killed: out of memory, or too slow to stop",
    139: "a crash of the program itself",
    143: "asked to stop",
}


def is_younger(item: Mapping[str, Any], since: float) -> bool:
    """Whether a container was made or started after a moment: those that a colour kept from before were not."""
    times = (item.get("Created"), (item.get("State") or {}).get("StartedAt"))
    return any(seconds(text) >= since for text in times if text)


def seconds(text: str) -> float:
    """Convert a time of Docker, which has nine digits after the point, to seconds since the epoch; 0 for no time."""
    head, _dot, fraction = text.rstrip("Z").partition(".")
    try:
        moment = datetime.fromisoformat(head).replace(tzinfo=UTC)
    except ValueError:
        return 0.0
    return moment.timestamp() + (float(f"0.{fraction}") if fraction.isdigit() else 0.0)


def of_containers(items: Iterable[Mapping[str, Any]], exits: Mapping[str, Sequence[int]], service: str) -> list[str]:
    """Exit codes and health checks' output of the candidate: of the service to blame, and of all that are not well.

    `exits` are the codes with which each container ended, oldest first: one that runs again has forgotten its own.
    """
    facts = []
    for item in sorted(items, key=lambda item: item["Name"]):
        state, mine = item["State"], service_of(item) == service
        codes = list(exits.get(item["Id"]) or ([state["ExitCode"]] if state["Status"] in ("exited", "dead") else []))
        if codes:
            facts.append(f"{service_of(item)}: container {item['Name'].lstrip('/')} {_ended(codes, state)}.")
        elif state["Status"] != "running":
            why = f": {state['Error']}" if state.get("Error") else ""
            facts.append(f"{service_of(item)}: container {item['Name'].lstrip('/')} is {state['Status']}{why}.")
        if said := health_output(state, always=mine):
            facts.append(f"{service_of(item)}: its health check said: {said}")
    return facts


def _ended(codes: Sequence[int], state: Mapping[str, Any]) -> str:
    last = codes[-1]
    times = f", {len(codes)} times" if len(codes) > 1 else ""
    why = "out of memory" if state.get("OOMKilled") else SIGNALS.get(last, "")
    return f"exited with {last}{f' ({why})' if why else ''}{times}"


def of_data(items: Sequence[Mapping[str, Any]], wanted: Iterable[str]) -> list[str]:
    """Data services that are not well: a release's containers fail for want of them, and cannot say so."""
    facts = []
    for name in sorted(wanted):
        mine = [item for item in items if service_of(item) == name]
        if not mine:
            facts.append(f"{name}, a data service, has no container.")
        for state in [item["State"] for item in mine]:
            if state["Status"] in ("exited", "dead", "created", "paused"):
                code = f" with exit code {state['ExitCode']}" if state["Status"] in ("exited", "dead") else ""
                verb = "is paused" if state["Status"] == "paused" else f"is stopped{code}"
                facts.append(f"{name}, a data service, {verb}.")
            elif state["Status"] == "restarting":
                facts.append(f"{name}, a data service, exits with {state['ExitCode']} again and again.")
            elif (state.get("Health") or {}).get("Status") == "unhealthy":
                facts.append(f"{name}, a data service, is unhealthy: {health_output(state)}")
    return facts


def of_disks(free: Mapping[str, tuple[int, int]]) -> list[str]:
    """From free MiB and free inodes by place."""
    facts = []
    for place, (mib, inodes) in sorted(free.items()):
        if mib == 0:
            facts.append(f"The disk is full: not one MiB is free at {place} (No space left on device).")
        elif mib < FULL_MIB:
            facts.append(f"Only {mib} MiB are free at {place}. That may be the cause.")
        elif inodes == 0:
            facts.append(f"The disk is full: no inode is free at {place} (No space left on device).")
    return facts


def service_of(item: Mapping[str, Any]) -> str:
    return labels_of(item).get(COMPOSE_SERVICE, "")


def with_code(reason: str, service: str, items: Iterable[Mapping[str, Any]], exits: Mapping[str, Sequence[int]]) -> str:
    """The reason with the exit code that a container which runs again has forgotten."""
    codes = [code for item in items if service_of(item) == service for code in exits.get(item["Id"], [])]
    return reason.replace("its container ended", f"its container exited with {codes[-1]}") if codes else reason


def parse_exits(text: str) -> dict[str, list[int]]:
    """From lines `<container> <exit code>`, as the engine's events have them."""
    found: dict[str, list[int]] = {}
    for line in text.splitlines():
        container, _space, code = line.partition(" ")
        if code.lstrip("-").isdigit():
            found.setdefault(container, []).append(int(code))
    return found
