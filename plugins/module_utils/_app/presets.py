# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole definitions of the data services that most apps have, of which a declaration says only what differs. Pure.

The definitions are those that this project's own tests run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

POSTGRES, REDIS, MAIL = "postgres", "redis", "mail"
# What a preset takes beside the keys of a compose file.
_OPTIONS = {POSTGRES: {"version", "database", "user"}, REDIS: {"version"}, MAIL: {"version", "page_port"}}
_PROBE = {"interval": "5s", "timeout": "5s", "retries": 12}
# Passwords are in a file, because arguments are visible to every user of the host, and because there can be two.
_REDIS_START = """umask 077
[ -s /data/users.acl ] || echo "user default on >$$REDIS_OWNER_PASSWORD ~* &* +@all" > /data/users.acl
exec redis-server --dir /data --appendonly yes --aclfile /data/users.acl
"""


def expand_presets(
    data_services: Mapping[str, Any], project: str, names: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the data services with every preset written out, and what follows from them: `volumes`, `database`,
    `redis`, `mail` (the service, the `port` of its page, and `page_port` on the host), and the `secrets` to generate;
    and of `names`, Docker's names of volumes, what `volumes` says then. Raise ValueError with all that is wrong."""
    found: dict[str, Any] = {"data_services": {}, "volumes": {}, "database": {}, "redis": {}, "mail": {}, "secrets": {}}
    found["names"] = {volume: {"name": name} for volume, name in (names or {}).items()}
    problems = [
        f"app_data_volumes.{volume}: {name!r} is not a name of a volume, of letters, digits, _, . and -."
        for volume, name in (names or {}).items()
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", str(name))
    ]
    for name, given in data_services.items():
        declared = {} if given is None else given
        preset = _preset_of(name, declared)
        if not preset:
            found["data_services"][name] = declared
            continue
        if preset not in _OPTIONS:
            problems.append(f"app_data_services.{name}.preset: {preset!r} is not one of {', '.join(_OPTIONS)}.")
            continue
        options = {key: value for key, value in declared.items() if key in _OPTIONS[preset]}
        problems += _problems(f"app_data_services.{name}", options, preset, found)
        if not problems:
            _add(found, name, preset, options, project)
            rest = {key: value for key, value in declared.items() if key not in {*_OPTIONS[preset], "preset"}}
            found["data_services"][name] = _overridden(found["data_services"][name], rest)
    if problems:
        raise ValueError("\n".join(problems))
    return found


def _preset_of(name: str, declared: Any) -> str:
    """Return the preset that a service names, or has the name of while it says neither image nor build."""
    if not isinstance(declared, Mapping):
        return ""
    if "preset" in declared:
        return str(declared["preset"])
    return name if name in _OPTIONS and not {"image", "build"} & set(declared) else ""


def _problems(place: str, options: Mapping[str, Any], preset: str, found: Mapping[str, Any]) -> list[str]:
    problems = []
    if "version" in options and not re.fullmatch(r"\d+(\.\d+)*(-[a-z0-9.]+)?", str(options["version"])):
        problems.append(f"{place}.version: {options['version']!r} is not a version such as 17 or 17.2.")
    for key in ("database", "user"):
        if key in options and not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", str(options[key])):
            problems.append(f"{place}.{key}: {options[key]!r} is not a name such as my_shop, of a-z, 0-9 and _.")
    if (preset == POSTGRES and found["database"]) or (preset == REDIS and found["redis"]):
        problems.append(f"{place}: a second {preset} needs a definition of its own, with `image`.")
    return problems


def _add(found: dict[str, Any], name: str, preset: str, options: Mapping[str, Any], project: str) -> None:
    if preset == POSTGRES:
        own = re.sub(r"[^a-z0-9_]", "_", project.lower())
        database, user = str(options.get("database", own)), str(options.get("user", own))
        found["data_services"][name] = _postgres(name, str(options.get("version", "17")), database, user)
        found["database"] = {"service": name, "name": database, "user": user}
        found["secrets"]["vault_app_postgres_password"] = {}
    elif preset == REDIS:
        found["data_services"][name] = _redis(name, str(options.get("version", "8")))
        found["redis"] = {"service": name}
        found["secrets"]["vault_app_redis_password"] = {}
    else:
        port = options.get("page_port", 1080)
        page = f"127.0.0.1:{port}:1080"
        found["mail"] = {"service": name, "port": 1080, "page_port": port}
        found["data_services"][name] = {"image": f"maildev/maildev:{options.get('version', '2.2.1')}", "ports": [page]}
    if preset != MAIL:
        found["volumes"][name] = {}


def _postgres(name: str, version: str, database: str, user: str) -> dict[str, Any]:
    # From 18 on the image keeps each major version in a directory of its own below the volume.
    place = "/var/lib/postgresql/data" if int(re.split(r"\D", version)[0]) < 18 else "/var/lib/postgresql"
    ready = ["CMD", "pg_isready", "--quiet", f"--username={user}", f"--dbname={database}", "--host=127.0.0.1"]
    return {
        "image": f"postgres:{version}",
        "environment": {
            "POSTGRES_DB": database,
            "POSTGRES_USER": user,
            "POSTGRES_PASSWORD": "${DATABASE_OWNER_PASSWORD}",
        },
        "volumes": [f"{name}:{place}"],
        "shm_size": "128mb",
        "stop_grace_period": "60s",
        "healthcheck": {"test": ready, **_PROBE},
    }


def _redis(name: str, version: str) -> dict[str, Any]:
    return {
        "image": f"redis:{version}",
        "user": "redis",
        "environment": {
            "REDIS_OWNER_PASSWORD": "${REDIS_OWNER_PASSWORD}",
            "REDISCLI_AUTH": "${REDIS_OWNER_PASSWORD}",
        },
        "command": ["sh", "-c", _REDIS_START],
        "volumes": [f"{name}:/data"],
        "healthcheck": {"test": ["CMD", "redis-cli", "ping"], **_PROBE},
    }


def _overridden(definition: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Merge dictionaries, one level deep. Anything else takes the place of what the preset says."""
    merged = dict(definition)
    for key, value in given.items():
        ours = merged.get(key)
        merged[key] = {**ours, **value} if isinstance(ours, Mapping) and isinstance(value, Mapping) else value
    return merged
