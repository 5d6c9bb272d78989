# SPDX-License-Identifier: GPL-3.0-or-later
"""What the settings promise, asked of the droplet from outside and from inside."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import hosts_base, hosts_docker, hosts_nginx
from .droplet.fetch import fetch
from .hosts_ground import Door

Given = Mapping[str, dict[str, Any]]  # the settings, by role
CONTAINER, CONTAINER_PORT = "walk-keep", 9200
OPEN_PORTS = (9301, 9302)  # upstream.py listens there


def until(find: Callable[[], str], seconds: float) -> str:
    """What is wrong is asked again, for so long: a reload or a restart takes a moment."""
    deadline = time.monotonic() + seconds
    while (fault := find()) and time.monotonic() < deadline:
        time.sleep(0.15)
    return fault


def is_reached(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=0.3).close()
    except OSError:
        return False
    return True


def ports(host: Door, given: Given) -> str:
    """Each port is open from here if something listens and the firewall lets us in, and otherwise closed."""
    base, nginx = given["base"], given["nginx"]
    listening = {base["base_ssh_port"], CONTAINER_PORT, *OPEN_PORTS}
    for site in nginx["nginx_sites"].values():
        listening |= {site.get("listen", 80), *([site["listen_tls"]] if "tls" in site else [])}
    asked = sorted({22, 2222, 80, 443, 8080, 8443, *listening})
    with ThreadPoolExecutor(len(asked)) as pool:
        reached = dict(zip(asked, pool.map(lambda port: is_reached(host.address, port), asked), strict=True))
    wanted = {port: port in listening and hosts_base.is_open(base, port) for port in asked}
    return "; ".join(
        f"port {port} is {'open' if reached[port] else 'closed'} and should not be"
        for port in asked
        if reached[port] != wanted[port]
    )


def answers(host: Door, given: Given, live: dict[str, int]) -> str:
    """Visitors get what the sites declare, from outside where the firewall lets us in."""
    faults = []
    for visit in hosts_nginx.visits(given["nginx"], live):
        outside = hosts_base.is_open(given["base"], visit.request["port"])
        ask = fetch if outside else lambda request: host.ask("fetch", **request)
        faults.append(visit.fault(ask({**visit.request, **({"address": host.address} if outside else {})})))
    return "\n".join([*filter(None, faults), *_certificates(host, given["nginx"])])


def _certificates(host: Door, nginx: dict[str, Any]) -> list[str]:
    faults = []
    for name, site in nginx["nginx_sites"].items():
        if site.get("tls", {}).get("source") == "files":
            request = {
                "host": site.get("server_names", ["nobody.test"])[0],
                "port": site["listen_tls"],
                "path": "/",
                "tls": True,
            }
            shown = host.ask("fetch", **request).get("certificate")
            wanted = hashlib.sha256(ssl.PEM_cert_to_DER_cert(site["tls"]["certificate"])).hexdigest()
            if shown != wanted:
                faults.append(f"{name} shows another certificate than the declared one")
    return faults


def engine(host: Door, given: Given) -> str:
    """The engine has its settings, and the container runs and answers."""
    told = host.shell("docker info --format '{{json .}}' 2>/dev/null || echo '{}'")
    info = json.loads(told)
    if not info:
        return "the engine does not answer"
    info |= {"Labels": info["Labels"] or [], "Mirrors": info["RegistryConfig"]["Mirrors"] or []}
    faults = [
        f"{name} is {info.get(name)!r}, not {value!r}"
        for name, value in hosts_docker.engine_settings(given["docker"]).items()
        if info.get(name) != value
    ]
    asked = f"exec 3<>/dev/tcp/127.0.0.1/{CONTAINER_PORT} && echo PING >&3 && timeout 2 head -n 1 <&3"
    answer = host.shell(f"timeout 3 bash -c '{asked}' 2>&1 || true").strip()
    if answer != "+PONG":
        faults.append(f"the container answers {answer!r}")
    return "; ".join(faults)


def services(host: Door, given: Given) -> str:
    return unlike(host.ask("look_at_host")["units"], given)


def unlike(units: Mapping[str, str], given: Given) -> str:
    wanted = {**hosts_base.units(given["base"]), "nginx.service": True, "docker.service": True, "logrotate.timer": True}
    wanted["izzzi-docker-prune.timer"] = given["docker"]["docker_prune_enabled"]
    faults = []
    for unit, runs in wanted.items():
        words = units[unit].split()
        is_right = "active" in words and "enabled" in words if runs else "active" not in words
        if not is_right:
            faults.append(f"{unit}: {units[unit]}")
    return "; ".join(faults)


def login(host: Door, given: Given) -> str:
    fault = host.login()
    return f"{host.user} cannot log in on port {host.port}: {fault}" if fault else ""


def fault(host: Door, given: Given, live: dict[str, int], logs_in: bool) -> str:
    """Whatever is not as declared. A login is tried where something could have touched it; the port is, always."""
    for find in ([login] if logs_in else []) + [services, engine, ports]:
        if words := until(lambda find=find: find(host, given), 15):
            return words
    return until(lambda: answers(host, given, live), 5)
