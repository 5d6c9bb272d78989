# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one engine begin, join or leave a Swarm, and reads what it says of itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..._app.until import until
from ..engine import Engine, EngineError, NotInSwarm, Unavailable
from ..node import Node, parse_node

PORT = 2377
STOPPED = "stopped"  # a member whose engine does not run; the other states are Docker's


class MemberError(Exception):
    """The engine did not become what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Member:
    """What an engine says of itself; no token is part of it. `nodes` only managers with a majority know."""

    engine: str = ""
    state: str = "inactive"
    id: str = ""
    address: str = ""
    manager: bool = False
    managers: list[str] = field(default_factory=list)
    cluster: str = ""
    pools: list[str] = field(default_factory=list)
    pool_size: int = 0
    live_restore: bool = False
    own_pools: list[str] = field(default_factory=list)
    nodes: list[Node] | None = None
    error: str = ""


Members = Mapping[str, Member]


def observe(engine: Engine, was_member: Callable[[], bool] | None = None) -> Member:
    """Ask an engine what it knows. Without an engine return a bare host's answer.

    An engine that does not run may be a member's: its node is down, and not gone.
    """
    try:
        found = of_info(engine.get("/info"))
    except Unavailable as error:
        return Member(state=STOPPED if (was_member or has_member_state)() else "inactive", error=str(error))
    if not found.manager:
        return found
    try:
        return replace(found, nodes=[parse_node(node) for node in engine.get("/nodes")])
    except NotInSwarm as error:
        return replace(found, error=str(error))


def of_result(result: Mapping[str, Any]) -> Member:
    """Read what the module swarm_member returned."""
    nodes = result.get("nodes")
    return Member(**{**result, "nodes": nodes if nodes is None else [Node(**node) for node in nodes]})


def has_member_state(settings: Path = Path("/etc/docker/daemon.json"), root: Path = Path("/var/lib/docker")) -> bool:
    """Return whether an engine on this host was a member when it last ran; leaving a Swarm removes this file."""
    with suppress(OSError, ValueError, AttributeError):
        root = Path(json.loads(settings.read_text(encoding="utf-8")).get("data-root") or root)
    return (root / "swarm" / "docker-state.json").exists()


def of_info(info: Mapping[str, Any]) -> Member:
    """Read the Engine API's /info."""
    swarm = info.get("Swarm") or {}
    cluster = swarm.get("Cluster") or {}
    return Member(
        engine=info.get("ServerVersion", "?"),
        state=swarm.get("LocalNodeState") or "inactive",
        id=swarm.get("NodeID", ""),
        address=swarm.get("NodeAddr", ""),
        manager=bool(swarm.get("ControlAvailable")),
        managers=sorted(peer["Addr"].rpartition(":")[0] for peer in swarm.get("RemoteManagers") or []),
        cluster=cluster.get("ID", ""),
        pools=cluster.get("DefaultAddrPool") or [],
        pool_size=cluster.get("SubnetSize", 0),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        own_pools=[pool["Base"] for pool in info.get("DefaultAddressPools") or []],
        error=swarm.get("Error", ""),
    )


def begin(engine: Engine, address: str, pools: list[str], pool_size: int) -> None:
    """Begin a Swarm with this engine as its only manager."""
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
    """Join, and return once this engine is a member. The token is in the request's body only; `timeout` is seconds."""
    request = {
        "ListenAddr": f"{address}:{PORT}",
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "RemoteAddrs": [f"{manager}:{PORT}" for manager in managers],
        "JoinToken": token,
    }
    try:
        engine.post("/swarm/join", request)
    except EngineError as error:
        # "Timeout was reached before node joined": it goes on by itself, so its state tells.
        if "in the background" not in str(error):
            raise MemberError(f"{str(error).replace(token, '...')}. {_unreached(managers)}") from error

    def pending() -> str:
        found = of_info(engine.get("/info"))
        return "" if found.state == "active" else found.error or "no reason given"

    if why := until(pending, timeout=timeout, interval=0.5, clock=clock, sleep=sleep):
        engine.post("/swarm/leave", force=True)
        why = why.replace(token, "...")
        raise MemberError(f"It did not join within {timeout:.0f} s: {why}. {_unreached(managers)}")


def _unreached(managers: list[str]) -> str:
    return (
        f"Can this host reach {', '.join(f'{address}:{PORT}/tcp' for address in managers)}? "
        "Cloud firewall and host firewall must let members of the VPC in (base_firewall_swarm_sources)."
    )


def leave(engine: Engine) -> None:
    engine.post("/swarm/leave", force=True)


def join_tokens(engine: Engine) -> dict[str, str]:
    """Return what a host joins with, by role. Anybody who has one and reaches port 2377 gets in."""
    tokens = engine.get("/swarm")["JoinTokens"]
    return {"worker": tokens["Worker"], "manager": tokens["Manager"]}


def rotate_tokens(engine: Engine) -> None:
    """Make new tokens; the old ones are worthless from then on. Members are not affected."""
    swarm = engine.get("/swarm")
    query = {"version": swarm["Version"]["Index"], "rotateWorkerToken": True, "rotateManagerToken": True}
    engine.post("/swarm/update", swarm["Spec"], **query)
