# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer before the droplets that carry a tag: those that are made later are behind it by themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from ..account import Account, Reads, Row, listed
from ..client import ApiError
from ..declaration import group_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Step, changed, created
from ..resource import ATTACHED, Context, Resource

PROTOCOLS = ["http", "https", "http2", "http3", "tcp", "udp"]
RULE = {
    "entry_protocol": {"type": "str", "choices": PROTOCOLS, "required": True},
    "entry_port": {"type": "int", "required": True},
    "target_protocol": {"type": "str", "choices": ["http", "https", "http2", "tcp", "udp"], "required": True},
    "target_port": {"type": "int", "required": True},
    "certificate_id": {"type": "str", "default": ""},
    "tls_passthrough": {"type": "bool", "default": False},
}
CHECK = {
    "protocol": {"type": "str", "choices": ["http", "https", "tcp"], "default": "tcp"},
    "port": {"type": "int", "default": 80},
    "path": {"type": "str", "default": ""},
    "check_interval_seconds": {"type": "int", "default": 10},
    "response_timeout_seconds": {"type": "int", "default": 5},
    "unhealthy_threshold": {"type": "int", "default": 3},
    "healthy_threshold": {"type": "int", "default": 5},
}
OPTIONS = {
    "group": {"type": "str", "default": ""},
    "size_unit": {"type": "int", "default": 1},
    "forwarding_rules": {"type": "list", "elements": "dict", "default": [], "options": RULE},
    "health_check": {"type": "dict", "options": CHECK, "apply_defaults": True},
    "redirect_http_to_https": {"type": "bool", "default": False},
    "enable_proxy_protocol": {"type": "bool", "default": False},
}
# What the droplets' nginx expects: TLS ends there.
RULES = [
    {"entry_protocol": "tcp", "entry_port": port, "target_protocol": "tcp", "target_port": port} for port in (80, 443)
]
PRICE = 12.0  # US dollars a month for each unit of size
MOST_UNITS = 100
SECURE = ("https", "http2", "http3")
CHECK_LIMITS = {
    "port": (1, 65535),
    "check_interval_seconds": (3, 300),
    "response_timeout_seconds": (3, 300),
    "unhealthy_threshold": (2, 10),
    "healthy_threshold": (2, 10),
}


