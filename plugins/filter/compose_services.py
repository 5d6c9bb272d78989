# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: compose_services
short_description: Take services for a release from an app's own compose file
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Completes the declared services by what a compose file says. What is declared wins; C(environment) is merged.
  - Names, ports, networks, profiles, restart policies and the order of starts are left out, since a release decides
    them; C(deploy.replicas) and C(scale) become C(replicas). What
    would need files of a checkout (C(env_file), mounts of C(./...), C(secrets), C(configs), C(extends)) is an error,
    unless it is declared otherwise; C(null) removes it.
options:
  _input:
    description: The compose file's text; none where nobody has read it.
    type: str
    required: true
  file:
    description:
      - Its path below the source's root, from which it names build contexts. Without one the app is what is declared.
    type: str
    required: true
  services:
    description: As the role's C(app_compose_services). Other services of the file are left out.
    type: dict
    required: true
  data_services:
    description: As the role's C(app_compose_data_services).
    type: dict
    default: {}
  volumes:
    description: As the role's C(app_compose_volumes), added to those of the file.
    type: dict
    default: {}
  prefix:
    description: Begins the names of variables in messages.
    type: str
    default: app_compose_
  if_unread:
    description:
      - What an app is taken for when it has a file that nobody has read. V(nothing) lets a runner ask the live release.
    type: str
    choices: [declared, nothing]
    default: nothing
"""

EXAMPLES = r"""
- name: Take backend and postgres from the repository's own file
  ansible.builtin.set_fact:
    app: >-
      {{ lookup('ansible.builtin.file', 'compose.yml')
         | izzzi.infra.compose_services('compose.yml', {'backend': {'port': 4000}}, {'postgres': {}}) }}
"""

RETURN = r"""
_value:
  description: C(services), C(data_services) and C(volumes), fit for the role.
  type: dict
"""

import yaml
from ansible.errors import AnsibleFilterError

from ..module_utils._app.compose_file import merge


def compose_services(
    text, file, services, data_services=None, volumes=None, prefix="app_compose_", if_unread="nothing"
):
    if not file or (text is None and if_unread == "declared"):
        return {"services": services, "data_services": data_services or {}, "volumes": volumes or {}}
    if text is None:
        return {"services": {}, "data_services": {}, "volumes": {}}
    try:
        return merge(yaml.safe_load(text), file, services, data_services or {}, volumes or {}, prefix)
    except yaml.YAMLError as error:
        raise AnsibleFilterError(f"{file} is not YAML: {error}") from error
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"compose_services": compose_services}
