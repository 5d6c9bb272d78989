# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what compose files say in several forms: durations, sizes, ports, mounts, environments. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .variables import scalar

UNITS = {"us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
SIZES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?", re.IGNORECASE)
_PORT = re.compile(
    r"(?:(?P<address>\[[^]]*\]|\d+(?:\.\d+){3}):)?(?:(?P<host>[\d-]*):)?(?P<target>[\d-]+)(?:/(?P<protocol>\w+))?"
)
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


class SpecError(ValueError):
    """A declaration that Swarm cannot run; the message says what, where and what to do."""


def nanoseconds(value: Any) -> int:
    """Read `1m30s` or a number of seconds."""
    if isinstance(value, (int, float)):
        return int(value * 10**9)
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SpecError(f"{value!r} is not a valid duration, for example 10s or 1m30s.")
    return int(sum(float(number) * UNITS[unit] for number, unit in parts))


def size(value: Any) -> int:
    """Read `512mb`, `1g` or a number of bytes."""
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise SpecError(f"{value!r} is not a valid size, for example 512M or 1G.")
    return int(float(match[1]) * SIZES[match[2].lower()])


def words(value: Any) -> list[str]:
    """Read a command as a list; a text is split as a shell would."""
    if value is None:
        return []
    return shlex.split(value) if isinstance(value, str) else [str(word) for word in value]


def pairs(value: Any) -> dict[str, str | None]:
    """Read an environment or labels, given as a dictionary or as a list of `NAME=value`; None for a name alone."""
    if isinstance(value, Mapping):
        return {str(key): None if text is None else scalar(text) for key, text in value.items()}
    found = (str(item).partition("=") for item in value or [])
    return {key: text if separator else None for key, separator, text in found}


def literal(text: Any) -> str:
    """Write a text so that Swarm, which expands `{{ ... }}` in some places, leaves it as it is."""
    return str(text).replace("{{", '{{"{{"}}')


def mounts(service: Mapping[str, Any], project: str, volumes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return volumes, binds, tmpfs and, since Swarm knows no shm_size, /dev/shm, as the Engine API has them."""
    result = [_mount(item, project, volumes) for item in service.get("volumes") or []]
    paths = service.get("tmpfs") or []
    result += [{"Type": "tmpfs", "Target": literal(path)} for path in ([paths] if isinstance(paths, str) else paths)]
    if "shm_size" in service:
        options = {"SizeBytes": size(service["shm_size"])}
        result.append({"Type": "tmpfs", "Target": "/dev/shm", "TmpfsOptions": options})
    return result


def _mount(item: Any, project: str, volumes: Mapping[str, Any]) -> dict[str, Any]:
    mount, options = read_mount(item), {}
    source = mount.source
    if mount.kind == "volume" and source:
        if source not in volumes:
            raise SpecError(f"volume {source!r} is not declared.")
        options = _volume_options(volumes[source] or {})
        source = volume_name(project, source, volumes[source])
    named = {"Source": literal(source)} if source else {}
    read_only = {"ReadOnly": True} if mount.read_only else {}
    return {"Type": mount.kind, **named, "Target": literal(mount.target), **options, **read_only}


class Mount(NamedTuple):
    """An entry of `volumes`. Without a source Docker makes a volume without a name."""

    kind: str
    source: str
    target: str
    read_only: bool = False


def read_mount(item: Any) -> Mount:
    """Read `source:target:ro`, `target`, or a dictionary."""
    if not isinstance(item, Mapping):
        source, colon, rest = str(item).partition(":")
        target, _colon, mode = rest.partition(":")
        item = (
            {"source": source, "target": target, "read_only": "ro" in mode.split(",")} if colon else {"target": source}
        )
    source = str(item.get("source") or "")
    kind = item.get("type") or ("bind" if source.startswith("/") else "volume")
    return Mount(kind, source, str(item.get("target") or ""), bool(item.get("read_only")))


def volume_name(project: str, name: str, declared: Mapping[str, Any] | None) -> str:
    """Return Docker's name of a volume that is declared as `name`."""
    options = declared or {}
    return str(options.get("name") or (name if options.get("external") else f"{project}_{name}"))


def _volume_options(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return with what a node makes the volume when it has none of the name."""
    driver, options = declared.get("driver"), declared.get("driver_opts") or {}
    if not driver and not options:
        return {}
    given = {key: str(value) for key, value in options.items()}
    return {"VolumeOptions": {"DriverConfig": {"Name": driver or "local", "Options": given}}}


def healthcheck(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a health check as the Engine API's HealthConfig."""
    test = declared.get("test")
    if declared.get("disable") or test == ["NONE"]:
        return {"Test": ["NONE"]}
    result: dict[str, Any] = {"Test": ["CMD-SHELL", test] if isinstance(test, str) else words(test)} if test else {}
    for key in ("interval", "timeout", "start_period", "start_interval"):
        if key in declared:
            result[key.title().replace("_", "")] = nanoseconds(declared[key])
    return result | ({"Retries": int(declared["retries"])} if "retries" in declared else {})


class Port(NamedTuple):
    """An entry of `ports`: what is published, at `first` to `last` of the host. They are 0 where Docker chooses."""

    address: str
    first: int
    last: int
    target: int
    protocol: str = "tcp"


def read_port(item: Any) -> Port:
    """Read `127.0.0.1:8080:80/udp` in all its short forms, or a dictionary. Of a range of targets the first counts."""
    if isinstance(item, Mapping):
        parts = tuple(map(item.get, ("host_ip", "published", "target", "protocol")))
    else:
        found = _PORT.fullmatch(str(item))
        parts = found.group("address", "host", "target", "protocol") if found else ("", "", "", "")
    address, host, target, protocol = parts
    outside, inside = _range(host), _range(target)
    if not outside or not inside or not inside[0]:
        raise SpecError(f"{item!r} is not a published port, for example 127.0.0.1:8080:80.")
    return Port(str(address or "").strip("[]"), *outside, inside[0], str(protocol or "tcp"))


def _range(text: Any) -> tuple[int, int] | None:
    """Return the first and the last of `80` or `80-82`, 0 for nothing, and None for what is not a port."""
    found = _RANGE.fullmatch(str(text or 0))
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    return (first, last) if first <= last < 65536 else None


def published(services: Mapping[str, Any]) -> Iterator[tuple[str, Port]]:
    """Yield what services publish, each with the service's name, which errors have too."""
    for name, service in services.items():
        for item in (service or {}).get("ports") or []:
            try:
                yield name, read_port(item)
            except SpecError as error:
                raise SpecError(f"service {name}: {error}") from error
