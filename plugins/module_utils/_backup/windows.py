# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which times can be had back, and whether archiving keeps up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import base, names, segments
from .base import Base
from .config import Config
from .context import Context
from .segments import Piece

LATE = 60.0  # seconds
NONE_YET = 600.0  # seconds that the first base backup of a chain may take before it is told


def spans(bases: Sequence[Base], archives: Mapping[str, Sequence[Piece]]) -> list[dict[str, Any]]:
    """Return from which second to which every one can be had back, for each stretch without a gap. `missing` is the WAL
    segment with which it ends, empty when it ends because nothing newer was archived. `archives` are the pieces of each
    chain."""
    found: list[dict[str, Any]] = []
    for one in bases:
        pieces = archives.get(one.chain, ())
        count, missing = segments.first_gap(pieces, one.segment, one.size)
        first = segments.number(one.segment, one.size)
        until = segments.last(piece for piece in pieces[:count] if segments.number(piece.segment, one.size) >= first)
        if found and (found[-1]["chain"], found[-1]["until"]) == (one.chain, until):
            continue
        if until >= one.until:
            row = {"service": one.service, "chain": one.chain, "since": one.until, "until": until, "missing": missing}
            found.append(row)
    return found


def windows(context: Context) -> list[dict[str, Any]]:
    """Return the stretches of time that can be had back, by service, with their ends as people write them."""
    if not context.config.archived:
        return []
    there = base.bases(context)
    archives = {chain: segments.parse(context.archive.names(chain)) for chain in {one.chain for one in there}}
    found = []
    for service in context.config.archived:
        found += spans([one for one in there if one.service == service], archives)
    return [{**row, "text": text(row)} for row in found]


def text(row: Mapping[str, Any]) -> str:
    """Say what a stretch is."""
    more = f"; then the WAL segment {row['missing']} is missing" if row["missing"] else ""
    return f"{row['service']}: every second from {names.utc(row['since'])} to {names.utc(row['until'])}{more}"


def report(state: Mapping[str, Any], base_state: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return what is known of a service's archive on its host. `lag` is how many seconds of writes would be lost."""
    archived = state.get("archived")
    lag = round(now - archived, 1) if archived else None
    broken = (state.get("broken") or {}).get("time")
    chain = state.get("chain", {}).get("name", "")
    made = base_state if base_state.get("chain") == chain else {}
    return {"archived": archived, "lag": lag, "broken_since": broken, "chain": chain, "base": dict(made)}


def troubles(
    service: str, state: Mapping[str, Any], base_state: Mapping[str, Any], config: Config, now: float
) -> list[str]:
    """Return a sentence for whatever is not as it should be with a service's archive."""
    found, known = [], report(state, base_state, now)
    if broken := state.get("broken"):
        found.append(
            f"The archive of {service} is broken since {names.utc(broken['time'])}: {broken['why'].splitlines()[0]}. "
            "The next base backup begins a new chain; what was written in between cannot be had back to the second."
        )
    why = f" {state['trouble']['why'].splitlines()[0]}" if state.get("trouble") else ""
    if not known["chain"]:
        found.append(f"The WAL of {service} is not archived.{why or ' Does izzzi-backup-wal@' + config.app + ' run?'}")
    elif now - state["chain"]["since"] > LATE and (known["lag"] or now) > max(LATE, 3 * config.wal_interval):
        since = f"ends {known['lag']:.0f} s ago" if known["lag"] else "has nothing yet"
        found.append(f"The archive of {service} {since}.{why or ' Does izzzi-backup-wal@' + config.app + ' run?'}")
    if known["chain"] and not known["base"] and now - state["chain"]["since"] > NONE_YET and not broken:
        found.append(f"The archive of {service} has no base backup yet, so that no point in time can be had back.")
    if known["base"] and now - known["base"]["time"] > (config.base_days + 2) * base.DAY:
        found.append(f"The base backup of {service} is {(now - known['base']['time']) / base.DAY:.0f} days old.")
    return found
