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
    of Prisma and C(.env.example) are read; a real C(.env) never is. Nobody is asked over the network, unless O(adopt)
    says so.
  - What the files do not say is a line with C(# TODO) in what is written, and in RV(todo). What they only suggest is in
    RV(assumed).
  - No secret is written. Names that sound like one become C(app_secret_env); what only the app needs to know is also in
    C(app_secrets), which the first run generates. Environments share no vault, host keys or range of addresses.
  - Nothing that exists is written over. All files appear at once, or none.
  - With O(adopt) the environment's part says what the account has already, whoever made it. Resources are found by the
    names that a declaration gives (C(PROJECT-ENVIRONMENT-vpc), C(PROJECT-ENVIRONMENT-app), and so on). The first plan
    then gives our tags, attaches by them and notes the domain's records as ours; RV(first_plan) shows it, since it is
    made here. What else the account has there is in RV(todo), by its name.
  - Adopting sends GET requests only.
extends_documentation_fragment: [izzzi.infra.spaces, izzzi.infra.api]
options:
  environment:
    description: Which environment it is. The range of addresses follows from it.
    type: str
    required: true
    choices: [production, staging, dev]
  app:
    description:
      - The folder of the app's source, relative to the current one, or the URL of a git repository. A repository is not
        read, so that its services are left to be declared.
    type: str
    required: true
  region:
    description:
      - The slug of the region. By default V(fra1).
      - With O(adopt) it follows from the account, and another one is an error.
    type: str
  domain:
    description:
      - The domain of the app, to be held by DigitalOcean. Empty for none.
      - With O(adopt) that of the account whose names lead to the droplets; when there are several, one of them is to be
        said.
    type: str
    default: ''
  runner:
    description:
      - Whether the app runs on one droplet or on several. By default V(compose).
      - With O(adopt) it follows from our tags, where the droplets have some.
    type: str
    choices: [compose, swarm]
  into:
    description: The new folder, relative to the current one. Empty for C(inventories/ENVIRONMENT).
    type: str
    default: ''
  adopt:
    description:
      - Declare what the account has of the environment already. Needs O(api_token).
      - Without O(spaces_access_key_id) no bucket is looked for, and RV(todo) says so.
    type: bool
    default: false
  spaces_region:
    description: Where the buckets are that O(adopt) looks for. By default the droplets' region.
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

- name: Write the inventory of what Terraform has made
  izzzi.infra.new_inventory:
    environment: production
    project: izzzi
    app: ../izzzi
    adopt: true
    api_token: "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
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
  description: What was found in the app's folder, and with O(adopt) in the account.
  returned: success
  type: list
  elements: str
  sample: ["Dockerfile, which is the service web"]
assumed:
  description: What the app's files, or the account, suggest and do not say.
  returned: success
  type: list
  elements: str
  sample: ["web listens on port 3000, as Next.js does"]
todo:
  description: What could not be told, and what of the account is not declared. In the files, C(# TODO) marks the same.
  returned: success
  type: list
  elements: str
  sample: ["web: no port found: set `port` to the one inside of the container"]
first_plan:
  description: What C(izzzi.infra.plan) says of the new inventory.
  returned: with O(adopt)
  type: str
  sample: "Plan: 2 to create, 4 to change, 5 as declared."
"""
