# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts from droplets, with the options of community.digitalocean's inventory plugin, where that is not installed."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from jinja2 import TemplateError

SUFFIXES = tuple(
    f"{name}.{ending}" for name in ("do_hosts", "digitalocean", "digital_ocean") for ending in ("yml", "yaml")
)


class DropletInventory(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "izzzi.infra.droplets"
    _sanitize_group_name = staticmethod(to_safe_group_name)

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(SUFFIXES)

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key, is_cached = self.get_cache_key(path), self.get_option("cache")
        droplets = self._cache.get(key) if is_cached and cache else None
        if droplets is None:
            droplets = self._get_payload()
            if is_cached:
                self._cache[key] = droplets
        self._populate(droplets)

    def _template_option(self, option):
        self.templar.available_variables = {}
        return self.templar.template(self.get_option(option))

    def _populate(self, records):
        prefix, strict = self.get_option("var_prefix"), self.get_option("strict")
        for droplet in records:
            name = droplet["name"]
            variables = {prefix + key: droplet[key] for key in self.get_option("attributes") if key in droplet}
            if not all(self._holds(condition, variables, name) for condition in self.get_option("filters") or []):
                continue
            self.inventory.add_host(name)
            for key, value in variables.items():
                self.inventory.set_variable(name, key, value)
            self._set_composite_vars(self.get_option("compose"), variables, name, strict)
            self._add_host_to_composed_groups(self.get_option("groups"), {}, name, strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, name, strict)

    def _holds(self, condition, variables, host):
        """Return whether a condition holds. One that cannot be told does not, unless that is to be an error."""
        try:
            return bool(self._compose(condition, variables))
        except (AnsibleError, TemplateError) as error:
            if self.get_option("strict"):
                raise AnsibleError(f"{host}: the filter {condition} cannot be evaluated: {error}") from error
            return False
