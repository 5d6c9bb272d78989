#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: app_image
short_description: Build, push or pull an app's images, and pin them by digest
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Builds the services that have C(build) from the packed source, pushes them as
    C(<registry>/<project>/<service>:<release>), pulls the images of the others, and returns references by digest, so
    that every host runs the same.
  - What a running service was pinned to (O(pins)) stays, as long as its declaration does not change, also when a tag
    has moved. An image of the release that is there already and was built alike is not built again.
  - What builds say is in C(build-logs/<release>.log) beside O(archive).
  - It runs where Docker is, on a host or with C(delegate_to=localhost).
requirements:
  - Docker; with its plugin buildx where Dockerfiles need BuildKit, and for O(build_ca_bundle)
options:
  archive:
    description: The source, as M(izzzi.infra.source_archive) packs it. Required when something has to be built.
    type: path
  project:
    description: Name of the app.
    type: str
    required: true
  release:
    description: The release's id, which becomes the tag.
    type: str
    required: true
  services:
    description: Services by name, each with C(build) or C(image).
    type: dict
    required: true
  env:
    description: Values for C(${NAME}) in C(image) and C(build). Secrets have no place there, since layers keep them.
    type: dict
    default: {}
  platform:
    description: What to build for, such as V(linux/amd64); empty for this machine's own.
    type: str
    default: ''
  registry:
    description: Where to push, with or without a path, such as V(registry.digitalocean.com/izzzi).
    type: str
    default: ''
  pull:
    description: The same registry as others reach it, for RV(images); by default O(registry).
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
    description: A file with CA certificates that builds need, offered as the build secret C(ca_bundle).
    type: str
    default: ''
  pins:
    description: References by digest of images that are in use, by what was declared.
    type: dict
    default: {}
  refresh:
    description: Whether builds pull their base images although this machine has some.
    type: bool
    default: false
  keep:
    description: Whether the names of built images stay on this machine. The build's cache does in any case.
    type: bool
    default: false
  serving:
    description: The release that is live, for the message of a failure.
    type: str
    default: ''
  timeout:
    description: Seconds for each build, push and pull.
    type: int
    default: 1800
attributes:
  check_mode:
    support: full
    description: Nothing is built, pulled or pushed; images that are not there yet are named in RV(missing).
  diff_mode:
    support: none
    description: The digests are what there is to know.
"""

EXAMPLES = r"""
- name: Build and push
  izzzi.infra.app_image:
    archive: "{{ source.archive }}"
    project: izzzi
    release: "{{ source.release }}"
    services:
      backend: {build: {dockerfile: apps/backend/Dockerfile}}
      postgres: {image: "postgres:17"}
    platform: linux/amd64
    registry: registry.digitalocean.com/izzzi
  delegate_to: localhost
  become: false
  register: image
"""

RETURN = r"""
images:
  description: By service, the reference by digest as O(pull) has it. In check mode without RV(missing).
  returned: success
  type: dict
  sample:
    backend: registry.example.com/izzzi/backend@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
facts:
  description: The same with the declared name, and with what the image says to run.
  returned: success
  type: dict
  sample:
    postgres: {reference: "postgres:17@sha256:0f2c...", declared: "postgres:17", entrypoint: [docker-entrypoint.sh],
               command: [postgres], has_healthcheck: false, volumes: []}
missing:
  description: Services whose image was not there.
  returned: success
  type: list
  elements: str
log:
  description: The file with all that a build said which failed.
  returned: failure
  type: str
"""

from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.app import App
from ..module_utils._app.failure import Failure, render
from ..module_utils._app.images import Images, Registry
from ..module_utils._app.program import CommandError
from ..module_utils._app.progress import of_module
from ..module_utils._secrets.mask import mask

TEXT = {"type": "str", "default": ""}
ARGUMENT_SPEC = {
    "archive": {"type": "path"},
    "project": {"type": "str", "required": True},
    "release": {"type": "str", "required": True},
    "services": {"type": "dict", "required": True},
    "env": {"type": "dict", "default": {}},
    **dict.fromkeys(("platform", "registry", "pull", "username", "build_ca_bundle", "serving"), TEXT),
    "password": {**TEXT, "no_log": True},
    "pins": {"type": "dict", "default": {}},
    "refresh": {"type": "bool", "default": False},
    "keep": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 1800},
}


def of(p: dict) -> Images:
    app = App(p["project"], Path(), p["services"], env=p["env"], build_ca_bundle=p["build_ca_bundle"])
    registry = Registry(p["registry"], p["pull"], p["username"], p["password"])
    archive = Path(p["archive"]) if p["archive"] else None
    return Images(app, p["release"], registry, archive, p["pins"], p["platform"], p["timeout"], p["refresh"])


def provide(images: Images, keep: bool, check_mode: bool) -> dict:
    """Look what is there, and make what is missing."""
    found = images.look()
    missing = [name for name in images.app.services if name not in found]
    try:
        found |= {} if check_mode else images.make(missing)
    finally:
        if not (keep or check_mode):
            images.forget([name for name in missing if name in images.app.built])
    return {
        "changed": bool(missing),
        "images": {name: images.registry.as_pulled(image.reference) for name, image in found.items()},
        "facts": {name: asdict(image) for name, image in found.items()},
        "missing": missing,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        with of_module(module, params["project"], [params["password"]]):
            result = provide(of(params), params["keep"], module.check_mode)
        module.exit_json(**result)
    except (CommandError, ValueError, OSError) as error:
        said = {name: getattr(error, name, "") for name in ("service", "log")}
        text = render(Failure(str(error), params["release"], serving=params["serving"]))
        module.fail_json(msg=mask(text, [params["password"]]), **said)


if __name__ == "__main__":
    main()
