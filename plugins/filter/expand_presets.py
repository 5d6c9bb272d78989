# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: expand_presets
short_description: Write out the data services that are declared by a preset
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Takes the data services of an app. C(postgres), C(redis) and C(mail) that have neither C(image) nor C(build), and a
    service that says C(preset), get the whole definition that this collection tests. Their own keys override it;
    dictionaries such as C(environment) are merged.
  - C(postgres) takes C(version) (default 17), C(database) and C(user) (default the project); C(redis) takes C(version)
    (default 8); C(mail), a mail catcher, takes C(version) and C(page_port) (default 1080, on the loopback address).
  - Other services stay as they are.
options:
  _input:
    description: The data services by name.
    type: dict
    required: true
  project:
    description: Name of the app.
    type: str
    required: true
  names:
    description: Docker's names of volumes, by their declared names, which count in the place of C(PROJECT_NAME).
    type: dict
    default: {}
"""

EXAMPLES = r"""
# app_data_services: {postgres: {version: 17}, redis: {}, mail: {}}
app_compose_data_services: "{{ (app_data_services | izzzi.infra.expand_presets('shop')).data_services }}"
"""

RETURN = r"""
_value:
  description:
    - C(data_services), C(volumes), C(database) and C(redis) for the inputs of the roles with these names, C(mail), and
      C(secrets), what P(izzzi.infra.generated_secrets#module) is to make. C(names) are volumes with the given names.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._app import presets


def expand_presets(data_services, project, names=None):
    try:
        return presets.expand_presets(data_services, project, names or {})
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    def filters(self):
        return {"expand_presets": expand_presets}
