# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses keys of a declared service that nobody reads, at every depth: they would be settings without effect."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from ..._app.values import SpecError

_UPDATE = dict.fromkeys(("parallelism", "delay", "failure_action", "monitor", "max_failure_ratio", "order"))
# A dictionary says what is allowed inside; None: a value that its reader judges.
_AMOUNTS: dict[str, Any] = {"cpus": None, "memory": None}
_INSIDE: dict[str, Any] = {
    "deploy": {
        "mode": None,
        "replicas": None,
        "labels": None,
        "endpoint_mode": None,
        "placement": {"constraints": None, "preferences": None, "max_replicas_per_node": None},
        "resources": {"limits": {**_AMOUNTS, "pids": None}, "reservations": _AMOUNTS},
        "restart_policy": dict.fromkeys(("condition", "delay", "max_attempts", "window")),
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
    },
    "healthcheck": dict.fromkeys(
        ("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable")
    ),
    "logging": {"driver": None, "options": None},
}
# Lists whose items may be texts or dictionaries.
_ITEMS: dict[str, set[str]] = {
    "volumes": {"type", "source", "target", "read_only"},
    "ports": {"target", "published", "host_ip", "protocol", "mode", "name", "app_protocol"},
    "secrets": {"source", "target", "mode", "uid"},
    "configs": {"source", "target", "mode", "uid"},
    "checks": {"path", "status", "json", "release", "contains", "headers", "edge"},
}


def check_keys(declared: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise SpecError for the first key that means nothing, with its place and what may have been meant."""
    _refuse_unknown(declared, known, "")
    for key, inside in _INSIDE.items():
        _check(declared.get(key), inside, key)
    for key, allowed in _ITEMS.items():
        items = declared.get(key) or []
        if not isinstance(items, (list, tuple)):
            raise SpecError(f"{key} must be a list.")
        for number, item in enumerate(items):
            if isinstance(item, Mapping):
                _refuse_unknown(item, allowed, f"{key}[{number}].")


def _check(value: Any, inside: Mapping[str, Any], path: str) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise SpecError(f"{path} must be a dictionary.")
    _refuse_unknown(value, inside, f"{path}.")
    for key, deeper in inside.items():
        if deeper is not None:
            _check(value.get(key), deeper, f"{path}.{key}")


def _refuse_unknown(found: Mapping[str, Any], known: Collection[str], path: str) -> None:
    for key in map(str, found):
        if key not in known and not key.startswith("x-"):
            near = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.75)
            if near:
                raise SpecError(f"there is no key {path}{key}: is {path}{near[0]} meant?")
            raise SpecError(f"Swarm has no {path}{key}.")
