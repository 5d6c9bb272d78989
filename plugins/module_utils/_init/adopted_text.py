# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes environment.yml of an environment that the account has already. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .adopted import Adopted
from .arguments import Wish
from .environment_text import IMAGE, SIZE, TOKEN
from .yaml_text import block, comment, flow, line, untrusted

_SSH = "22"
_NETWORKS = "{{ provision_allowed_ssh_ips }}"
# What is on one line for each, with what is said before it.
_ROWS = {
    "reserved_ip": "An address that stays when its droplet is replaced.",
    "load_balancer": "What left this out is as by default: ansible-doc izzzi.infra.environment.",
    "volumes": "Block volumes by short name, DROPLET-NAME; they only grow.",
    "alerts": "",
    "uptime_checks": "",
}


def adopted_text(wish: Wish, adopted: Adopted) -> str:
    """Return group_vars/all/environment.yml."""
    declared = untrusted(adopted.declared)
    lines = [
        "---",
        "# What exists in the cloud, as the account had it. `ansible-doc -t role izzzi.infra.provision` has all that "
        "can be",
        "# said here.",
        f'provision_api_token: "{TOKEN}"',
        f"provision_project: {wish.project} # both are part of every name and tag, and stay plain words",
        f"provision_environment: {wish.environment}",
        f"provision_region: {adopted.region}",
        f"provision_vpc: {{ip_range: {adopted.ip_range}}} # {wish.project}-{wish.environment}-vpc; cannot change",
        *("", *_keys(declared["ssh_keys"], untrusted(adopted.other_keys))),
        *("", *_access(adopted)),
        *("", f"app_orchestrator: {adopted.runner}", *_droplets(declared["droplets"])),
        *("", *_firewalls(declared["firewalls"], adopted.allowed_ssh_ips)),
    ]
    for option, words in _ROWS.items():
        if declared.get(option):
            lines += ["", *(comment(words) if words else []), *block(f"provision_{option}", declared[option])]
    lines += [*_domain(declared), *_spaces(declared), *_project(declared, untrusted(adopted.project))]
    return "\n".join(lines) + "\n"


def _keys(keys: list[dict[str, str]], others: list[dict[str, str]]) -> Iterator[str]:
    yield "# The keys that may log in as the user deploy. One for each person, and one for CI (docs/ci.md)."
    if keys:
        yield "provision_ssh_keys:"
        yield from (f"  - {flow(key)}" for key in keys)
    else:
        yield "provision_ssh_keys: [] # TODO The account has none: {name: NAME, public_key: the content of a .pub file}"
    if others:
        yield "  # Of the account, too. Whose are in the list may log in:"
        yield from (f"  # - {flow(key)}" for key in others)


def _access(adopted: Adopted) -> Iterator[str]:
    if not adopted.allowed_ssh_ips:
        yield "# TODO Who may use SSH: no firewall of the account says it. Without an address nobody can, and site.yml"
        yield "# cannot either: curl https://checkip.amazonaws.com"
        yield "provision_allowed_ssh_ips: [] # for example [203.0.113.7/32]"
    else:
        yield "# Who may use SSH, as the account's firewalls have it."
        yield line("provision_allowed_ssh_ips", adopted.allowed_ssh_ips)
    if adopted.declared.get("allow_open_ssh"):
        yield "provision_allow_open_ssh: true # TODO the whole world may: give your own networks, and take this out"
    yield "# ci_door_enabled: true # runs of CI open SSH for themselves, for an hour at most"


def _droplets(droplets: Mapping[str, Any]) -> Iterator[str]:
    if droplets:
        yield from block("provision_droplets", droplets)
        return
    yield f"# TODO The account has none. For example app: {{count: 1, size: {SIZE}, image: {IMAGE}, groups: [web]}}"
    yield "provision_droplets: {}"


def _firewalls(firewalls: Mapping[str, Any], networks: list[str]) -> Iterator[str]:
    if not firewalls:
        yield "# TODO The account has none of this environment. Without this line the collection's own three are made."
        yield "provision_firewalls: {}"
        return
    yield "# As the account has them; each is on every droplet of the environment. Without this variable it is the"
    yield "# collection's own three, which let in Swarm's ports between members and the pages for operators, too."
    yield "provision_firewalls:"
    for name, rules in firewalls.items():
        yield f"  {name}:"
        for direction, rows in rules.items():
            yield f"    {direction}:" if rows else f"    {direction}: []"
            yield from (f"      - {flow(_rule(row, networks))}" for row in rows)


def _rule(rule: Mapping[str, Any], networks: list[str]) -> Mapping[str, Any]:
    """Return a rule for SSH as one that names its networks, so that they are said once."""
    is_ssh = rule.get("ports") == _SSH and rule["protocol"] == "tcp"
    if is_ssh and sorted(rule.get("sources", {}).get("addresses", [])) == sorted(networks):
        return {**rule, "sources": {**rule["sources"], "addresses": _NETWORKS}}
    return rule


def _domain(declared: Mapping[str, Any]) -> Iterator[str]:
    if not declared.get("domain"):
        return
    domain = dict(declared["domain"])
    records = domain.pop("records", [])
    yield ""
    yield "# Its names point to the droplets. What is a record here is this environment's, and no other's."
    yield from block("provision_domain", domain)
    if records:
        yield "  records:"
        yield from (f"    - {flow(record)}" for record in records)


def _spaces(declared: Mapping[str, Any]) -> Iterator[str]:
    if not declared.get("spaces"):
        return
    yield ""
    yield from block("provision_spaces", declared["spaces"])
    for option in ("spaces_region", "spaces_endpoint_url"):
        if declared.get(option):
            yield line(f"provision_{option}", declared[option])
    for name in ("access_key_id", "secret_access_key"):
        yield f"provision_spaces_{name}: \"{{{{ lookup('ansible.builtin.env', 'SPACES_{name.upper()}') }}}}\""
    if "backups" in declared["spaces"]:
        yield "# TODO Without this line the app's data is backed up into `backups` every night, with a key for that."
        yield "provision_spaces_keys: {}"


def _project(declared: Mapping[str, Any], other: Mapping[str, str]) -> Iterator[str]:
    if declared.get("do_project"):
        yield ""
        yield line("provision_do_project", declared["do_project"])
    elif other:
        yield ""
        yield "# The project of the droplets. Without the # the next provision.yml puts all of this into it."
        yield f"# {line('provision_do_project', other)}"
