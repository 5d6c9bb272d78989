# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of what asks DigitalOcean's API, documented in doc_fragments/api.py."""

from __future__ import annotations

from ansible.module_utils.basic import env_fallback

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
