# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's daemon.json: what is wrong with wanted settings on a given host, and how a change takes effect."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any

# What the engine takes over from daemon.json on SIGHUP.
RELOADABLE = frozenset(
    (
        *("debug", "labels", "live-restore", "registry-mirrors", "insecure-registries", "shutdown-timeout"),
        *("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"),
    )
)
BOOLEANS = frozenset(("debug", "icc", "ipv6", "iptables", "live-restore", "no-new-privileges", "userland-proxy"))
LISTS = frozenset(("hosts", "registry-mirrors", "insecure-registries", "dns", "dns-search", "dns-opts", "labels"))
FLAGS = {"-H": "hosts", "--host": "hosts", "-g": "data-root", "-D": "debug", "-l": "log-level"}
SPLIT = {"registry-mirror": "registry-mirrors", "insecure-registry": "insecure-registries", "label": "labels"}
PATH = "/etc/docker/daemon.json"


URL = re.compile(r"https?://[^\s/@?#\"'\\]+(/[^\s?#\"'\\]*)?\Z")
PROXY = re.compile(r"(https?|socks5h?)://[^\s\"'\\]+\Z")
REGISTRY = re.compile(r"([A-Za-z0-9.-]*[A-Za-z0-9]|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?\Z")
DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+\Z")
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+\s-----END CERTIFICATE-----")


def problems(settings: Mapping[str, Any], host: Mapping[str, str], policy: Mapping[str, Any]) -> list[str]:
    """One sentence for each fault. `host` is what the role has read there; `policy` what it may do to it, and its
    other `inputs` by name and `packages`: the `release`, those that are `known` for it, `plugins` and `version`."""
    return [
        *_packages(policy.get("packages") or {}),
        *_inputs(policy.get("inputs") or {}, host),
        *_types(settings),
        *_pools(settings, policy.get("reserved_networks") or ()),
        *_swarm(settings, host),
        *_flags(settings, host.get("EXEC_START", "")),
        *_foreign({*settings, *(policy.get("dropped") or ())}, host, bool(policy.get("replace_foreign"))),
        *_userns(settings, host, bool(policy.get("migrate_userns"))),
    ]


def effect(settings: Mapping[str, Any], host: Mapping[str, str]) -> str:
    """How the engine comes to the settings: nothing, reload, restart, or reload and then restart.

    Live restore is taken over by a reload, so that containers survive the restart that other settings need. A key that
    is gone is not: the engine keeps what it had until it starts anew.
    """
    current = _read(host.get("DAEMON_JSON", "")) or {}
    changed = {key for key in {*current, *settings} if current.get(key) != settings.get(key)}
    if not changed and host.get("STALE") != "yes":
        return "nothing"
    if changed and changed <= RELOADABLE & settings.keys() and host.get("STALE") != "yes":
        return "reload"
    return "reload and restart" if settings.get("live-restore") and not current.get("live-restore") else "restart"


