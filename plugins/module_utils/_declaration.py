# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared, completed and checked, before anybody is asked. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from . import _droplet, _firewall, _ssh_key, _vpc
from ._names import Names

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
GROUP = re.compile(r"[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?")
HOSTNAME_LIMIT = 63  # characters
USER_DATA_LIMIT = 64 * 1024  # bytes

WORDS = {"type": "list", "elements": "str", "default": []}
DROPLET_SPEC = {
    "count": {"type": "int", "default": 1},
    "size": {"type": "str", "required": True},
    "image": {"type": "str", "required": True},
    "groups": WORDS,
    "monitoring": {"type": "bool", "default": False},
    "backups": {"type": "bool", "default": False},
}
TARGET_SPEC = {"addresses": WORDS, "groups": WORDS, "members": {"type": "bool", "default": False}}


def _rules_spec(side: str) -> dict[str, Any]:
    return {
        "type": "list",
        "elements": "dict",
        "options": {
            "protocol": {"type": "str", "choices": ["tcp", "udp", "icmp"], "required": True},
            "ports": {"type": "str", "default": ""},
            side: {"type": "dict", "options": TARGET_SPEC, "apply_defaults": True},
        },
    }


FIREWALL_SPEC = {"inbound": _rules_spec("sources"), "outbound": _rules_spec("destinations")}


def complete(params: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The declaration with all defaults, and all that is wrong with it."""
    droplets, found = _complete_each("droplets", params["droplets"], DROPLET_SPEC)
    firewalls, more = _complete_each("firewalls", params["firewalls"], FIREWALL_SPEC)
    declared = {**params, "droplets": droplets, "firewalls": firewalls}
    names = Names(params["project"], params["environment"])
    found += more + _name_problems(declared, names)
    found += [
        f"droplets.{group}.count: {droplet['count']} is less than 0."
        for group, droplet in droplets.items()
        if droplet["count"] < 0
    ]
    found += [
        f"{option}: {params[option]} is not greater than 0."
        for option in ("timeout", "wait_timeout")
        if params[option] <= 0
    ]
    if len(params["user_data"].encode()) > USER_DATA_LIMIT:
        found.append("user_data: it is longer than 64 KiB, the most that DigitalOcean takes.")
    found += _vpc.problems(params["vpc"], params["region"])
    found += _ssh_key.problems(params["ssh_keys"])
    found += _firewall.problems(firewalls, names)
    return declared, found


def _complete_each(option: str, given: dict[str, Any], spec: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Ansible checks the options of a dictionary, but not those of a dictionary's values: so ask it for each."""
    completed, found = {}, []
    for name, value in given.items():
        if not isinstance(value, dict):
            found.append(f"{option}.{name}: {value!r} is not a dictionary of {', '.join(spec)}.")
            continue
        result = ArgumentSpecValidator(spec).validate(value)
        found += [f"{option}.{name}: {message}." for message in result.error_messages]
        if not result.error_messages:
            completed[str(name)] = result.validated_parameters
    return completed, found


def _name_problems(declared: dict[str, Any], names: Names) -> list[str]:
    droplets, firewalls = declared["droplets"], declared["firewalls"]
    words = [("project", declared["project"])]
    words += [(f"droplets.{group}", group) for group in droplets]
    words += [(f"firewalls.{name}", name) for name in firewalls]
    found = [
        f"{where}: {word!r} is not a name: lower-case letters, digits and inner hyphens, 32 at most."
        for where, word in words
        if not NAME.fullmatch(word)
    ]
    found += [
        f"{where}: {group!r} is not a group's name: lower-case letters, digits, inner - or _, 32 at most."
        for where, group in _groups(droplets, firewalls)
        if not GROUP.fullmatch(group)
    ]
    hosts = Counter(droplet.name for droplet in _droplet.wanted(droplets, names))
    found += [
        f"droplets: {count} droplets would be named {name}. Rename a group."
        for name, count in hosts.items()
        if count > 1
    ]
    found += [
        f"droplets: {name} has {len(name)} characters; a host name has {HOSTNAME_LIMIT} at most. Choose shorter names."
        for name in hosts
        if len(name) > HOSTNAME_LIMIT
    ]
    return found


def _groups(droplets: dict[str, Any], firewalls: dict[str, Any]) -> list[tuple[str, str]]:
    """All inventory groups that are named, each with where."""
    found = [(f"droplets.{name}.groups", group) for name, droplet in droplets.items() for group in droplet["groups"]]
    for name, firewall in firewalls.items():
        for direction, _field, side in _firewall.SIDES:
            for index, rule in enumerate(firewall[direction] or []):
                where = f"firewalls.{name}.{direction}[{index}].{side}.groups"
                found += [(where, group) for group in rule[side]["groups"]]
    return found
