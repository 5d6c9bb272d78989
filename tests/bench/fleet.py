# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment of many droplets in an empty account, as two benches declare it."""

from __future__ import annotations

from typing import Any

from tests.cloud.conftest import Sandbox, declaration


def fleet(sandbox: Sandbox, count: int) -> dict[str, Any]:
    """Empty the account, and return what module `environment` is told: so many droplets, three firewalls, a domain."""
    sandbox.reset()
    sandbox.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    declared = with_management(declaration(sandbox.url, sandbox.token))
    declared["droplets"]["worker"] = {**declared["droplets"]["app"], "count": count - 1}  # records point to app
    return {**declared, "domain": {"name": "izzzi.test"}}


def with_management(declared: dict[str, Any]) -> dict[str, Any]:
    """Add the third firewall of the guide's set."""
    rules = [{"protocol": "tcp", "ports": "22", "sources": {"addresses": ["203.0.113.7/32"]}}]
    return {**declared, "firewalls": {**declared["firewalls"], "management": {"inbound": rules}}}
