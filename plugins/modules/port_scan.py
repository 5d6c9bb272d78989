#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: port_scan
short_description: Compare the ports that answer with those that are declared
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Connects to every given port of every target, from the host that it runs on, and compares what it finds with what
    P(izzzi.infra.exposure#filter) says of that source. Give it your own hosts only.
  - A TCP port that accepts or refuses is reachable, one that says nothing is closed. UDP services may be silent, so a
    UDP port is only ever found too open.
extends_documentation_fragment: [izzzi.infra.attributes.read_only]
options:
  targets:
    description: What to connect to.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: How differences name it.
        type: str
        required: true
      address:
        description: An IPv4 or IPv6 address.
        type: str
        required: true
      source:
        description: The address that the target sees this host under. By default the one that it sends from.
        type: str
        default: ''
      reach:
        description: The rows C(reach) of P(izzzi.infra.exposure#filter).
        type: list
        elements: dict
        required: true
  vantage:
    description: How differences name this host.
    type: str
    required: true
  who:
    description: What this host is, such as V(members) and V(group web); a stranger is nothing.
    type: list
    elements: str
    default: []
  tcp_ports:
    description: The TCP ports, as a range.
    type: str
    default: 1-65535
  udp_ports:
    description: The UDP ports.
    type: list
    elements: int
    default: []
  rate:
    description: Connections a second to all targets together. A home router may need less.
    type: int
    default: 6000
  timeout:
    description: Seconds until a port that says nothing counts as closed.
    type: float
    default: 1.3
"""

EXAMPLES = r"""
- name: Scan a droplet from here
  izzzi.infra.port_scan:
    vantage: the controller
    targets:
      - name: izzzi-production-app
        address: 203.0.113.20
        reach: "{{ (provision_firewalls | izzzi.infra.exposure(base_firewall_rules)).reach }}"
  delegate_to: localhost
"""

RETURN = r"""
differences:
  description: Lines that name target, port, source, expected and found. Empty when all is as declared.
  returned: success
  type: list
  elements: str
reachable:
  description: The ports that answered, by address and protocol.
  returned: success
  type: dict
unrouted:
  description: Addresses that this host has no way to.
  returned: success
  type: list
  elements: str
probes:
  description: How many ports were asked.
  returned: success
  type: int
"""

import socket

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._exposure import check, declared, port_scan, reach

ARGUMENT_SPEC = {
    "targets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "source": {"type": "str", "default": ""},
            "reach": {"type": "list", "elements": "dict", "required": True},
        },
    },
    "vantage": {"type": "str", "required": True},
    "who": {"type": "list", "elements": "str", "default": []},
    "tcp_ports": {"type": "str", "default": "1-65535"},
    "udp_ports": {"type": "list", "elements": "int", "default": []},
    "rate": {"type": "int", "default": 6000},
    "timeout": {"type": "float", "default": 1.3},
}
PATIENCE = 3  # times the timeout, for ports that are asked again


def source_of(address: str) -> str:
    """The address that this host sends from, without sending."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError as error:
            raise port_scan.NoRoute(error.errno, "no route", address) from error
        return probe.getsockname()[0].split("%")[0]


def scan(params: dict) -> dict:
    first, last = declared.ports(params["tcp_ports"])
    ports = {"tcp": range(first, last + 1), "udp": params["udp_ports"]}
    result = {"differences": [], "reachable": {}, "unrouted": [], "probes": 0}
    routed = []
    for target in params["targets"]:
        try:
            routed.append({**target, "source": target["source"] or source_of(target["address"])})
        except port_scan.NoRoute:
            result["unrouted"].append(f"{target['name']} {target['address']}")
    addresses = [target["address"] for target in routed]
    probes = len(addresses) * len(ports["tcp"])
    rate = port_scan.safe_rate(params["rate"], probes)
    found = {
        "tcp": port_scan.tcp(dict.fromkeys(addresses, ports["tcp"]), rate, params["timeout"]),
        "udp": port_scan.udp(dict.fromkeys(addresses, ports["udp"]), params["timeout"]),
    }
    result["probes"] = probes + len(addresses) * len(ports["udp"])
    for target in routed:
        for protocol in ("tcp", "udp"):
            compare(target, protocol, ports[protocol], found[protocol], params, result)
    return result


def compare(target: dict, protocol: str, ports, found: dict, params: dict, result: dict) -> None:
    address, source = target["address"], target["source"]
    let_in = reach.lets_in(reach.from_rows(target["reach"]), protocol, source, params["who"])
    answers = {probe.port: answer for probe, answer in found.items() if probe.address == address}
    if protocol == "tcp":
        # Asked again: what was lost on the way, and what answered because the target itself had a connection open to
        # the very port that was asked from.
        doubtful = [port for port in ports if let_in(port) != (port in answers)]
        again = port_scan.tcp({address: doubtful}, params["rate"], params["timeout"] * PATIENCE)
        answers = {port: answer for port, answer in answers.items() if let_in(port)}
        answers |= {probe.port: answer for probe, answer in again.items()}
    result["reachable"].setdefault(address, {})[protocol] = dict(sorted(answers.items())[:100])
    result["differences"] += check.of_scan(
        f"{target['name']} ({address})", f"{params['vantage']} ({source})", protocol, ports, answers, let_in
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    for name in ("rate", "timeout"):
        if module.params[name] <= 0:
            module.fail_json(msg=f"{name}: {module.params[name]} is not greater than 0.")
    try:
        result = scan(module.params)
    except (ValueError, KeyError) as error:
        module.fail_json(msg=f"tcp_ports or targets: {error}")
    except OSError as error:
        module.fail_json(msg=f"The scan broke off: {error}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
