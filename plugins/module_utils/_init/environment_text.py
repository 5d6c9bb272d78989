# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the files of an environment beside app.yml. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .arguments import Wish
from .yaml_text import line

SIZE = "s-2vcpu-4gb"
IMAGE = "debian-13-x64"
_KEY_FILE = "~/.ssh/id_ed25519.pub"
TOKEN = "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
INVENTORY = """---
# The droplets that environment.yml declares, found by their tags in each run. DIGITALOCEAN_TOKEN holds the token.
plugin: izzzi.infra.droplets
"""
HOSTS = """---
# The controller, and the groups that droplets join by tag (empty until there are droplets).
all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
  children:
    droplets:
    web:
    managers:
    workers:
    data_host: # the host of the data services, as verbs find it
    vantage: # machines of yours that verify.yml tries to get in from, as strangers
"""


@dataclass(frozen=True)
class Key:
    """The public key of whoever asks, and where it was found. Without a text there is none."""

    file: str = ""
    text: str = ""


def environment_text(wish: Wish, key: Key) -> str:
    """Return group_vars/all/environment.yml."""
    lines = [
        "---",
        "# What exists in the cloud. `ansible-doc -t role izzzi.infra.provision` has all that can be said here.",
        f'provision_api_token: "{TOKEN}"',
        f"provision_project: {wish.project} # both are part of every name and tag, and stay plain words",
        f"provision_environment: {wish.environment}",
        f"provision_region: {wish.region}",
        f"provision_vpc: {{ip_range: {wish.ip_range}}} # stays as it is; no other network may overlap",
        *("", "# The keys that may log in as the user deploy. One for each person, and one for CI (docs/ci.md)."),
        "provision_ssh_keys:",
        *_keys(wish, key),
        "# TODO Who may use SSH. Without an address nobody can, and site.yml cannot either: curl "
        "https://checkip.amazonaws.com",
        "provision_allowed_ssh_ips: [] # for example [203.0.113.7/32]",
        "# ci_door_enabled: true # runs of CI open SSH for themselves, for an hour at most",
        *("", *_droplets(wish), "", *_domain(wish), *_more(wish)),
    ]
    return "\n".join(lines) + "\n"


def _keys(wish: Wish, key: Key) -> Iterator[str]:
    name = f"{wish.project}-deploy-key"
    if key.text:
        yield f"  - {{name: {name}, public_key: {line('x', key.text).removeprefix('x: ')}}} # {key.file}"
        return
    yield "  # TODO There was no public key in ~/.ssh. Make one: ssh-keygen -t ed25519"
    yield f"  - {{name: {name}, public_key: \"{{{{ lookup('ansible.builtin.file', '{_KEY_FILE}') }}}}\"}}"


def _droplets(wish: Wish) -> Iterator[str]:
    managers = 3 if wish.environment == "production" else 1
    rows = {
        "app": f"{{count: 1, size: {SIZE}, image: {IMAGE}, groups: [web], monitoring: true}}",
        "manager": f"{{count: {managers}, size: {SIZE}, image: {IMAGE}, groups: [managers], monitoring: true}}",
        "worker": f"{{count: 2, size: {SIZE}, image: {IMAGE}, groups: [workers], monitoring: true}}",
    }
    if wish.runner == "swarm":
        yield "app_orchestrator: swarm # or compose: one droplet, of the group web"
        yield "provision_droplets:"
        yield f"  manager: {rows['manager']} # 1, 3 or 5"
        yield f"  # worker: {rows['worker']}"
    else:
        yield "app_orchestrator: compose # or swarm: several droplets, of the groups managers and workers"
        yield "provision_droplets:"
        yield f"  app: {rows['app']}"


def _domain(wish: Wish) -> Iterator[str]:
    if wish.domain:
        yield "provision_domain: # its names point to the droplets, once DigitalOcean is its name server"
        yield f"  name: {wish.zone or wish.domain}"
        yield line("hosts", wish.hosts, 2, "a name belongs to one environment" if wish.zone else "")
        if wish.runner == "swarm":
            yield "  target: manager"
        return
    yield "# provision_domain: # its names point to the droplets"
    yield "#   name: example.com"
    yield '#   hosts: ["@", www]'


def _more(wish: Wish) -> Iterator[str]:
    buckets = f"{wish.project}-{wish.environment}-backups"
    yield "# provision_alert_emails: [ops@example.com] # the domain is watched from outside then, $1 a month"
    yield f"# provision_spaces: # with the bucket {buckets}, the app's data is backed up every night"
    yield "#   backups: {versioning: true, lifecycle: [{id: old, expire_old_versions_days: 30}]}"
    for name in ("access_key_id", "secret_access_key"):
        yield f"# provision_spaces_{name}: \"{{{{ lookup('ansible.builtin.env', 'SPACES_{name.upper()}') }}}}\""
