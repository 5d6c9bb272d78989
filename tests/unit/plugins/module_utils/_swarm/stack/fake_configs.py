# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's configs in memory."""

from __future__ import annotations

import copy

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import Conflict, NotFound


class Configs:
    """The engine's /configs: names are unique, only labels change, and only against the version that was read."""

    def __init__(self):
        self.items: dict[str, dict] = {}
        self.last = 0

    def get(self, path, filters=None, **_query):
        if path.startswith("/configs/"):
            name = path.split("/")[2]
            found = [item for id, item in self.items.items() if name in (id, item["Spec"]["Name"])]
            if not found:
                raise NotFound(404, "none")
            return copy.deepcopy(found[0])
        assert path == "/configs"
        wanted = dict(label.split("=") for label in filters["label"])
        found = [i for i in self.items.values() if wanted.items() <= i["Spec"]["Labels"].items()]
        return copy.deepcopy(found)

    def post(self, path, body=None, headers=None, version=None):
        self.last += 1
        if path == "/configs/create":
            if any(item["Spec"]["Name"] == body["Name"] for item in self.items.values()):
                raise Conflict(409, "name")
            self.items[str(self.last)] = {"ID": str(self.last), "Version": {"Index": self.last}, "Spec": body}
            return {"ID": str(self.last)}
        item = self.items[path.split("/")[2]]
        if item["Version"]["Index"] != version:
            raise Conflict(500, "update out of sequence")
        assert body["Data"] == item["Spec"]["Data"], "only labels may change"
        item |= {"Spec": body, "Version": {"Index": self.last}}
        return None

    def delete(self, path, **_query):
        name = path.split("/")[2]
        found = [id for id, item in self.items.items() if name in (id, item["Spec"]["Name"])]
        if not found:
            raise NotFound(404, "none")
        del self.items[found[0]]
