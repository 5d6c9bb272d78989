# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One engine as a member of a Swarm: what it says of itself, and how it begins, joins or leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..engine import Engine, EngineError, NotInSwarm, Unavailable

PORT = 2377
STOPPED = "stopped"  # a member whose engine does not run; the other states are Docker's


class MemberError(Exception):
    """The engine did not become what was asked; the message says why and what to do."""


def observe(engine: Engine, was_member: Callable[[], bool] | None = None) -> dict[str, Any]:
    """What this engine knows. No token is part of it. Without an engine, that of a bare host.

    An engine that does not run may be a member's: its node is down, and not gone.
    """
    try:
        info = engine.get("/info")
    except Unavailable as error:
        state = STOPPED if (was_member or has_member_state)() else "inactive"
        return {"engine": "", "state": state, "manager": False, "nodes": None, "error": str(error)}
    found = of_info(info)
    if found["manager"]:
        try:
            found["nodes"] = [of_node(node) for node in engine.get("/nodes")]
        except NotInSwarm as error:
            found["error"] = str(error)
    return found


def has_member_state(settings: Path = Path("/etc/docker/daemon.json"), root: Path = Path("/var/lib/docker")) -> bool:
    """Whether an engine on this host was a member when it last ran; leaving a Swarm removes this file."""
    with suppress(OSError, ValueError, AttributeError):
        root = Path(json.loads(settings.read_text(encoding="utf-8")).get("data-root") or root)
    return (root / "swarm" / "docker-state.json").exists()


def of_info(info: Mapping[str, Any]) -> dict[str, Any]:
    swarm = info.get("Swarm") or {}
    cluster = swarm.get("Cluster") or {}
    return {
        "engine": info.get("ServerVersion", "?"),
        "state": swarm.get("LocalNodeState") or "inactive",
        "id": swarm.get("NodeID", ""),
        "address": swarm.get("NodeAddr", ""),
        "manager": bool(swarm.get("ControlAvailable")),
        "managers": sorted(peer["Addr"].rpartition(":")[0] for peer in swarm.get("RemoteManagers") or []),
        "cluster": cluster.get("ID", ""),
        "pools": cluster.get("DefaultAddrPool") or [],
        "pool_size": cluster.get("SubnetSize", 0),
        "live_restore": bool(info.get("LiveRestoreEnabled")),
        "own_pools": [pool["Base"] for pool in info.get("DefaultAddressPools") or []],
        "nodes": None,
        "error": swarm.get("Error", ""),
    }


def of_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a node that decisions are made of."""
    manager = node.get("ManagerStatus") or {}
    address = manager.get("Addr", "").rpartition(":")[0] or node["Status"].get("Addr", "")
    return {
        "id": node["ID"],
        "name": node["Description"].get("Hostname", ""),
        "address": address,
        "role": node["Spec"]["Role"],
        "availability": node["Spec"]["Availability"],
        "labels": node["Spec"].get("Labels") or {},
        "state": node["Status"]["State"],
        "leader": bool(manager.get("Leader")),
        "voter": bool(manager),
        "reachable": manager.get("Reachability") == "reachable",
        "created": node.get("CreatedAt", ""),
    }


def begin(engine: Engine, address: str, pools: list[str], pool_size: int) -> None:
    engine.post(
        "/swarm/init",
        {
            # Its own address in the VPC, so that the public one has no listener.
            "ListenAddr": f"{address}:{PORT}",
            "AdvertiseAddr": address,
            "DataPathAddr": address,
            "DefaultAddrPool": pools,
            "SubnetSize": pool_size,
            "Spec": {},
        },
    )


def join(
    engine: Engine,
    address: str,
    managers: list[str],
    token: str,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Returns once this engine is a member. The token is in the request's body only."""
    request = {
        "ListenAddr": f"{address}:{PORT}",
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "RemoteAddrs": [f"{manager}:{PORT}" for manager in managers],
        "JoinToken": token,
    }
    deadline = clock() + timeout
    try:
        engine.post("/swarm/join", request)
    except EngineError as error:
        # "Timeout was reached before node joined": it goes on by itself, so its state tells.
        if "in the background" not in str(error):
            raise MemberError(f"{str(error).replace(token, '...')}. {_unreached(managers)}") from error
    while (found := of_info(engine.get("/info")))["state"] != "active":
        if clock() >= deadline:
            engine.post("/swarm/leave", force=True)
            why = found["error"].replace(token, "...")
            raise MemberError(
                f"It did not join within {timeout:.0f} s{': ' + why if why else ''}. {_unreached(managers)}"
            )
        sleep(0.5)


def _unreached(managers: list[str]) -> str:
    return (
        f"Can this host reach {', '.join(f'{address}:{PORT}/tcp' for address in managers)}? "
        "Cloud firewall and host firewall must let members of the VPC in (base_firewall_swarm_sources)."
    )


def leave(engine: Engine) -> None:
    engine.post("/swarm/leave", force=True)
