# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of the role base, by themselves and on a given host. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from . import firewall_rules, ssh_keys

Inputs = Mapping[str, Any]
Host = Mapping[str, str]

# Inputs that are one text: how it is written, and what it is then.
TEXTS = {
    "base_user": ("[a-z_][a-z0-9_-]{0,31}", "user name: small letters, digits, _ and -, a letter first"),
    "base_timezone": ("[A-Za-z0-9_+/-]+", "zone, such as Europe/Paris"),
    "base_process_group": ("[a-z0-9_-]*", "group name"),
    "base_automatic_reboot_time": ("(([01][0-9]|2[0-3]):[0-5][0-9])?", "time such as 03:30"),
    "base_ssh_door_prefix": ("[a-zA-Z0-9_:-]{0,200}", "beginning of a tag: letters, digits, _, - and :"),
    "base_umask": ("0?[0-7]{3}", "umask such as 027"),
    "base_swap_size": ("([1-9][0-9]*[MG])?", "size such as 2G"),
    "base_journal_max_size": ("[1-9][0-9]*[KMG]", "size such as 500M"),
}
# Of lists the elements, of dictionaries the keys.
_PACKAGE, _PATH, _SETTING = "[a-z0-9][a-z0-9+.:-]+", "/[a-zA-Z0-9._/-]*", "[a-zA-Z0-9._/-]+"
ELEMENTS = {
    "base_ssh_allow_users": ("[a-zA-Z_][a-zA-Z0-9_.@*?-]*", "user name"),
    "base_ssh_allow_groups": ("[a-zA-Z_][a-zA-Z0-9_-]*", "group name"),
    "base_packages": (_PACKAGE, "package name"),
    "base_sysctl_defaults": (_SETTING, "name of a kernel setting"),
    "base_sysctl": (_SETTING, "name of a kernel setting"),
    "base_blocked_modules": ("[a-zA-Z0-9_-]+", "module name"),
    "base_mount_options": (_PATH, "absolute path"),
    "base_audit_paths": (_PATH, "absolute path"),
    "base_firewall_trusted_interfaces": (r"[a-zA-Z0-9._-]{1,15}\*?", "interface name"),
    "base_updates_started_services": (r"[a-zA-Z0-9@._-]+\.(service|socket|timer)", "unit name"),
    "base_ntp_servers": ("[a-zA-Z0-9.:-]+", "host name or address"),
}
# Of dictionaries the values, or the elements of those; None is none.
VALUES = {
    "base_later_packages": (_PACKAGE, "package name"),
    "base_sysctl": ("[a-zA-Z0-9._:/ -]+", "value of a kernel setting"),
    "base_mount_options": ("[a-z0-9=%]+", "mount option"),
}
LEAST = {
    "base_ssh_max_auth_tries": (1, "would let nobody in. Use 1 or more"),
    "base_proof_seconds": (10, "is too short for a new login that proves the access. Use 10 or more"),
    "base_shell_timeout": (0, "is not a valid number of seconds. 0 means never"),
}
UNCHANGED = "Nothing was changed."


