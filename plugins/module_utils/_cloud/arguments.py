# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of what asks DigitalOcean's API, documented in doc_fragments/api.py, and the client that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import env_fallback

from . import client, transport
from .plan import Problems

API = {
    "api_url": {
        "type": "str",
        "default": "https://api.digitalocean.com",
        "fallback": (env_fallback, ["DIGITALOCEAN_API_URL"]),
    },
    "api_token": {
        "type": "str",
        "default": "",
        "no_log": True,
        "fallback": (env_fallback, ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"]),
    },
    "ca_path": {"type": "path"},
    "project": {"type": "str", "required": True},
}
# The module environment's own; each kind of resource has its `arguments` beside.
ENVIRONMENT = {
    **API,
    "environment": {"type": "str", "required": True, "choices": ["production", "staging", "dev"]},
    "region": {"type": "str", "required": True},
    "prune": {"type": "bool", "default": False},
    "target": {"type": "list", "elements": "str", "default": []},
    "protect": {"type": "bool", "default": False},
    "fingerprint": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "timeout": {"type": "int", "default": 30},
    "wait_timeout": {"type": "int", "default": 300},
}


def problems(params: Mapping[str, Any]) -> list[str]:
    """Check the API's address and token without sending a request."""
    return client.problems(params["api_url"], params["api_token"].strip())


def connect(params: Mapping[str, Any], **options: Any) -> client.Client:
    """Return the client for these arguments; `options` are its own. Raise Problems when none can be made of them."""
    if found := problems(params):
        raise Problems(found)
    try:
        send = transport.https(params["ca_path"])
    except OSError as error:  # ssl.SSLError is one
        raise Problems([f"ca_path: {params['ca_path']} cannot be used: {error}"]) from error
    return client.Client(params["api_url"], params["api_token"].strip(), send, **options)
