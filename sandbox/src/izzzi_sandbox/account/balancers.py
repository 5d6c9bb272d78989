# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps every load balancer in line with its settings and with the droplets behind it."""

from __future__ import annotations

import logging
import threading

from ..droplets.backend import BackendError, DropletBackend, ForwardingRule, HealthCheck, LoadBalancerSpec
from .records import Assignment, Certificate, Droplet, LoadBalancer
from .state import State
from .watcher import Watcher

log = logging.getLogger(__name__)


def spec_of(state: State, balancer: LoadBalancer) -> LoadBalancerSpec:
    settings, health, sticky = (
        balancer.settings,
        balancer.settings["health_check"],
        balancer.settings["sticky_sessions"],
    )
    targets = (
        droplet.private_ip
        for droplet in state.all(Droplet)
        if balancer.sends_to(droplet) and droplet.status == "active" and droplet.vpc_id == balancer.vpc_id
    )
    return LoadBalancerSpec(
        id=balancer.id,
        name=balancer.name,
        public_ip=balancer.public_ip,
        private_ip=balancer.private_ip,
        vpc_id=balancer.vpc_id,
        rules=tuple(_rule(state, rule) for rule in settings["forwarding_rules"]),
        health_check=HealthCheck(
            health["protocol"],
            health["port"],
            health.get("path", ""),
            health["check_interval_seconds"],
            health["response_timeout_seconds"],
            health["unhealthy_threshold"],
            health["healthy_threshold"],
        ),
        targets=tuple(sorted(targets)),
        sticky_cookie=sticky.get("cookie_name", ""),
        sticky_seconds=sticky.get("cookie_ttl_seconds", 0),
        redirect_http_to_https=settings["redirect_http_to_https"],
        proxy_protocol=settings["enable_proxy_protocol"],
        backend_keepalive=settings["enable_backend_keepalive"],
        idle_seconds=settings["http_idle_timeout_seconds"],
        allow=_cidrs(settings["firewall"]["allow"]),
        deny=_cidrs(settings["firewall"]["deny"]),
    )


def _rule(state: State, rule: dict) -> ForwardingRule:
    certificate = state.get(Certificate, rule["certificate_id"]) if rule["certificate_id"] else None
    return ForwardingRule(
        rule["entry_protocol"],
        rule["entry_port"],
        rule["target_protocol"],
        rule["target_port"],
        rule["tls_passthrough"],
        certificate.pem if certificate else "",
    )


def _cidrs(rules: list[str]) -> tuple[str, ...]:
    """From DigitalOcean's form: "ip:1.2.3.4" or "cidr:1.2.0.0/16"."""
    return tuple(rule.partition(":")[2] for rule in rules)


class Balancers(Watcher):
    name = "balancers"

    def __init__(self, state: State, backend: DropletBackend) -> None:
        super().__init__()
        self._state = state
        self._backend = backend
        self._applied: dict[str, LoadBalancerSpec] = {}
        self._work = threading.Lock()  # the loop and a reset never at once

    def clear(self) -> None:
        """For a reset: all of them, at once."""
        with self._work:
            for balancer in self._state.all(LoadBalancer):
                self._remove(balancer)

    def look(self) -> None:
        """Bring every load balancer in line, once."""
        with self._work:
            for balancer in self._state.all(LoadBalancer):
                if not self._stopped:
                    self._converge(balancer)

    def _converge(self, balancer: LoadBalancer) -> None:
        try:
            if balancer.deleting:
                self._remove(balancer)
                return
            wanted = spec_of(self._state, balancer)
            if wanted != self._applied.get(balancer.id):
                self._backend.apply_load_balancer(wanted)
                self._applied[balancer.id] = wanted
                log.info("load balancer %s: in line, %s droplets", balancer.name, len(wanted.targets))
            self._failed.discard(balancer.id)
            self._note(balancer.id, "active")
        except Exception as error:  # the loop must live
            level = logging.ERROR if isinstance(error, BackendError) else logging.CRITICAL
            log.log(level, "load balancer %s is not in line, next try follows: %s", balancer.name, error)
            self._failed.add(balancer.id)
            self._note(balancer.id, "errored")

    def _note(self, id: str, status: str) -> None:
        with self._state.transaction():
            balancer = self._state.get(LoadBalancer, id)
            if balancer and balancer.status != status and not balancer.deleting:
                balancer.status = status
                self._state.put(balancer)

    def _remove(self, balancer: LoadBalancer) -> None:
        self._backend.delete_load_balancer(balancer.id)
        self._applied.pop(balancer.id, None)
        with self._state.transaction():
            self._state.remove(balancer)
            assignment = self._state.get(Assignment, balancer.urn)
            if assignment:
                self._state.remove(assignment)