def _read(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _packages(given: Mapping[str, Any]) -> Iterator[str]:
    known, version = given.get("known", {}), given.get("version", "")
    missing = [plugin for plugin in given.get("plugins", ()) if plugin not in known]
    if given and not known.get("engine"):
        yield f"no packages of Docker are known for {given['release']}. Set docker_packages_source: docker."
    if missing:
        yield (
            f"{given['release']} packages no Docker plugin {', '.join(missing)}. Set docker_packages_source: docker, or"
            " docker_plugins: [] for the engine alone."
        )
    if not re.fullmatch("[0-9A-Za-z.:+~*-]*", str(version)):
        yield f"docker_version: {version} is not a valid version. Write it as apt does, for example 26.1.*"


def _inputs(given: Mapping[str, Any], host: Mapping[str, str]) -> Iterator[str]:
    """What the role is given beside the engine's settings."""
    for network in given.get("docker_reserved_networks", ()):
        if not _is_network(network):
            yield f"docker_reserved_networks: {network!r} is not a valid network, for example 10.20.0.0/24."
    for mirror in given.get("docker_registry_mirrors", ()):
        if not URL.match(str(mirror)):
            yield f"docker_registry_mirrors: {mirror!r} is not a valid URL, for example https://mirror.example.org."
    for registry in given.get("docker_insecure_registries", ()):
        if not REGISTRY.match(str(registry)) and not _is_network(registry):
            yield f"docker_insecure_registries: {registry!r} is not a valid host:port, for example registry:5000."
    for registry, text in given.get("docker_registry_ca_certificates", {}).items():
        if not REGISTRY.match(str(registry)):
            yield f"docker_registry_ca_certificates: {registry!r} is not a valid host:port, for example registry:5000."
        if not PEM.search(str(text)):
            yield f"docker_registry_ca_certificates.{registry}: this is not a certificate. {_AS_PEM}"
    if (text := given.get("docker_ca_certificates")) and not PEM.search(str(text)):
        yield f"docker_ca_certificates: this is not a certificate. {_AS_PEM}"
    for scheme in ("http", "https"):
        url = given.get("docker_proxy", {}).get(scheme)
        if url and not PROXY.match(str(url)):
            # It may hold a password.
            yield f"docker_proxy.{scheme}: this is not a valid URL, for example http://proxy.example.org:3128."
    yield from _pruning(given, host)
    for user in host.get("MISSING_USERS", "").split():
        yield f"docker_users: the host has no user {user}. Make it first, or take the name out."


_AS_PEM = "Give PEM text: -----BEGIN CERTIFICATE----- ..."


def _pruning(given: Mapping[str, Any], host: Mapping[str, str]) -> Iterator[str]:
    if not given.get("docker_prune_enabled"):
        return
    age, calendar = given.get("docker_prune_age", "168h"), given.get("docker_prune_calendar")
    if not DURATION.match(str(age)):
        yield f"docker_prune_age: {age!r} is not a valid duration, for example 168h."
    if host.get("NO_CALENDAR") == "yes":
        yield f"docker_prune_calendar: systemd knows no {calendar!r}. Write it as systemd does, for example weekly."


def _types(settings: Mapping[str, Any]) -> Iterator[str]:
    options = settings.get("log-opts", {})
    if not isinstance(options, Mapping):
        yield "log-opts must be a dictionary of texts, for example {max-size: 10m}."
        options = {}
    for key, value in options.items():
        if not isinstance(value, str):
            yield f'log-opts.{key}: {value!r} is not a text, and Docker would not start. Write {key}: "{value}".'
    for key in sorted(BOOLEANS & set(settings)):
        if not isinstance(settings[key], bool):
            yield f"{key}: {settings[key]!r} must be true or false."
    for key in sorted(LISTS & set(settings)):
        if not isinstance(settings[key], list):
            yield f"{key}: {settings[key]!r} must be a list."


def _pools(settings: Mapping[str, Any], reserved: Iterable[str]) -> Iterator[str]:
    """Networks that Docker takes addresses from must be nobody else's, or packets go astray."""
    ranges = []
    for pool in settings.get("default-address-pools") or []:
        try:
            network, size = ip_network(pool["base"]), int(pool["size"])
        except (KeyError, TypeError, ValueError):
            yield f"default-address-pools: {pool!r} must be {{base: a network, size: a prefix length}}."
            continue
        if not network.prefixlen <= size <= network.max_prefixlen - 2:
            yield f"default-address-pools: {network} cannot be cut into networks of /{size}."
        ranges.append(("default-address-pools", network))
    if settings.get("bip"):
        try:
            ranges.append(("bip", ip_network(settings["bip"], strict=False)))
        except ValueError:
            yield f"bip: {settings['bip']!r} is not a valid address with a prefix, for example 172.17.0.1/16."
    taken = list(_networks(reserved))
    for number, (where, network) in enumerate(ranges):
        for what, other in taken + ranges[:number]:
            if network.version == other.version and network.overlaps(other):
                yield f"{where}: {network} overlaps {other} ({what}). Choose another range."


def _networks(reserved: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for text in reserved:
        try:
            yield "docker_reserved_networks", ip_network(text)
        except ValueError:
            continue  # named among the inputs


def _is_network(text: Any) -> bool:
    try:
        ip_network(str(text))
    except ValueError:
        return False
    return True


def _swarm(settings: Mapping[str, Any], host: Mapping[str, str]) -> Iterator[str]:
    if settings.get("live-restore") and host.get("SWARM", "inactive") not in ("", "inactive"):
        yield (
            "live-restore: the host is in a swarm, and Docker would not start any more with both. "
            "Set docker_daemon_options: {live-restore: false}."
        )


def _flags(settings: Mapping[str, Any], exec_start: str) -> Iterator[str]:
    """Docker refuses to start when a setting comes from its command line and from daemon.json."""
    for flag in shlex.split(exec_start):
        name = flag.split("=", 1)[0]
        if not name.startswith("-"):
            continue
        key = FLAGS.get(name) or SPLIT.get(name.lstrip("-"), name.lstrip("-"))
        if key.removesuffix("s") in {setting.removesuffix("s") for setting in settings}:
            yield (
                f"{key} is given to dockerd by docker.service as {flag} too, and Docker would not start. Leave it out "
                "of docker_daemon_options, or remove the flag (systemctl cat docker.service shows where it stands)."
            )


def _foreign(declared: set[str], host: Mapping[str, str], may_replace: bool) -> Iterator[str]:
    """What somebody else has put into daemon.json is not thrown away unasked."""
    text = host.get("DAEMON_JSON", "")
    current = _read(text)
    if may_replace or host.get("DAEMON_JSON_IS_OURS") == "yes":
        return
    if current is None:
        yield f"{PATH} is not a JSON object. Mend it, move it away, or set docker_daemon_replace_foreign: true."
        return
    lost = sorted(set(current) - declared)
    if lost:
        yield (
            f"{PATH} was written by somebody else and has {', '.join(lost)}, which would be lost. Declare them in "
            "docker_daemon_options (null drops one), or set docker_daemon_replace_foreign: true."
        )


def _userns(settings: Mapping[str, Any], host: Mapping[str, str], may_migrate: bool) -> Iterator[str]:
    """Remapping moves Docker to another directory: all images, volumes and swarm state are out of sight."""
    current = _read(host.get("DAEMON_JSON", "")) or {}
    before, after = current.get("userns-remap") or "", settings.get("userns-remap") or ""
    if before != after and host.get("HAS_DATA") == "yes" and not may_migrate:
        yield (
            f"userns-remap changes from {before or 'off'} to {after or 'off'}: all images, containers and volumes of "
            "this host would be out of sight (Docker uses another directory). Save the volumes first, then set "
            "docker_userns_migration: true."
        )