def problems(inputs: Inputs, host: Host, controller: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each fault. `inputs` by the role's names; `host` is what its probe has read; `controller`
    is what Ansible knows: `name` of the host, `now` (seconds), `over_ssh`, `connection`, `login_stays`, `offered`
    algorithms (`kex`, `mac`) and the `kex` that its own ssh knows."""
    found = list(input_problems(inputs))
    named = {text.partition(":")[0] for text in found}  # of these the host has nothing to say
    more = (*_system(inputs, host, controller), *_way_in(inputs, host, controller), *_sshd(inputs, host, controller))
    return found + [text for text in more if text.partition(":")[0] not in named]


def input_problems(inputs: Inputs) -> Iterator[str]:
    for name, (pattern, what) in TEXTS.items():
        yield from _invalid(name, [inputs[name]], pattern, what)
    for name, (pattern, what) in ELEMENTS.items():
        yield from _invalid(name, inputs[name], pattern, what)
    for name, (pattern, what) in VALUES.items():
        lists = [value if isinstance(value, list) else [value] for value in inputs[name].values()]
        yield from _invalid(name, [item for items in lists for item in items if item is not None], pattern, what)
    if not 1 <= int(inputs["base_ssh_port"]) <= 65535:
        yield f"base_ssh_port: {inputs['base_ssh_port']} is not a valid port (1 to 65535)."
    for name, (least, words) in LEAST.items():
        if int(inputs[name]) < least:
            yield f"{name}: {inputs[name]} {words}."
    if not any(inputs["base_user_keys"]):
        yield (f"base_user_keys is empty: nobody could log in as {inputs['base_user']}. Give at least one public key.")
    yield from (f"base_user_keys: {text}" for text in ssh_keys.problems(inputs["base_user_keys"]))
    yield from (f"base_firewall_rules: {text}" for text in firewall_rules.problems(inputs["base_firewall_rules"]))
    for name in ("base_firewall_swarm_sources", "base_fail2ban_ignored"):
        yield from (f"{name}: {text}" for text in map(firewall_rules.source_problem, inputs[name]) if text)


def _invalid(name: str, values: Any, pattern: str, what: str) -> Iterator[str]:
    for value in values:
        if not re.fullmatch(pattern, str(value)):
            yield f"{name}: {json.dumps(value, ensure_ascii=False, default=str)} is not a valid {what}."


def _system(inputs: Inputs, host: Host, controller: Mapping[str, Any]) -> Iterator[str]:
    name, clock, now = controller["name"], int(host["CLOCK"]), int(float(controller["now"]))
    if host["DISTRIBUTION"] not in ("debian", "ubuntu"):
        yield f"{name} runs {host['DISTRIBUTION']}; this role knows Debian and Ubuntu."
    if abs(clock - now) >= 600:
        yield (
            f"the clock of {name} says {_date(clock)}, the one of this controller {_date(now)} (UTC). With a wrong"
            " clock apt and TLS refuse what is good. Set the wrong one (on the host: timedatectl set-ntp true), then"
            f" run again. {UNCHANGED}"
        )
    if host["NO_ZONE"]:
        yield (
            f"base_timezone: {name} knows no zone {inputs['base_timezone']}. Use one of `timedatectl list-timezones`,"
            " such as Europe/Paris."
        )
    if inputs["base_process_group"] and not host["PROC_GROUP"]:
        yield f"base_process_group: {name} has no group {inputs['base_process_group']}. Make it first, or use adm."


def _date(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def _way_in(inputs: Inputs, host: Host, controller: Mapping[str, Any]) -> Iterator[str]:
    """What would lock everybody out."""
    user, port, rules = inputs["base_user"], int(inputs["base_ssh_port"]), inputs["base_firewall_rules"]
    if not controller["login_stays"] and user not in inputs["base_ssh_allow_users"]:
        yield (
            f"Ansible logs in as {host['LOGIN']}, who is not in base_ssh_allow_users, so this would be its last login."
            f" Log in as {user} (ansible_user), or add {host['LOGIN']}."
        )
    if host["OPEN_HOME"]:
        yield (
            f"{host['OPEN_HOME'].strip()} may be written by others than {user}, so sshd would refuse all of its keys."
            f" Take that away (chmod go-w), then run again. {UNCHANGED}"
        )
    is_guarded = inputs["base_firewall_enabled"] and controller["over_ssh"] and not firewall_rules.problems(rules)
    came_by_door = is_guarded and has_door(inputs["base_ssh_door_prefix"], host)
    if is_guarded and not came_by_door and not firewall_rules.admits(rules, port, host["CLIENT"]):
        yield (
            f"base_firewall_rules: no rule lets TCP port {port} in from {host['CLIENT']}, where this login comes from."
        )
    if host["PORT_TAKEN_BY"]:
        yield f"base_ssh_port: {port} is in use on {controller['name']} by {host['PORT_TAKEN_BY']}."
    if host["SSH_SOCKET"] and port != 22:
        yield (
            f"base_ssh_port: on {controller['name']} the unit ssh.socket listens, not sshd. Disable it"
            " (systemctl disable --now ssh.socket; systemctl enable --now ssh.service), then run again."
        )


def has_door(prefix: str, host: Host) -> bool:
    """Whether a tag of the droplet lets this login's address in for a time: roles/base/files/izzzi-ssh-door."""
    written = host["CLIENT"].replace(".", "-").replace(":", "-")
    return bool(prefix) and any(tag.lower().startswith(f"{prefix}{written}:".lower()) for tag in host["DOORS"].split())


def _sshd(inputs: Inputs, host: Host, controller: Mapping[str, Any]) -> Iterator[str]:
    offered, remedy = controller["offered"], "set base_ssh_algorithms: intermediate."
    if host["SSHD_ERROR"]:
        yield (
            "sshd refuses its present configuration, and a restart would end all logins. It says:"
            f" {host['SSHD_ERROR']} Mend or remove that file, then run again. {UNCHANGED}"
        )
    if not host["SSHD_FILES"]:
        yield (
            "/etc/ssh/sshd_config has no line `Include /etc/ssh/sshd_config.d/*.conf`, so settings of this role would"
            " have no effect. Put it at the top of the file."
        )
    if host["SSHD_EARLIER"]:
        earlier = host["SSHD_EARLIER"].strip().replace(":", " before 00-izzzi.conf and would take its ", 1)
        yield (f"sshd reads {earlier}. Take that line out, or give the file a name that sorts after it. {UNCHANGED}")
    if not (offered["kex"] and offered["mac"]):
        yield f"OpenSSH on {controller['name']} knows no post-quantum key exchange. S{remedy[1:]}"
    if controller["over_ssh"] and offered["kex"] and not set(offered["kex"]) & set(controller["kex"]):
        yield (
            f"This controller's ssh knows none of the key exchanges to come ({', '.join(offered['kex'])})."
            f" Update its OpenSSH (8.5 or newer), or {remedy}"
        )
    if "paramiko" in controller["connection"] and inputs["base_ssh_algorithms"] == "modern":
        yield f"paramiko knows no post-quantum key exchange. Use ansible_connection: ssh, or {remedy}"
