"""What hangs on droplets, in memory: reserved IPs, load balancers, volumes, alerts."""

from __future__ import annotations

from typing import Any

NOUNS = ("reserved_ips", "load_balancers", "volumes", "monitoring/alerts", "certificates")
SINGULAR = {"reserved_ips": "reserved_ip", "load_balancers": "load_balancer", "volumes": "volume"}


class Attached:
    """`rows` are the API's; actions are done at once."""

    rows: dict[str, list[dict[str, Any]]]
    serial = 0

    def attached(self, noun: str, method: str, rest: str, content: Any) -> dict[str, Any] | None:
        key = SINGULAR.get(noun, "policy")
        if not rest:
            return self._list(noun) if method == "GET" else {key: self._make(noun, content)}
        id, _, action = rest.partition("/")
        row = next((row for row in self.rows[noun] if id in (row.get("id"), row.get("ip"), row.get("uuid"))), None)
        if row is None:
            return None
        if action:
            self._act_on(row, content)
            return {"action": {"id": 1, "status": "completed"}}
        if method == "PUT":
            row.update({key: value for key, value in content.items() if key != "region"})
        if method == "DELETE":
            self.rows[noun].remove(row)
        if noun == "load_balancers":
            row.update(status="active", ip="203.0.113.200")
        return {key: row}

    def _list(self, noun: str) -> dict[str, Any]:
        return {"policies" if noun == "monitoring/alerts" else noun: self.rows[noun], "links": {}}

    def _make(self, noun: str, content: dict[str, Any]) -> dict[str, Any]:
        self.serial += 1
        row = {**content, "region": {"slug": content.get("region", "fra1")}}
        if noun == "reserved_ips":
            row |= {"ip": f"203.0.113.{100 + self.serial}", "droplet": self._droplet(str(content["droplet_id"]))}
        elif noun == "monitoring/alerts":
            row["uuid"] = f"a{self.serial}"
        else:
            row |= {"id": f"{noun[0]}{self.serial}", "status": "new", "droplet_ids": []}
        self.rows[noun].append(row)
        return row

    def _act_on(self, row: dict[str, Any], content: dict[str, Any]) -> None:
        kind, droplet = content["type"], content.get("droplet_id")
        if kind in ("assign", "unassign"):
            row["droplet"] = self._droplet(str(droplet)) if kind == "assign" else None
        elif kind == "resize":
            row["size_gigabytes"] = content["size_gigabytes"]
        else:
            row["droplet_ids"] = [droplet] if kind == "attach" else []
