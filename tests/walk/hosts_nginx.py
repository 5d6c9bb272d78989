# SPDX-License-Identifier: GPL-3.0-or-later
"""Correct declarations of nginx sites, and what visitors must get from them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from .host import ROOT

NAMES = ("shop", "blog", "api", "old")
PATHS = ("/", "/api", "/files/", "/api/deep")
PASSWORDS = {"team": "walk-team-password", "boss": "walk-boss-password"}
LIMITS = {"1k": 1024, "1m": 1024**2}
DIRECTIVES = {
    "expires": "expires 1h;",
    "header": "proxy_set_header X-Walk one;",
    "if": "if ($request_method = PURGE) { return 405; }",
}
CERTIFICATES = ROOT / ".cache/walk/certificates"

LOCATION = st.fixed_dictionaries(
    {
        "target": st.sampled_from(["9001", "9002", "9003", "service"]),
        "websocket": st.booleans(),
        "compress": st.booleans(),
        "rate": st.sampled_from(["", "", "", "50r/s"]),
        "limit": st.sampled_from(["", "", "1k", "1m"]),
        "auth": st.sampled_from(["", "", "", "open", "boss"]),
        "directive": st.sampled_from(["", "", *DIRECTIVES]),
        "timeout": st.sampled_from(["", "90s"]),
    }
)
SITE = st.fixed_dictionaries(
    {
        "names": st.sampled_from(["own", "own", "two", "any"]),
        "listen": st.sampled_from([80, 80, 8080]),
        "tls": st.sampled_from(["", "", "self-signed", "files", "files"]),
        "listen_tls": st.sampled_from([443, 443, 8443]),
        "certificate": st.sampled_from(["one", "two"]),
        "locations": st.dictionaries(st.sampled_from(PATHS), LOCATION, min_size=1, max_size=3),
        "header": st.sampled_from(["", "one", "two", "none"]),
        "hsts": st.booleans(),
        "limit": st.sampled_from(["", "", "1k", "1m"]),
        "auth": st.sampled_from(["", "", "", "team", "both"]),
        "app": st.sampled_from(["", "", "shared"]),
    }
)
DECLARATION = st.fixed_dictionaries(
    {
        "sites": st.dictionaries(st.sampled_from(NAMES), SITE, min_size=1, max_size=3),
        "connections": st.sampled_from([500, 1000]),
        "body": st.sampled_from(["10m", "2m"]),
        "log_days": st.sampled_from([7, 14]),
        "proxies": st.booleans(),
        "header_size": st.sampled_from(["16k", "32k"]),
        "status_port": st.sampled_from([8078, 8079]),
    }
)
_LOCATION = {
    "target": "9001",
    "websocket": False,
    "compress": False,
    "rate": "",
    "limit": "",
    "auth": "",
    "directive": "",
    "timeout": "",
}
_SITE = {
    "names": "own",
    "listen": 80,
    "tls": "",
    "listen_tls": 443,
    "certificate": "one",
    "header": "",
    "hsts": True,
    "limit": "",
    "auth": "",
    "app": "",
    "locations": {"/": _LOCATION},
}
# Where each walk begins.
SIMPLE = {
    "connections": 1000,
    "body": "10m",
    "log_days": 14,
    "proxies": False,
    "header_size": "32k",
    "status_port": 8078,
    "sites": {"shop": _SITE},
}
USERS = {"": None, "team": ["team"], "both": ["team", "boss"], "open": [], "boss": ["boss"]}


@cache
def certificate(site: str, version: str) -> dict[str, str]:
    """A leaf of an authority of our own, made once."""
    place = CERTIFICATES / f"{site}-{version}"
    if not (place / "leaf.pem").exists():
        place.mkdir(parents=True, exist_ok=True)
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
        root = ["-subj", f"/CN=walk {site} {version}", "-keyout", "root.key", "-out", "root.pem"]
        names = ",".join(f"DNS:{name}" for name in host_names(site))
        leaf = [
            "-subj",
            f"/CN={site}.test",
            "-addext",
            f"subjectAltName={names}",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
        ]
        for arguments in (root, [*leaf, "-keyout", "leaf.key", "-out", "leaf.pem"]):
            command = ["openssl", "req", "-x509", *curve, *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd=place)
    texts = {name: (place / file).read_text() for name, file in (("certificate", "leaf.pem"), ("key", "leaf.key"))}
    return {**texts, "root": (place / "root.pem").read_text()}


def host_names(site: str) -> list[str]:
    return [f"{site}.test", f"www.{site}.test"]


def location(path: str, wish: dict[str, Any]) -> dict[str, Any]:
    target = {"service": "web"} if wish["target"] == "service" else {"upstream": f"127.0.0.1:{wish['target']}"}
    return {
        "path": path,
        **target,
        **({"websocket": True} if wish["websocket"] else {}),
        **({"compress": True} if wish["compress"] else {}),
        **({"rate": wish["rate"], "burst": 100} if wish["rate"] else {}),
        **({"client_max_body_size": wish["limit"]} if wish["limit"] else {}),
        **({"basic_auth": USERS[wish["auth"]]} if wish["auth"] else {}),
        **({"directives": [DIRECTIVES[wish["directive"]]]} if wish["directive"] else {}),
        **({"read_timeout": wish["timeout"]} if wish["timeout"] else {}),
    }


def site(name: str, wish: dict[str, Any], has_catch_all: bool) -> dict[str, Any]:
    """`has_catch_all`: another site has the connections of any name already."""
    names = host_names(name)[: 2 if wish["names"] == "two" else 1]
    takes_any = wish["names"] == "any" and not has_catch_all
    tls = {"self-signed": {"source": "self-signed"}, "files": {"source": "files"}}.get(wish["tls"], {})
    if wish["tls"] == "files":
        tls |= certificate(name, wish["certificate"])
    headers = {"one": {"X-Walk-Site": "1"}, "two": {"X-Walk-Site": "2"}, "none": {"X-Frame-Options": None}}
    return {
        **({} if takes_any else {"server_names": names}),
        **({"listen": wish["listen"]} if wish["listen"] != 80 else {}),
        **({"tls": tls, "listen_tls": wish["listen_tls"]} if tls else {}),
        **({"headers": headers[wish["header"]]} if wish["header"] else {}),
        **({"hsts": ""} if tls and not wish["hsts"] else {}),
        **({"client_max_body_size": wish["limit"]} if wish["limit"] else {}),
        **({"basic_auth": USERS[wish["auth"]]} if wish["auth"] else {}),
        **({"app": wish["app"]} if wish["app"] else {}),
        "locations": [location(path, one) for path, one in wish["locations"].items()],
    }


def variables(wish: dict[str, Any]) -> dict[str, Any]:
    sites: dict[str, Any] = {}
    for name, one in wish["sites"].items():
        sites[name] = site(name, one, any("server_names" not in other for other in sites.values()))
    return {
        "nginx_sites": sites,
        "nginx_passwords": PASSWORDS,
        "nginx_connections_per_address": wish["connections"],
        "nginx_client_max_body_size": wish["body"],
        "nginx_log_days": wish["log_days"],
        "nginx_trusted_proxies": ["192.0.2.0/24"] if wish["proxies"] else [],
        "nginx_request_header_size": wish["header_size"],
        "nginx_status_port": wish["status_port"],
        "nginx_worker_shutdown_timeout": "5s",  # old workers would pile up
    }


@dataclass(frozen=True)
class Visit:
    """A request, and what it must get."""

    request: dict[str, Any]
    status: int
    upstream: int = 0
    header: tuple[str, str] = ("", "")

    def fault(self, answer: dict[str, Any]) -> str:
        problems = [] if answer["status"] == self.status else [f"status {answer['status']}, not {self.status}"]
        body = answer["body"] if isinstance(answer["body"], dict) else {}
        if self.upstream and body.get("port") != self.upstream:
            problems.append(f"answered by {body.get('port')}, not by {self.upstream}")
        if self.status >= 400 and "error" not in body:
            problems.append("an error that is not in our form")
        name, value = self.header
        if name and answer["headers"].get(name) != (value or None):
            problems.append(f"{name} is {answer['headers'].get(name)!r}, not {value!r}")
        return f"{self.request}: {', '.join(problems)}: {answer['body']!r}" if problems else ""


def visits(given: dict[str, Any], live: dict[str, int]) -> Iterator[Visit]:
    """`live`: the port of each app whose release has written where its visitors go."""
    for name, declared in given["nginx_sites"].items():
        yield from _visits_of(name, declared, given["nginx_client_max_body_size"], live)


def _visits_of(name: str, declared: dict[str, Any], body: str, live: dict[str, int]) -> Iterator[Visit]:
    host = declared.get("server_names", ["nobody.test"])[-1]
    plain = {"host": host, "port": declared.get("listen", 80)}
    base = {**plain, "port": declared["listen_tls"], "tls": True} if "tls" in declared else plain
    if "tls" in declared:
        yield Visit({**plain, "path": "/x"}, 301)
    header = ("x-frame-options", "SAMEORIGIN")
    for wanted, value in declared.get("headers", {}).items():
        header = (wanted.lower(), value or "")
    paths = [location["path"] for location in declared["locations"]]
    for one in declared["locations"]:
        path = one["path"] + ("x" if one["path"].endswith("/") else "")
        request = {**base, "path": path}
        users = one.get("basic_auth", declared.get("basic_auth"))
        if users:
            yield Visit(request, 401)
            request |= {"login": f"{users[0]}:{PASSWORDS[users[0]]}"}
        port = live.get(declared.get("app", name), 0) if "service" in one else int(one["upstream"].split(":")[1])
        yield Visit(request, 200 if port else 502, port, header if port else ("", ""))
        limit = one.get("client_max_body_size", declared.get("client_max_body_size", body))
        if port:
            yield Visit({**request, "length": 2000}, 413 if limit == "1k" else 200)
    if "/" not in paths and "basic_auth" not in declared:
        yield Visit({**base, "path": "/nowhere"}, 404)
