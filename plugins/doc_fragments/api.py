# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The options of what asks DigitalOcean's API: `API` of module_utils/_cloud/arguments.py."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Where the API is, without C(/v2). A sandbox, or any server that speaks DigitalOcean's API, has another.
      - When it is not given, the environment variable E(DIGITALOCEAN_API_URL) is used.
      - V(http://) is taken for this machine only, since the token would be sent unencrypted.
    type: str
    default: https://api.digitalocean.com
  api_token:
    description:
      - The API token. It is sent as a header only.
      - When it is not given, the environment variables E(DIGITALOCEAN_TOKEN) and E(DIGITALOCEAN_ACCESS_TOKEN) are used.
    type: str
    default: ''
  ca_path:
    description: A file of CA certificates that O(api_url)'s certificate is checked against, beside the system's.
    type: path
  project:
    description: What the environment belongs to. The first part of every name.
    type: str
    required: true
"""