def problems(balancer: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    where, found = "load_balancer", []
    if balancer["group"]:
        found += group_problems(f"{where}.group", balancer["group"])
        groups = sorted({group for droplet in declared["droplets"].values() for group in droplet["groups"]})
        if balancer["group"] not in groups:
            known = ", ".join(groups) or "none"
            found.append(f"{where}.group: no droplet is in the group {balancer['group']!r}. There are: {known}.")
    if not 1 <= balancer["size_unit"] <= MOST_UNITS:
        found.append(f"{where}.size_unit: {balancer['size_unit']} is not from 1 to {MOST_UNITS}.")
    check = balancer["health_check"]
    for name, (least, most) in CHECK_LIMITS.items():
        if not least <= check[name] <= most:
            found.append(f"{where}.health_check.{name}: {check[name]} is not from {least} to {most}.")
    if check["path"] and not check["path"].startswith("/"):
        found.append(f"{where}.health_check.path: {check['path']!r} does not begin with /.")
    entries = set()
    for index, rule in enumerate(balancer["forwarding_rules"]):
        found += _rule_problems(f"{where}.forwarding_rules[{index}]", rule)
        entry = (rule["entry_protocol"] in ("udp", "http3"), rule["entry_port"])
        if entry in entries:
            found.append(
                f"{where}.forwarding_rules[{index}].entry_port: {rule['entry_port']} is taken by another rule."
            )
        entries.add(entry)
    return found


def _rule_problems(where: str, rule: dict[str, Any]) -> list[str]:
    """Check one rule by itself."""
    entry, target, certificate = rule["entry_protocol"], rule["target_protocol"], rule["certificate_id"]
    found = [
        f"{where}.{name}: {rule[name]} is not a port."
        for name in ("entry_port", "target_port")
        if not 1 <= rule[name] <= 65535
    ]
    plain = [protocol for protocol in (entry, target) if protocol in ("tcp", "udp")]
    if plain and entry != target:
        found.append(f"{where}: {entry} cannot be forwarded to {target}; tcp goes to tcp, udp to udp.")
    if entry in SECURE and not certificate and not rule["tls_passthrough"]:
        found.append(f"{where}: {entry} needs certificate_id or tls_passthrough.")
    if rule["tls_passthrough"] and (certificate or target not in SECURE):
        found.append(f"{where}: tls_passthrough takes a target_protocol of https or http2, and no certificate_id.")
    return found


def described(rules: list[Row]) -> list[str]:
    """Describe forwarding rules."""
    return sorted(
        f"{rule['entry_protocol']} {rule['entry_port']} to {rule['target_protocol']} {rule['target_port']}"
        + (f" with certificate {rule['certificate_id']}" if rule.get("certificate_id") else "")
        + (" passing TLS through" if rule.get("tls_passthrough") else "")
        for rule in rules
    )


def fields(row: dict[str, Any]) -> dict[str, Any]:
    check = row.get("health_check") or {}
    return {
        "name": row["name"],
        "tag": row.get("tag") or "",
        "size_unit": row.get("size_unit") or 1,
        "forwarding_rules": described(row.get("forwarding_rules") or []),
        "health_check": {name: check.get(name) for name in CHECK} | {"path": _path(check)},
        "redirect_http_to_https": bool(row.get("redirect_http_to_https")),
        "enable_proxy_protocol": bool(row.get("enable_proxy_protocol")),
    }


def _path(check: dict[str, Any]) -> str:
    """Return a check's path; a TCP check has none, whatever the API says."""
    return "" if check.get("protocol") == "tcp" else check.get("path") or "/"


def find(name: str, rows: list[Row]) -> Row | None:
    return next((row for row in rows if row["name"] == name), None)


def ours(names: Names, account: Account) -> Row | None:
    """Return the load balancer of our name; else the only one in front of our droplets in our VPC, which somebody
    renamed."""
    if row := find(names.load_balancer, account["load_balancers"]):
        return row
    vpcs = [vpc["id"] for vpc in account["vpcs"] if vpc["name"] == names.vpc]
    rows = [r for r in account["load_balancers"] if names.owns_tag(r.get("tag") or "") and r.get("vpc_uuid") in vpcs]
    return rows[0] if len(rows) == 1 else None


def cost(row: dict[str, Any]) -> float:
    return PRICE * (row.get("size_unit") or 1)


def leftover(context: Context, account: Account) -> list[Row]:
    """List the load balancers before our droplets, and those of our name before none, but for the declared one."""
    names = context.names
    is_declared = bool(context.declared["load_balancer"]) and not context.is_absent
    declared = ours(names, account) if is_declared else None
    return [
        row
        for row in account["load_balancers"]
        if row is not declared
        and (names.owns_tag(row["tag"]) if row.get("tag") else row["name"] == names.load_balancer)
    ]


class LoadBalancer(Resource):
    kind = "load_balancer"
    phase = ATTACHED
    requires = (("vpc", ""), ("tag", ""))
    urn_noun = "loadbalancer"
    doubles = "load_balancers"
    arguments: ClassVar[dict[str, Any]] = {"load_balancer": {"type": "dict", "options": OPTIONS}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        balancer = declared["load_balancer"]
        if not balancer:
            return []
        declared["load_balancer"] = {**balancer, "forwarding_rules": balancer["forwarding_rules"] or RULES}
        rules = [
            {"certificate_id": "", "tls_passthrough": False, **r} for r in declared["load_balancer"]["forwarding_rules"]
        ]
        declared["load_balancer"]["forwarding_rules"] = rules
        return problems(declared["load_balancer"], declared)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._name = context.names.load_balancer
        self._declared = None if context.is_absent else context.declared["load_balancer"]
        self._awaited = False

    def reads(self) -> Reads:
        client, needed = self.context.client, bool(self._declared)
        found: Reads = {
            "load_balancers": lambda: listed(client, "/load_balancers", "load_balancers", needed=needed),
            "vpcs": lambda: client.list("/vpcs", "vpcs"),
        }
        if self._certificates():
            found["certificates"] = lambda: client.list("/certificates", "certificates")
        return found

    def _certificates(self) -> list[tuple[str, str]]:
        """Return the certificates that rules name, each with its place in the declaration."""
        rules = (self._declared or {}).get("forwarding_rules", [])
        where = "load_balancer.forwarding_rules"
        return [
            (f"{where}[{n}].certificate_id", r["certificate_id"]) for n, r in enumerate(rules) if r["certificate_id"]
        ]

    def _certificate_problems(self, account: Account) -> list[str]:
        known = {row["id"]: row for row in account.get("certificates", [])}
        told = ", ".join(f"{row['name']} ({id})" for id, row in known.items()) or "none"
        return [
            f"{where}: the account has no certificate {id!r}. There are: {told}."
            for where, id in self._certificates()
            if id not in known
        ]

    def _body(self) -> dict[str, Any]:
        names, declared = self.context.names, self._declared
        check = {name: value for name, value in declared["health_check"].items() if value != ""}
        return {
            **{key: value for key, value in declared.items() if key != "group"},
            "name": self._name,
            "region": self.context.declared["region"],
            "vpc_uuid": self.context.known.id("vpc", names.vpc),
            "tag": names.group_tag(declared["group"]) if declared["group"] else names.owner_tag,
            "health_check": check,
            "forwarding_rules": [
                {key: value for key, value in rule.items() if value != ""} for rule in declared["forwarding_rules"]
            ],
        }

    def problems(self, account: Account) -> list[str]:
        row = ours(self.context.names, account) if self._declared else None
        region, found = self.context.declared["region"], self._certificate_problems(account)
        if row and (row.get("region") or {}).get("slug", region) != region:
            found.append(f"load_balancer: {self._name} is in {row['region']['slug']}, and cannot be moved to {region}.")
        return found

    def steps(self, account: Account) -> list[Step]:
        if not self._declared:
            return []
        row = ours(self.context.names, account)
        after = fields(self._body())
        price = cost(self._declared)
        if row is None:
            shown = {field: value for field, value in after.items() if field not in ("name", "droplet_ids")}
            return [Step(CREATE, self.kind, self._name, created(shown), self._create, cost_after=price)]
        self.context.known.put(self.kind, self._name, row)
        self._awaited = row.get("status") == "new"
        changes = changed(fields(row), after)
        if not changes:
            return [Step(NOOP, self.kind, self._name, cost_before=price, cost_after=price)]
        return [Step(UPDATE, self.kind, self._name, changes, lambda: self._put(row["id"]), cost(row), price)]

    def _create(self) -> None:
        client = self.context.client

        def look_up() -> dict[str, Any] | None:
            row = find(self._name, client.list("/load_balancers", "load_balancers"))
            return row and {"load_balancer": row}

        row = client.create("/load_balancers", self._body(), look_up)["load_balancer"]
        self.context.known.put(self.kind, self._name, row)
        self._awaited = True

    def _put(self, id: str) -> None:
        """Replace all settings: whatever is left out returns to its default."""
        self.context.client.put(f"/load_balancers/{id}", self._body())

    def settle(self) -> None:
        """Wait until it has its address: DNS records may point to it."""
        if not self._awaited:
            return
        client, id = self.context.client, self.context.known.id(self.kind, self._name)

        def ready() -> Row | None:
            row = client.get(f"/load_balancers/{id}")["load_balancer"]
            if row["status"] == "errored":
                raise ApiError(f"DigitalOcean could not make the load balancer {self._name}. Delete it and run again.")
            return row if row["status"] == "active" and row.get("ip") else None

        late = f"The load balancer {self._name} is not active within {self.context.wait.limit} s. Run again to wait on."
        self.context.known.put(self.kind, self._name, self.context.wait.until(ready, lambda: late))

    def surplus(self, account: Account) -> list[Step]:
        delete = self.context.client.delete
        return [
            Step(DELETE, self.kind, row["name"], (), lambda id=row["id"]: delete(f"/load_balancers/{id}"), cost(row))
            for row in leftover(self.context, account)
        ]

    def members(self, account: Account) -> list[str]:
        return [self._name] if self._declared else []

    def urns(self, account: Account) -> list[str]:
        return [self.urn_of(row["id"]) for row in leftover(self.context, account)]

    def outputs(self) -> dict[str, Any]:
        row = self.context.known.row(self.kind, self._name) or {}
        return {"load_balancer_ip": row.get("ip") or ""}
