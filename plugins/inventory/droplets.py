# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: droplets
short_description: Hosts from DigitalOcean, also when its API is busy for a moment
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - The inventory plugin of C(community.digitalocean), with another way to ask the API. That one gives up on the first
    reply that is not 200, so that one request above the limit of the token (429) leaves a play without hosts.
  - Here a reply of 429 or 5xx, and a connection that breaks, is asked for again, 5 times in all. A 429 is waited for as
    long as the API says, if that is a minute at the most.
  - Every host gets the variables of C(inventories/wiring.yml) of this collection, which say how the declarations of an
    environment reach the roles. They come before C(group_vars), so an environment can say something else.
  - Every input of the roles P(izzzi.infra.app_compose#role) and P(izzzi.infra.swarm_stack#role) is what the variable
    C(app_*) of the same name is, unless C(inventories/wiring.yml) says otherwise.
  - Its file ends in C(digitalocean.yml), C(digital_ocean.yml) or C(do_hosts.yml), or in C(.yaml) instead.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [izzzi.infra.droplets]
  oauth_token:
    description: The API token. May be a template.
    type: str
    required: true
  baseurl:
    description: The API's address, with its version.
    type: str
    default: https://api.digitalocean.com/v2
  timeout:
    description: How many seconds to wait for one reply.
    type: int
    default: 30
  attributes:
    description: The fields of a droplet, as the API names them, that become variables of the host.
    type: list
    elements: str
    default: [id, name, networks, region, size_slug]
  var_prefix:
    description: What the names of these variables begin with.
    type: str
    default: do_
  filters:
    description: Conditions. A droplet that does not fulfil all of them is left out.
    type: list
    elements: str
    default: []
seealso:
  - plugin: community.digitalocean.digitalocean
    plugin_type: inventory
"""

EXAMPLES = r"""
# digitalocean.yml: an environment's droplets, in the groups that they are declared with
plugin: izzzi.infra.droplets
oauth_token: "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
attributes: [id, name, networks, tags]
filters:
  - "'izzzi:shop:production' in do_tags"
compose:
  ansible_host: do_networks.v4 | selectattr('type', 'eq', 'public') | map(attribute='ip_address') | first
keyed_groups:
  - key: do_tags | select('match', '^izzzi:shop:production:') | map('regex_replace', '^.*:', '') | list
    prefix: ""
    separator: ""
"""

import inspect
import re
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible_collections.community.digitalocean.plugins.inventory import digitalocean

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text is one
    trust_as_template = str

from ..module_utils._app import inventory_check
from ..module_utils._app.wiring import renamed, wired
from ..module_utils._cloud import client as cloud_client
from ..module_utils._cloud import transport
from ..module_utils._cloud.client import ApiError, Client

COLLECTION = Path(__file__).resolve().parents[2]
SPECS = "roles/*/meta/argument_specs.yml"
VAULT = "group_vars/all/vault.yml"
RUNNERS = ("app_compose", "swarm_stack")


class InventoryModule(digitalocean.InventoryModule):
    NAME = "izzzi.infra.droplets"

    def parse(self, inventory, loader, path, cache=True):
        """The wiring first, since it is also there when the API does not answer."""
        for name, value in _variables(loader, Path(path).parent).items():
            inventory.set_variable("all", name, value)
        super().parse(inventory, loader, path, cache)

    def _get_payload(self):
        """All droplets of the account: the one thing that is done otherwise here."""
        url, token = self.get_option("baseurl"), str(self._template_option("oauth_token") or "").strip()
        if problems := cloud_client.problems(url, token):
            raise AnsibleParserError(" ".join(_in_our_words(problem) for problem in problems))
        client = Client(url, token, transport.https(), timeout=self.get_option("timeout"))
        try:
            return client.list("/droplets", "droplets")
        except ApiError as error:
            refused = f"{url} refuses the API token (401). Give a valid one as oauth_token."
            told = refused if error.status == 401 else _in_our_words(str(error))
            raise AnsibleParserError(told) from None  # Ansible would append the cause's words


def _variables(loader, environment):
    """Return the variables of every host. Their texts are templates."""
    specs = {role: _trusted(loader, f"roles/{role}/meta/argument_specs.yml") for role in RUNNERS}
    roles = {role: spec["argument_specs"]["main"]["options"] for role, spec in specs.items()}
    found = wired(_trusted(loader, "inventories/wiring.yml"), roles)
    files = [*environment.glob("*.y*ml"), *environment.glob("group_vars/**/*"), *environment.glob("host_vars/**/*")]
    texts = {str(file.relative_to(environment)): file.read_text(errors="replace") for file in files if file.is_file()}
    found["app_old_names"] = renamed(texts.values(), roles)
    found["app_inventory_problems"] = _problems(environment, texts, found)
    return {name: trust_as_template(value) if isinstance(value, str) else value for name, value in found.items()}


def _problems(environment, texts, variables):
    """Return what is wrong in the files of an inventory. Inputs of roles are read as lines: YAML takes its time."""
    inputs = [re.findall(r"^ {6}(\w+):$", file.read_text(), re.MULTILINE) for file in COLLECTION.glob(SPECS)]
    known = [*variables, *(name for names in inputs for name in names)]
    vaults = {str(file): file.read_bytes() for file in environment.parent.glob(f"*/{VAULT}")}
    own = vaults.pop(str(environment / VAULT), None)
    return inventory_check.problems(texts, known, lambda path: Path(path).expanduser().exists()) + (
        inventory_check.shared(VAULT, own, vaults) if own else []
    )


def _trusted(loader, path):
    """Load a file whose texts are templates. ansible-core 2.19 and later want that said; before, all of them were."""
    say = "trusted_as_template" in inspect.signature(loader.load_from_file).parameters
    return loader.load_from_file(str(COLLECTION / path), **({"trusted_as_template": True} if say else {}))


def _in_our_words(message):
    """The options have other names than the module's."""
    for theirs, ours in (("api_url", "baseurl"), ("provision_api_token", "oauth_token"), ("api_token", "oauth_token")):
        message = message.replace(theirs, ours)
    return message
