# SPDX-License-Identifier: GPL-3.0-or-later
"""Correct settings of the role docker."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .hosts_ground import REGISTRY
from .hosts_nginx import certificate

WISH = st.fixed_dictionaries(
    {
        "size": st.sampled_from(["10m", "5m"]),
        "files": st.sampled_from(["3", "2"]),
        "live_restore": st.sampled_from([True, True, False]),
        "debug": st.booleans(),
        "labels": st.booleans(),
        "icc": st.sampled_from([False, False, True]),
        "proxy_process": st.booleans(),
        "drop": st.sampled_from(["", "", "default-ulimits", "log-opts", "ip"]),
        "pool": st.sampled_from(["172.18.0.0/16", "172.18.0.0/16", "172.20.0.0/16"]),
        "mirror": st.booleans(),
        "prune": st.sampled_from([True, True, False]),
        "calendar": st.sampled_from(["weekly", "daily", "Mon 03:00"]),
        "age": st.sampled_from(["168h", "24h"]),
        "users": st.booleans(),
        "plugins": st.sampled_from([["compose", "buildx"], ["compose", "buildx"], ["compose"], []]),
        "reserved": st.booleans(),
        "proxy": st.sampled_from(["", "", "", "http://127.0.0.1:3128"]),
        "registry_ca": st.booleans(),
        "ca": st.sampled_from([False, False, False, True]),
    }
)

# Where each walk begins.
SIMPLE = {
    "size": "10m",
    "files": "3",
    "live_restore": True,
    "debug": False,
    "labels": False,
    "icc": False,
    "proxy_process": False,
    "drop": "",
    "pool": "172.18.0.0/16",
    "mirror": True,
    "prune": True,
    "calendar": "weekly",
    "age": "168h",
    "users": False,
    "plugins": ["compose", "buildx"],
    "reserved": False,
    "proxy": "",
    "registry_ca": False,
    "ca": False,
}


def variables(wish: dict[str, Any]) -> dict[str, Any]:
    return {
        "docker_daemon_options": {
            "log-opts": {"max-size": wish["size"], "max-file": wish["files"]},
            "live-restore": wish["live_restore"],
            "icc": wish["icc"],
            "userland-proxy": wish["proxy_process"],
            "default-address-pools": [{"base": wish["pool"], "size": 24}],
            **({"debug": True} if wish["debug"] else {}),
            **({"labels": ["walk=1"]} if wish["labels"] else {}),
            **({wish["drop"]: None} if wish["drop"] else {}),
        },
        "docker_registry_mirrors": [f"http://{REGISTRY}"] if wish["mirror"] else [],
        "docker_insecure_registries": [REGISTRY],
        "docker_prune_enabled": wish["prune"],
        "docker_prune_calendar": wish["calendar"],
        "docker_prune_age": wish["age"],
        "docker_users": ["deploy"] if wish["users"] else [],
        "docker_plugins": wish["plugins"],
        "docker_reserved_networks": ["10.73.0.0/24"] if wish["reserved"] else [],
        "docker_proxy": {"https": wish["proxy"], "no_proxy": "localhost"} if wish["proxy"] else {},
        "docker_registry_ca_certificates": {"registry.test:5000": certificate("shop", "one")["root"]}
        if wish["registry_ca"]
        else {},
        "docker_ca_certificates": certificate("blog", "one")["root"] if wish["ca"] else "",
    }


def engine_settings(given: dict[str, Any]) -> dict[str, Any]:
    """What `docker info` must say."""
    options = given["docker_daemon_options"]
    return {
        "LiveRestoreEnabled": options["live-restore"],
        "Debug": bool(options.get("debug")),
        "Labels": options.get("labels") or [],
        "Mirrors": [f"{mirror}/" for mirror in given["docker_registry_mirrors"]],
        "HttpsProxy": given["docker_proxy"].get("https") or "",
    }
