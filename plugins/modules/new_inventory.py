# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of the same name, which does all of the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: new_inventory
short_description: Write the inventory of a new environment
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Looks at an app's folder and writes an inventory for it, with which C(izzzi.infra.plan) works at once.
  - Dockerfiles (of a monorepo, too), a compose file, C(package.json), C(requirements.txt), C(pyproject.toml), a schema
    of Prisma and C(.env.example) are read; a real C(.env) never is. Nobody is asked over the network.
  - What the files do not say is a line with C(# TODO) in what is written, and in RV(todo). What they only suggest is in
    RV(assumed).
  - No secret is written. Names that sound like one become C(app_secret_env); what only the app needs to know is also in
    C(app_secrets), which the first run generates. Environments share no vault, host keys or range of addresses.
  - Nothing that exists is written over. All files appear at once, or none.
options:
  environment:
    description: Which environment it is. The range of addresses follows from it.
    type: str
    required: true
    choices: [production, staging, dev]
  project:
    description: The first part of every name, such as V(shop).
    type: str
    required: true
  app:
    description:
      - The folder of the app's source, relative to the current one, or the URL of a git repository. A repository is not
        read, so that its services are left to be declared.
    type: str
    required: true
  region:
    description: The slug of the region.
    type: str
    default: fra1
  domain:
    description: The domain of the app, to be held by DigitalOcean. Empty for none.
    type: str
    default: ''
  runner:
    description: Whether the app runs on one droplet or on several.
    type: str
    choices: [compose, swarm]
    default: compose
  into:
    description: The new folder, relative to the current one. Empty for C(inventories/ENVIRONMENT).
    type: str
    default: ''
attributes:
  action:
    support: full
    description: It runs on the controller and never connects to the target.
  check_mode:
    support: full
    description: Says what would be written, and refuses what a run would refuse.
  diff_mode:
    support: full
    description: Shows the files. There is no secret in them.
"""

EXAMPLES = r"""
- name: Write inventories/production for the app in the folder beside
  izzzi.infra.new_inventory:
    environment: production
    project: shop
    app: ../shop
    domain: example.com
  delegate_to: localhost
"""

RETURN = r"""
path:
  description: The absolute path of the folder.
  returned: success
  type: str
  sample: /srv/infra/inventories/production
files:
  description: The files in it.
  returned: success
  type: list
  elements: str
  sample: [README.md, digitalocean.yml, group_vars/all/app.yml, group_vars/all/environment.yml, hosts.yaml]
found:
  description: What was found in the app's folder.
  returned: success
  type: list
  elements: str
  sample: ["Dockerfile, which is the service web"]
assumed:
  description: What the app's files suggest, and do not say.
  returned: success
  type: list
  elements: str
  sample: ["web listens on port 3000, as Next.js does"]
todo:
  description: What could not be told. In the files, C(# TODO) marks the same.
  returned: success
  type: list
  elements: str
  sample: ["web: no port found: set `port` to the one inside of the container"]
"""
