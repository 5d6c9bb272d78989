# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: droplets
short_description: An environment's droplets as hosts, also when DigitalOcean's API is busy for a moment
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - By itself it finds the droplets of the environment that C(group_vars) declare, in the groups that they are declared
    with, and in the group C(droplets). Their public address is C(ansible_host), their address in the VPC C(private_ip).
    Nothing of that needs to be written into its file; each option is for who wants something else.
  - It is the inventory plugin of C(community.digitalocean), where that is installed, with another way to ask the API.
    That one gives up on the first reply that is not 200, so that one request above the limit of the token (429) leaves
    a play without hosts. Where it is not installed, hosts, groups and variables are the same.
  - Here a reply of 429 or 5xx, and a connection that breaks, is asked for again, 5 times in all. A 429 is waited for as
    long as the API says, if that is a minute at the most.
  - A droplet that has no address yet is left out, with a warning.
  - Every host gets the variables of C(inventories/wiring.yml) of this collection, which say how the declarations of an
    environment reach the roles. They come before C(group_vars), so an environment can say something else.
  - Every input of the roles P(izzzi.infra.app_compose#role) and P(izzzi.infra.swarm_stack#role) is what the variable
    C(app_*) of the same name is, unless C(inventories/wiring.yml) says otherwise.
  - An inventory with folders C(host_vars/NAME) that have a file C(app.yml) declares an app with each, which runs on the
    droplet of the group C(web). Each app is then a host called NAME, an alias of that droplet with its address and its
    variables C(do_*). Those that the run is for, one with C(-e app=NAME), else all, are in the group C(app_hosts),
    and the droplet is in the group C(app_machines).
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
    env:
      - name: DIGITALOCEAN_TOKEN
  project:
    description:
      - Whose droplets they are. By default what C(provision_project) in C(group_vars) is, where that is a plain word.
    type: str
  environment:
    description: The same for C(provision_environment).
    type: str
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
    default: [id, name, networks, region, size_slug, tags]
  var_prefix:
    description: What the names of these variables begin with.
    type: str
    default: do_
  filters:
    description:
      - Conditions. A droplet that does not fulfil all of them is left out. By default one, that it has the tag of
        project and environment.
    type: list
    elements: str
    default: []
seealso:
  - plugin: community.digitalocean.digitalocean
    plugin_type: inventory
"""

EXAMPLES = r"""
---
# digitalocean.yml: the droplets of the environment that group_vars beside it declare, in their groups
plugin: izzzi.infra.droplets
---
# The same, with all that is then understood
plugin: izzzi.infra.droplets
oauth_token: "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
filters:
  - "'izzzi:shop:production' in do_tags"
compose:
  ansible_host: do_networks.v4 | selectattr('type', 'eq', 'public') | map(attribute='ip_address') | first
  private_ip: do_networks.v4 | selectattr('type', 'eq', 'private') | map(attribute='ip_address') | first
groups:
  droplets: true
keyed_groups:
  - key: do_tags | select('match', '^izzzi:shop:production:') | map('regex_replace', '^.*:', '') | list
    prefix: ""
    separator: ""
"""

import inspect
import re
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleParserError
from ansible.template import trust_as_template
from ansible.utils.vars import load_extra_vars

from ..module_utils._app import inventory_check, several
from ..module_utils._app.wiring import renamed, wired
from ..module_utils._cloud import client as cloud_client
from ..module_utils._cloud import transport
from ..module_utils._cloud.client import ApiError, Client
from ..plugin_utils.droplet_inventory import DropletInventory
from ..plugin_utils.preload import preload

try:
    from ansible_collections.community.digitalocean.plugins.inventory.digitalocean import InventoryModule as Base
except ImportError:
    Base = DropletInventory

COLLECTION = Path(__file__).resolve().parents[2]
SPECS = "roles/*/meta/argument_specs.yml"
VAULT = "group_vars/all/vault.yml"
VAULTS = (VAULT, "host_vars/*/vault.yml")
RUNNERS = ("app_compose", "swarm_stack")


UNKNOWN = (
    "Whose droplets are asked for is not said: declare provision_project and provision_environment in group_vars/all,"
    " as plain words, or write project and environment into this file."
)
NO_PASSWORD = "{} is encrypted, and there is no vault password: export ANSIBLE_VAULT_PASSWORD_FILE=FILE."


ADDRESS = "{}networks.v4 | selectattr('type', 'eq', '{}') | map(attribute='ip_address') | first"


class InventoryModule(Base):
    NAME = "izzzi.infra.droplets"

    def parse(self, inventory, loader, path, cache=True):
        """The wiring first, since it is also there when the API does not answer."""
        folder = Path(path).parent
        if "check" in context.CLIARGS:  # plays are run, for which Ansible forks; ansible-inventory has none
            preload()
        self._texts = _texts(folder)
        variables = _variables(loader, folder, self._texts)
        for name, value in variables.items():
            inventory.set_variable("all", name, value)
        self._apps = variables["app_names"]
        extra = load_extra_vars(loader)
        self._chosen = several.chosen(self._apps, extra)
        inventory.set_variable("all", "app_is_chosen", several.is_chosen(extra))
        self._add_apps(inventory)
        if self._texts.get(VAULT, "").startswith(inventory_check.ENCRYPTED) and not loader._vault.secrets:
            # Ansible stops after this, and does not say how to go on.
            self.display.warning(NO_PASSWORD.format(folder / VAULT))
        super().parse(inventory, loader, path, cache)

    def _populate(self, records):
        for name, value in self._understood().items():
            if not self.get_option(name):
                self.set_option(name, value)
        for droplet in records:
            if not droplet["networks"]["v4"]:
                self.display.warning(f"The droplet {droplet['name']} has no address yet, and is left out.")
        super()._populate([droplet for droplet in records if droplet["networks"]["v4"]])
        self._place_apps()

    def _add_apps(self, inventory):
        """A host for each app, also while there is no droplet: what all of them declare is known before it is made."""
        # The last one is filled by os_update.yml; Ansible warns of a group that is not there.
        for group in ("app_hosts", "app_machines", "os_update_queue"):
            inventory.add_group(group)
        for name in self._apps:
            inventory.add_host(name)
            variables = {
                "app_project": name,
                "stands_for_app": True,
                "app_secrets_file": trust_as_template("{{ own_secrets_file }}"),
                "app_vault_names": inventory_check.vault_names(several.files_for(name, self._apps, self._texts)),
            }
            for variable, value in variables.items():
                inventory.set_variable(name, variable, value)

    def _place_apps(self):
        """Make each app's host an alias of the droplet that runs it. A second droplet is refused by the playbooks."""
        web = self.inventory.groups["web"].get_hosts() if "web" in self.inventory.groups else []
        for machine in web if self._apps else []:
            self.inventory.add_child("app_machines", machine.name)
        for name in self._apps if web else []:
            for variable, value in web[0].vars.items():
                if not variable.startswith("inventory_"):
                    self.inventory.set_variable(name, variable, value)
            if name in self._chosen:
                self.inventory.add_child("app_hosts", name)

    def _understood(self):
        """Return the options that nobody needs to write, from whose droplets they are."""
        declared = inventory_check.owner(self._texts)
        project, environment = (
            self.get_option("project") or declared[0],
            self.get_option("environment") or declared[1],
        )
        if not self.get_option("filters") and not (project and environment):
            raise AnsibleParserError(UNKNOWN)
        owner, prefix = f"izzzi:{project}:{environment}", self.get_option("var_prefix")
        tags = f"{prefix}tags"
        groups = f"{tags} | select('match', '^{owner}:') | map('regex_replace', '^.*:', '') | list"
        addresses = {"ansible_host": ADDRESS.format(prefix, "public"), "private_ip": ADDRESS.format(prefix, "private")}
        return {
            "filters": [trust_as_template(f"'{owner}' in {tags}")],
            "compose": {name: trust_as_template(text) for name, text in addresses.items()},
            "groups": {"droplets": True},
            "keyed_groups": [{"key": trust_as_template(groups), "prefix": "", "separator": ""}],
        }

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


def _texts(environment):
    """Return what the files of an inventory say, by their names."""
    files = [*environment.glob("*.y*ml"), *environment.glob("group_vars/**/*"), *environment.glob("host_vars/**/*")]
    return {str(file.relative_to(environment)): file.read_text(errors="replace") for file in files if file.is_file()}


def _variables(loader, environment, texts):
    """Return the variables of every host. Their texts are templates."""
    specs = {role: _trusted(loader, f"roles/{role}/meta/argument_specs.yml") for role in RUNNERS}
    roles = {role: spec["argument_specs"]["main"]["options"] for role, spec in specs.items()}
    found = wired(_trusted(loader, "inventories/wiring.yml"), roles)
    found["app_old_names"] = renamed(texts.values(), roles)
    found["app_names"] = several.declared(texts)
    found["app_vault_names"] = inventory_check.vault_names(several.files_of_all(found["app_names"], texts))
    found["app_inventory_problems"] = _problems(environment, texts, found)
    return {name: trust_as_template(value) if isinstance(value, str) else value for name, value in found.items()}


def _problems(environment, texts, variables):
    """Return what is wrong in the files of an inventory. Inputs of roles are read as lines: YAML takes its time."""
    inputs = [re.findall(r"^ {6}(\w+):$", file.read_text(), re.MULTILINE) for file in COLLECTION.glob(SPECS)]
    known = [*variables, *(name for names in inputs for name in names)]
    return [
        *inventory_check.problems(texts, known, lambda path: Path(path).expanduser().exists()),
        *several.problems(texts, known),
        *_shared_vaults(environment),
    ]


def _shared_vaults(environment):
    """Return which vault files, of the environment or of an app, are another's, too. An app may have a copy of its own
    environment's: that is how an only app becomes one of several."""
    vaults = {file: file.read_bytes() for vault in VAULTS for file in environment.parent.glob(f"*/{vault}")}
    ours = environment / VAULT
    found = []
    for file in sorted(file for file in vaults if environment in file.parents):
        known = {file} | ({other for other in vaults if environment in other.parents} if file == ours else {ours})
        others = {str(other): content for other, content in vaults.items() if other not in known}
        found += inventory_check.shared(str(file.relative_to(environment)), vaults[file], others)
    return found


def _trusted(loader, path):
    """Load a file whose texts are templates. ansible-core 2.19 and later want that said; before, all of them were.
    `unsafe` saves a copy in depth, which takes longer than to read the file; nobody changes what is in it."""
    say = "trusted_as_template" in inspect.signature(loader.load_from_file).parameters
    more = {"trusted_as_template": True} if say else {}
    return loader.load_from_file(str(COLLECTION / path), unsafe=True, **more)


def _in_our_words(message):
    """The options have other names than the module's."""
    for theirs, ours in (("api_url", "baseurl"), ("provision_api_token", "oauth_token"), ("api_token", "oauth_token")):
        message = message.replace(theirs, ours)
    return message
