# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer as HAProxy's configuration. Pure: a specification in, text and certificates out."""

from __future__ import annotations

from collections.abc import Iterable

from .backend import BackendError, ForwardingRule, LoadBalancerSpec

FOLDER = "etc/izzzi-balancer"
HTTP = ("http", "https", "http2")
TLS = ("https", "http2")


def files(spec: LoadBalancerSpec) -> dict[str, bytes]:
    certificates = {_certificate(i): rule.certificate.encode() for i, rule in enumerate(spec.rules) if _ends_tls(rule)}
    return {f"{FOLDER}/haproxy.cfg": render(spec).encode(), **certificates}


def render(spec: LoadBalancerSpec) -> str:
    for rule in spec.rules:
        if {"udp", "http3"} & {rule.entry_protocol, rule.target_protocol}:
            raise BackendError("HAProxy forwards no UDP: a rule with udp or http3 cannot work in the sandbox")
        if _ends_tls(rule) and not rule.certificate:
            raise BackendError(f"the rule for port {rule.entry_port} ends TLS and has no certificate")
    sections = [GLOBAL.format(idle=spec.idle_seconds)]
    for index, rule in enumerate(spec.rules):
        sections.append(_section(f"frontend entry-{index}", _frontend(spec, index, rule)))
        sections.append(_section(f"backend target-{index}", _backend(spec, rule)))
    return "\n".join(sections)


GLOBAL = """global
  maxconn 4000
  log stdout format raw local0 notice
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  log global
  timeout connect 5s
  timeout client {idle}s
  timeout server {idle}s
  timeout http-request 10s
"""


def _section(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, *(f"  {line}" for line in lines), ""])


def _is_http(rule: ForwardingRule) -> bool:
    return rule.entry_protocol in HTTP and not rule.tls_passthrough


def _ends_tls(rule: ForwardingRule) -> bool:
    return rule.entry_protocol in TLS and not rule.tls_passthrough


def _certificate(index: int) -> str:
    return f"{FOLDER}/{index}.pem"


def _frontend(spec: LoadBalancerSpec, index: int, rule: ForwardingRule) -> list[str]:
    tls = f" ssl crt /{_certificate(index)} alpn h2,http/1.1" if _ends_tls(rule) else ""
    lines = [f"mode {'http' if _is_http(rule) else 'tcp'}", f"bind :{rule.entry_port}{tls}"]
    if spec.deny:
        lines.append(f"tcp-request connection reject if {{ src {' '.join(spec.deny)} }}")
    if spec.allow:
        lines.append(f"tcp-request connection reject unless {{ src {' '.join(spec.allow)} }}")
    if _is_http(rule):
        lines += ["option forwardfor", f"http-request set-header X-Forwarded-Port {rule.entry_port}"]
        lines.append(f"http-request set-header X-Forwarded-Proto {'https' if _ends_tls(rule) else 'http'}")
        if spec.redirect_http_to_https and not _ends_tls(rule):
            lines.append("http-request redirect scheme https code 307")
    return [*lines, f"default_backend target-{index}"]


def _backend(spec: LoadBalancerSpec, rule: ForwardingRule) -> list[str]:
    check = spec.health_check
    lines = [f"mode {'http' if _is_http(rule) else 'tcp'}", "balance roundrobin"]
    lines.append(f"timeout check {check.timeout_seconds}s")
    if check.protocol in TLS or check.protocol == "http":
        lines += [f"option httpchk GET {_quoted(check.path or '/')}", "http-check expect status 200-399"]
    if _is_http(rule) and not spec.backend_keepalive:
        lines.append("option http-server-close")
    if _is_http(rule) and spec.sticky_cookie:
        life = f" maxlife {spec.sticky_seconds}s" if spec.sticky_seconds else ""
        lines.append(f"cookie {spec.sticky_cookie} insert indirect nocache{life}")
    return [*lines, *(_server(spec, rule, address) for address in spec.targets)]


def _server(spec: LoadBalancerSpec, rule: ForwardingRule, address: str) -> str:
    check = spec.health_check
    name = address.replace(".", "-")
    words = [f"server {name} {address}:{rule.target_port} check port {check.port} inter {check.interval_seconds}s"]
    words.append(f"rise {check.healthy_threshold} fall {check.unhealthy_threshold}")
    if _is_http(rule) and rule.target_protocol in TLS:
        alpn = "h2,http/1.1" if rule.target_protocol == "http2" else "http/1.1"
        words.append(f"ssl verify none alpn {alpn}")  # DigitalOcean does not verify its droplets either
    words.append("check-ssl verify none" if check.protocol in TLS else "no-check-ssl")
    if spec.proxy_protocol:
        words.append("send-proxy")
        if check.port == rule.target_port:
            words.append("check-send-proxy")
    if _is_http(rule) and spec.sticky_cookie:
        words.append(f"cookie {name}")
    return " ".join(words)


def _quoted(text: str) -> str:
    """Within single quotes HAProxy takes everything as it is, but a single quote; in a path that is %27."""
    return "'" + text.replace("'", "%27") + "'"
