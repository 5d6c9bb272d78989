# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Where Spaces is, and its keys: of the options of module_utils/_cloud/kinds/space."""

    DOCUMENTATION = r"""
options:
  spaces_endpoint_url:
    description:
      - Where Spaces is. By default C(https://REGION.digitaloceanspaces.com).
      - When it is not given, the environment variable E(SPACES_ENDPOINT_URL) is used.
    type: str
    default: ''
  spaces_access_key_id:
    description:
      - The id of the Spaces key. Spaces has keys of its own; the API token does not open it.
      - When it is not given, the environment variable E(SPACES_ACCESS_KEY_ID) is used.
    type: str
    default: ''
  spaces_secret_access_key:
    description:
      - Its secret. Requests are signed with it; it is never sent.
      - When it is not given, the environment variable E(SPACES_SECRET_ACCESS_KEY) is used.
    type: str
    default: ''
"""
