# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which compose files say durations, sizes and mounts, as the Engine API wants them. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from .app import volume_name
from .variables import scalar

UNITS = {"us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
SIZES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?", re.IGNORECASE)


class SpecError(ValueError):
    """A declaration that Swarm cannot run; the message says what, where and what to do."""


def nanoseconds(value: Any) -> int:
    """`1m30s` or a number of seconds."""
    if isinstance(value, (int, float)):
        return int(value * 10**9)
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SpecError(f"{value!r} is no duration such as 10s or 1m30s.")
    return int(sum(float(number) * UNITS[unit] for number, unit in parts))


def size(value: Any) -> int:
    """`512mb`, `1g` or a number of bytes."""
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise SpecError(f"{value!r} is no size such as 512M or 1G.")
    return int(float(match[1]) * SIZES[match[2].lower()])


def words(value: Any) -> list[str]:
    """A command as a list; a text is split as a shell would."""
    if value is None:
        return []
    return shlex.split(value) if isinstance(value, str) else [str(word) for word in value]


def pairs(value: Any) -> dict[str, str | None]:
    """Environment or labels, given as a dictionary or as a list of `NAME=value`."""
    if isinstance(value, Mapping):
        return {str(key): None if text is None else scalar(text) for key, text in value.items()}
    found = (str(item).partition("=") for item in value or [])
    return {key: text if separator else None for key, separator, text in found}


def literal(text: Any) -> str:
    """Swarm expands `{{ ... }}` in environments, host names and mounts; so written it comes out as it was."""
    return str(text).replace("{{", '{{"{{"}}')


def mounts(service: Mapping[str, Any], project: str, volumes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Volumes, binds, tmpfs and, since Swarm knows no shm_size, /dev/shm."""
    result = [_mount(item, project, volumes) for item in service.get("volumes") or []]
    paths = service.get("tmpfs") or []
    result += [{"Type": "tmpfs", "Target": literal(path)} for path in ([paths] if isinstance(paths, str) else paths)]
    if "shm_size" in service:
        options = {"SizeBytes": size(service["shm_size"])}
        result.append({"Type": "tmpfs", "Target": "/dev/shm", "TmpfsOptions": options})
    return result


def _mount(item: Any, project: str, volumes: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(item, str):
        source, separator, rest = item.partition(":")
        target, _, mode = rest.partition(":")
        if not separator:
            return {"Type": "volume", "Target": literal(source)}
        item = {"source": source, "target": target, "read_only": "ro" in mode.split(",")}
    source = str(item.get("source", ""))
    options: dict[str, Any] = {}
    kind = item.get("type") or ("bind" if source.startswith("/") else "volume")
    if kind == "volume" and source:
        if source not in volumes:
            raise SpecError(f"volume {source!r} is not declared.")
        options |= _volume_options(volumes[source] or {})
        source = volume_name(project, source, volumes[source])
    mount = {"Type": kind, "Source": literal(source), "Target": literal(item["target"])}
    return mount | options | ({"ReadOnly": True} if item.get("read_only") else {})


def _volume_options(declared: Mapping[str, Any]) -> dict[str, Any]:
    """With what a node makes the volume when it has none of the name."""
    driver, options = declared.get("driver"), declared.get("driver_opts") or {}
    if not driver and not options:
        return {}
    given = {key: str(value) for key, value in options.items()}
    return {"VolumeOptions": {"DriverConfig": {"Name": driver or "local", "Options": given}}}


def healthcheck(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The API's HealthConfig."""
    test = declared.get("test")
    if declared.get("disable") or test == ["NONE"]:
        return {"Test": ["NONE"]}
    result: dict[str, Any] = {"Test": ["CMD-SHELL", test] if isinstance(test, str) else words(test)} if test else {}
    for key in ("interval", "timeout", "start_period", "start_interval"):
        if key in declared:
            result[key.title().replace("_", "")] = nanoseconds(declared[key])
    return result | ({"Retries": int(declared["retries"])} if "retries" in declared else {})


def published(item: Any) -> tuple[str, int, int, str]:
    """Address, host port, container port and protocol of a `ports` entry; host port 0 when none is given."""
    if isinstance(item, Mapping):
        host = str(item.get("host_ip") or "")
        return host, int(item.get("published") or 0), int(item["target"]), str(item.get("protocol") or "tcp")
    text, _, protocol = str(item).partition("/")
    *front, target = text.rsplit(":", 2) if text.count(":") > 1 else text.split(":")
    address, port = (front[0], front[1]) if len(front) == 2 else ("", front[0] if front else "0")
    if "-" in port + target:
        raise SpecError(f"port {item!r} is a range: list its ports one by one.")
    return address.strip("[]"), int(port), int(target), protocol or "tcp"
