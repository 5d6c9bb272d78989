# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of a Swarm, and what its hosts observe."""

from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.declared import (
    Declared,
)

ADDRESSES = {
    "m1": "10.20.0.1",
    "m2": "10.20.0.2",
    "m3": "10.20.0.3",
    "m4": "10.20.0.4",
    "m5": "10.20.0.5",
    "w1": "10.20.0.11",
    "w2": "10.20.0.12",
}


POOL = {"pools": ["172.16.0.0/16"], "pool_size": 24}


def declared(*names: str, **more) -> Declared:
    managers = {name: ADDRESSES[name] for name in names if name[0] == "m"}
    workers = {name: ADDRESSES[name] for name in names if name[0] == "w"}
    return Declared(managers=managers, workers=workers, **{**POOL, "reserved": ["10.20.0.0/16"], **more})


def node(name: str, *, state="ready", reachable=None, labels=None, leader=False, role=None, identity=None) -> dict:
    role = role or ("manager" if name[0] == "m" else "worker")
    up = state == "ready" if reachable is None else reachable
    return {
        "id": identity or f"id-{name}",
        "name": name,
        "address": ADDRESSES[name],
        "role": role,
        "availability": "active",
        "labels": labels or {},
        "state": state,
        "leader": leader,
        "voter": role == "manager",
        "reachable": role == "manager" and up,
        "created": "2026-11-25T10:00:00Z",
    }


def bare() -> dict:
    return {"engine": "", "state": "inactive", "manager": False, "nodes": None, "error": ""}


def member(name: str, nodes: list[dict] | None = None, **more) -> dict:
    return {
        "engine": "26.1",
        "state": "active",
        "id": f"id-{name}",
        "manager": nodes is not None,
        "nodes": nodes,
        "managers": [ADDRESSES["m1"]],
        "cluster": "c1" if nodes is not None else "",
        "error": "",
        **POOL,
        **more,
    }


def swarm(*nodes: dict, asked: str = "") -> dict:
    """What hosts that are all up observe of a Swarm of these nodes."""
    names = asked.split() or [n["name"] for n in nodes if n["state"] == "ready"]
    return {
        name: member(name, list(nodes) if any(n["name"] == name and n["voter"] for n in nodes) else None)
        for name in names
    }
