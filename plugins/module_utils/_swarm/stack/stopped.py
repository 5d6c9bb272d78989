# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service is while its app is stopped, and what it was before. Pure.

Its definition stays, without tasks: secrets, volumes and the number of tasks are what they were.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from ..labels import DATA, PART, STATELESS, STOPPED
from ..service import Spec, replicas

# What runs on every node has no number that could be 0: no node fits it.
NOWHERE = "node.labels.izzzi.nowhere == true"


def is_part(spec: Spec) -> bool:
    """Tell whether a service stops with its app. The edge stays: visitors get its page."""
    return spec["Labels"].get(PART) in (DATA, STATELESS)


def is_stopped(specs: Mapping[str, Spec]) -> bool:
    """Tell whether a service of the app was stopped with it."""
    return any(STOPPED in spec["Labels"] for spec in specs.values())


def stopped(spec: dict) -> dict:
    """Return the service without tasks, and with a note of how many it had."""
    if STOPPED in spec["Labels"] or not is_part(spec):
        return spec
    result, count = copy.deepcopy(spec), replicas(spec)
    result["Labels"][STOPPED] = "" if count is None else str(count)
    if count is None:
        placement = result["TaskTemplate"].setdefault("Placement", {})
        placement["Constraints"] = [*(placement.get("Constraints") or []), NOWHERE]
    else:
        result["Mode"]["Replicated"]["Replicas"] = 0
    return result


def started(spec: dict) -> dict:
    """Return the service as it was before."""
    if STOPPED not in spec["Labels"]:
        return spec
    result = copy.deepcopy(spec)
    count = result["Labels"].pop(STOPPED)
    if count:
        result["Mode"]["Replicated"]["Replicas"] = int(count)
    elif (placement := result["TaskTemplate"].get("Placement")) and placement.get("Constraints"):
        placement["Constraints"] = [text for text in placement["Constraints"] if text != NOWHERE]
    return result
