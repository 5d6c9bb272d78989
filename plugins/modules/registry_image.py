#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: registry_image
short_description: Build an app's images from its packed source and push them to a registry
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Builds the services that have C(build), pushes them as C(<registry>/<project>/<service>:<release>) and returns
    references by digest. The images' names do not stay on this machine; BuildKit's cache does.
  - What builds say is in C(build-logs/<release>.log) beside O(archive).
  - It runs where Docker is, in general with C(delegate_to=localhost).
requirements:
  - Docker; with its plugin buildx where Dockerfiles need BuildKit, and for O(build_ca_bundle)
options:
  archive:
    description: The source, as M(izzzi.infra.source_archive) packs it.
    type: path
    required: true
  project:
    description: Name of the app.
    type: str
    required: true
  release:
    description: The release's id, which becomes the tag.
    type: str
    required: true
  services:
    description: The services, as the role's C(app_compose_services).
    type: dict
    required: true
  env:
    description: Values for C(${NAME}) in C(build). Secrets have no place there, since image layers keep them.
    type: dict
    default: {}
  platform:
    description: What to build for, such as V(linux/amd64); empty for this machine's own.
    type: str
    default: ''
  registry:
    description: Where to push, with or without a path, such as V(registry.digitalocean.com/izzzi).
    type: str
    required: true
  pull:
    description: The same registry as others reach it, for the returned references; by default O(registry).
    type: str
    default: ''
  username:
    description: Who may push. Empty when this machine is logged in.
    type: str
    default: ''
  password:
    description: The password or token.
    type: str
    default: ''
  build_ca_bundle:
    description: A file with CA certificates for builds.
    type: str
    default: ''
  timeout:
    description: Seconds for the build, and for each push.
    type: int
    default: 1800
attributes:
  check_mode:
    support: full
    description: Nothing is built or pushed, and no images are returned.
  diff_mode:
    support: none
    description: The digests are what there is to know.
"""

EXAMPLES = r"""
- name: Build and push
  izzzi.infra.registry_image:
    archive: "{{ source.archive }}"
    project: izzzi
    release: "{{ source.release }}"
    services: "{{ app_compose_services }}"
    platform: linux/amd64
    registry: registry.digitalocean.com/izzzi
  delegate_to: localhost
  become: false
  register: pushed
"""

RETURN = r"""
images:
  description: A reference by digest for each service that was built.
  returned: success
  type: dict
  sample:
    backend: registry.example.com/izzzi/backend@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.app import App
from ..module_utils._app.images import Registry, build_and_push
from ..module_utils._app.program import CommandError
from ..module_utils._secrets.mask import mask


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "release": {"type": "str", "required": True},
            "services": {"type": "dict", "required": True},
            "env": {"type": "dict", "default": {}},
            "platform": {"type": "str", "default": ""},
            "registry": {"type": "str", "required": True},
            "pull": {"type": "str", "default": ""},
            "username": {"type": "str", "default": ""},
            "password": {"type": "str", "default": "", "no_log": True},
            "build_ca_bundle": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 1800},
        },
        supports_check_mode=True,
    )
    params = module.params
    app = App(
        project=params["project"],
        directory=Path(),
        services=params["services"],
        env=params["env"],
        build_ca_bundle=params["build_ca_bundle"],
    )
    if module.check_mode:
        module.exit_json(changed=bool(app.built), images={})
    registry = Registry(params["registry"], params["pull"], params["username"], params["password"])
    try:
        images = build_and_push(
            app, params["release"], Path(params["archive"]), registry, params["platform"], params["timeout"]
        )
    except (CommandError, ValueError, OSError) as error:
        text = mask(f"The images for {registry.push} were not made: {error}", [registry.password])
        module.fail_json(msg=text, log=getattr(error, "log", ""))
    module.exit_json(changed=bool(images), images=images)


if __name__ == "__main__":
    main()
