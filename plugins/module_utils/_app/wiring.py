# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give every input of the roles that run an app one name, `app_*`, whichever of them runs it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Variables of earlier inventories that are not called as a role's input is.
MOVED = {
    "app_mail_port": "app_data_services.mail.page_port",
    "app_name": "app_project",
    "swarm_overlay_encrypted": "app_encrypted",
    "swarm_stack_edge_certificate": "app_site.tls.certificate",
    "swarm_stack_edge_directives": "app_site.directives",
    "swarm_stack_edge_locations": "app_site.locations",
    "swarm_stack_edge_logins": "app_edge_passwords",
    "swarm_stack_edge_private_key": "app_site.tls.key",
    "swarm_stack_registry": "swarm_registry_address",
}
# What nginx gets on a server as in a Swarm.
EDGE = (
    *("passwords", "security_headers", "trusted_proxies", "client_max_body_size", "request_header_size"),
    *("response_header_size", "connections_per_address", "worker_connections"),
)
MOVED |= {f"nginx_{name}": f"app_edge_{name}" for name in EDGE}

Roles = Mapping[str, Mapping[str, Mapping[str, Any]]]  # options of argument_specs by role and input


def wired(wiring: Mapping[str, Any], roles: Roles) -> dict[str, Any]:
    """Return `wiring` with the inputs of `roles` mapped.

    An input X of a role becomes what `app_X` is, and `app_X` is the role's default until somebody declares it.
    `app_verb_inputs` has inputs of the roles' other entry points with their values. What `wiring` itself says of a
    variable counts. Roles that share an input have the same default for it (tested)."""
    found: dict[str, Any] = {}
    for role, options in roles.items():
        for name, option in options.items():
            declared = _declared(role, name)
            if "default" in option:
                found.setdefault(declared, option["default"])
            found[name] = f"{{{{ {declared} }}}}"
        found |= {f"{role}_{name}": value for name, value in wiring.get("app_verb_inputs", {}).items()}
    return {**found, **wiring}


def renamed(texts: Iterable[str], roles: Roles) -> dict[str, str]:
    """Return the variables that YAML files of an inventory declare under the name of a role's input, each with the name
    under which it counts for both roles."""
    known = {name: _declared(role, name) for role, options in roles.items() for name in options} | MOVED
    declared = {name for text in texts for name in re.findall(r"^\s*(\w+)\s*:", text, flags=re.MULTILINE)}
    return {name: known[name] for name in sorted(declared & known.keys())}


def _declared(role: str, name: str) -> str:
    return "app_" + name.removeprefix(f"{role}_")
