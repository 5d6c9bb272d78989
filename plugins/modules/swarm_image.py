#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_image
short_description: Build or pull the images of a stack, pinned by digest
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on a manager. Images with C(build) are built there, tagged with the release and pushed to a registry that all
    nodes reach; others are pulled. Either way the result is a reference by digest, so that every node runs the same.
  - What builds say is in C(build-logs/<release>.log) beside O(source).
  - What a running service was pinned to stays, as long as its declaration does not change, also when a tag has moved.
options:
  project:
    description: Name of the app.
    type: str
    required: true
  release:
    description: The release's id, the tag of built images.
    type: str
    required: true
  registry:
    description: Where built images go, as V(host:port).
    type: str
    default: ''
  source:
    description: The directory with the release's source.
    type: path
    default: ''
  services:
    description: Services by name, each with C(build) or C(image).
    type: dict
    required: true
  ca_bundle:
    description: A file with CA certificates that builds need, offered as the build secret C(ca_bundle).
    type: str
    default: ''
  env:
    description: Values of the variables in C(image) and C(build). Secrets are none of them, since images keep both.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Builds, pulls and pushes nothing; images that are not there yet are named in RV(missing).
  diff_mode:
    support: none
    description: A digest says nothing about what differs.
"""

EXAMPLES = r"""
- name: Build and push what the release needs
  izzzi.infra.swarm_image:
    project: izzzi
    release: 20261105-0f2c9a41d7b3
    registry: 10.20.0.2:5000
    source: /opt/izzzi/source/20261105-0f2c9a41d7b3
    services:
      backend: {build: {dockerfile: apps/backend/Dockerfile}}
      postgres: {image: "postgres:17"}
  register: image
"""

RETURN = r"""
images:
  description: By service, the pinned reference, and what the image says to run.
  returned: always
  type: dict
  sample:
    postgres: {reference: "postgres:17@sha256:0f2c...", declared: "postgres:17", entrypoint: [docker-entrypoint.sh],
               command: [postgres], has_healthcheck: false}
missing:
  description: Services whose image was not there. In check mode they are not in RV(images).
  returned: always
  type: list
  elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.failure import Failure, render
from ..module_utils._app.program import CommandError
from ..module_utils._swarm.engine import Engine, EngineError, NoEngine, NotInSwarm, Unavailable
from ..module_utils._swarm.stack.api import Swarm
from ..module_utils._swarm.stack.images import Images, as_facts, known_pins, remove_old_sources
from ..module_utils._swarm.stack.store import Store, live_release

ARGUMENT_SPEC = {
    "project": {"type": "str", "required": True},
    "release": {"type": "str", "required": True},
    "registry": {"type": "str", "default": ""},
    "source": {"type": "path", "default": ""},
    "services": {"type": "dict", "required": True},
    "ca_bundle": {"type": "str", "default": ""},
    "env": {"type": "dict", "default": {}},
}


def provide(params: dict, check_mode: bool, engine: Engine) -> dict:
    keys = ("project", "registry", "release", "source", "ca_bundle", "env")
    images = Images(engine, **{key: params[key] for key in keys})
    pins = known_pins(Swarm(engine, params["project"]).services())
    found = {name: images.look(name, service, pins) for name, service in params["services"].items()}
    missing = [name for name, image in found.items() if image is None]
    if not check_mode:
        if params["source"]:
            remove_old_sources(images.source, time.time())
        found |= {name: images.of(name, params["services"][name], pins) for name in missing}
    known = {name: image for name, image in found.items() if image}
    return {"changed": bool(missing), "images": as_facts(known), "missing": missing}


def words(params: dict, error: Exception) -> str:
    """The reason, and what serves now: nothing was changed but images."""
    try:
        live = live_release(Store(Swarm(Engine(), params["project"])).releases())
    except EngineError:  # the reason says it
        return str(error)
    kept = "Every service is what it was"
    return render(Failure(str(error), params["release"], serving=live.id if live else "", kept=kept))


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**provide(module.params, module.check_mode, Engine()))
    except (Unavailable, NotInSwarm) as error:
        if not module.check_mode:
            module.fail_json(msg=str(error), service="")
        module.exit_json(**provide(module.params, True, NoEngine()))
    except (EngineError, CommandError) as error:
        said = {name: getattr(error, name, "") for name in ("service", "log")}
        module.fail_json(msg=words(module.params, error), **said)


if __name__ == "__main__":
    main()
