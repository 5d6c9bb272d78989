# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.sites import Words, guards, problems

LOCATION = {"path": "/", "upstream": "127.0.0.1:3000"}


def site(**changes):
    return {"shop": {"locations": [LOCATION], **changes}}


def test_a_full_site_is_well():
    locations = [
        {"path": "/api", "service": "backend", "rate": "20r/s", "burst": 5, "client_max_body_size": "50m"},
        {"path": "/socket.io", "service": "backend", "sticky": True, "websocket": True, "read_timeout": "1h"},
        {"path": "/v6", "upstream": "[::1]:4000"},
        {"path": "/socket", "upstream": "unix:/run/app.sock"},
        {**LOCATION, "compress": True},
    ]
    tls = {"source": "acme", "challenge": "dns-01"}
    whole = site(
        app="store",
        locations=locations,
        server_names=["example.org", "*.example.org", "xn--bcher-kva.example"],
        tls=tls,
        headers={"X-Frame-Options": None, "Content-Security-Policy": "default-src 'self'"},
    )
    acme = {"email": "ops@example.org", "dns_token": "hunter22"}
    assert problems(whole, acme) == []
    assert "nginx_acme_dns_token is empty" in problems(whole, {**acme, "dns_token": ""})[0]
    assert "nginx_acme_email must be an e-mail address" in problems(whole, {**acme, "email": "me"})[0]


def test_settings_are_for_sites_and_locations():
    settings = {
        "client_max_body_size": "1g",
        "response_header_size": "64k",
        "read_timeout": "1h",
        "send_timeout": "90",
        "connect_timeout": "500ms",
        "client_body_timeout": "2m",
        "basic_auth": ["ops"],
        "directives": ["expires 1h;", "location = /a { return 418; }", 'add_header X-A "{";', "return 200 'a}b;'; # }"],
    }
    location = {**LOCATION, **settings, "buffering": False, "basic_auth": []}
    assert problems(site(**settings, locations=[location]), users=["ops"]) == []


@pytest.mark.parametrize("sites", [{}, None, []])
def test_there_must_be_a_site(sites):
    assert problems(sites) == ["nginx_sites is empty: declare at least one site, {name: {locations: [...]}}."]


@pytest.mark.parametrize(
    ("sites", "words"),
    [
        ({"../etc": {}}, "'../etc' is not a valid name for a site"),
        ({"Shop": {}}, "is not a valid name for a site"),
        ({"shop": None}, "nginx_sites.shop must be a dictionary"),
        ({"shop": {}}, "nginx_sites.shop.locations must be a list"),
        (site(location=[]), "'location' is not known"),
        (site(server_names="example.org"), "server_names must be a list"),
        (site(server_names=["example.org\nlisten 81"]), "is not a valid host name"),
        (site(server_names=["bücher.example"]), "punycode"),
        (site(server_names=["a" * 64 + ".org"]), "is not a valid host name"),
        (site(listen=0), "listen: 0 is not a valid port"),
        (site(listen="80; bogus"), "is not a valid port"),
        (site(listen=True), "is not a valid port"),
        (
            site(client_max_body_size="10 MB"),
            "shop.client_max_body_size: '10 MB' is not understood. Use for example 10m",
        ),
        (site(headers={"X-A": 'a"; bogus'}), "headers.X-A: a value has no quotation marks"),
        (site(headers={"X A": "a"}), "'X A' is not a valid name for a header"),
        (site(headers={"X-A": "$http_cookie"}), "dollars"),
        (site(locations=[{"path": "/"}]), "locations[1] needs path, and upstream or service"),
        (site(locations=[{**LOCATION, "service": "web"}]), "upstream or service"),
        (site(locations=[{"path": "/", "service": "../web"}]), "is not a valid name for a service"),
        (site(app="a/b"), "is not a valid name for an app"),
        (site(locations=[{**LOCATION, "path": "api"}]), "must begin with /"),
        (site(locations=[{**LOCATION, "path": "/a { return 200; }"}]), "must begin with /"),
        (site(locations=[{**LOCATION, "upstream": "frontend"}]), "'frontend' is not a valid host:port"),
        (site(locations=[{**LOCATION, "upstream": "127.0.0.1:3000; bogus"}]), "is not a valid host:port"),
        (site(locations=[{**LOCATION, "read_timeout": "60s; bogus on"}]), "read_timeout: '60s; bogus on'"),
        (site(locations=[{**LOCATION, "rate": "0r/s"}]), "rate: '0r/s'"),
        (site(locations=[{**LOCATION, "burst": -1}]), "burst: -1"),
        (site(locations=[{**LOCATION, "buffer": False}]), "'buffer' is not known"),
        (site(read_timeout="1 hour"), "nginx_sites.shop.read_timeout: '1 hour' is not understood. Use for example 60s"),
        (site(locations=[{**LOCATION, "connect_timeout": "-1"}]), "locations[1].connect_timeout: '-1'"),
        (site(client_body_timeout="30s; bogus on"), "client_body_timeout: '30s; bogus on'"),
        (site(response_header_size="64"), "response_header_size: 64 is not between 1k and 1m"),
        (site(locations=[{**LOCATION, "response_header_size": "2m"}]), "response_header_size: 2m is not between"),
        (site(response_header_size="big"), "response_header_size: 'big' is not understood"),
        (site(basic_auth="ops"), "basic_auth must be a list of names out of nginx_passwords"),
        (site(basic_auth=["ops", "dev"]), "nginx_sites.shop.basic_auth: dev has no password in nginx_passwords"),
        (site(basic_auth=["o:ps"]), "basic_auth: 'o:ps' is not a valid name"),
        (site(locations=[{**LOCATION, "basic_auth": ["dev"]}]), "locations[1].basic_auth: dev has no password"),
        (site(directives="expires 1h;"), "directives must be a list of nginx's directives"),
        (site(directives=["expires 1h"]), "directives: 'expires 1h' is not a whole directive"),
        (site(directives=["} server {"]), "is not a whole directive"),
        (site(directives=["location /a { return 404;"]), "is not a whole directive"),
        (site(directives=["# expires 1h;"]), "is not a whole directive"),
        (site(locations=[{**LOCATION, "directives": [{"expires": "1h"}]}]), "locations[1].directives must be a list"),
        (site(tls={"source": "letsencrypt"}), "tls.source must be one of acme, files, self-signed"),
        (site(tls={"source": "acme"}), "a certificate authority needs names"),
        (site(tls={"source": "acme"}, server_names=["*.example.org"]), "need the challenge dns-01"),
        (site(tls={"source": "acme", "challenge": "tls"}, server_names=["a.org"]), "'tls' is not known"),
        (site(tls={"source": "files", "key": "x"}), "tls needs certificate and key"),
        (site(hsts='max-age=1"; bogus'), "hsts: a value has no quotation marks"),
        (site(locations=[LOCATION, LOCATION]), "locations[2].path: / is declared by locations[1] already"),
        (
            site(locations=[{**LOCATION, "path": "/api"}, {**LOCATION, "path": "/api/"}]),
            "locations[2].path: /api/ is declared by locations[1] already",
        ),
        (site(locations=[{**LOCATION, "path": "/izzzi-pages"}]), "/izzzi-pages is the role's own"),
    ],
)
def test_a_fault_is_named_with_its_place(sites, words):
    assert [problem for problem in problems(sites, users=["ops"]) if words in problem], problems(sites)


def test_two_sites_of_a_port_cannot_both_answer_for_any_name():
    assert problems({**site(), "other": {"locations": [LOCATION]}}) == [
        "nginx_sites: only one site of a port may go without server_names: shop and other do."
    ]
    assert problems({**site(), "other": {"locations": [LOCATION], "listen": 8080}}) == []


SECURE = {"locations": [LOCATION], "tls": {"source": "self-signed"}}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            {**SECURE, "listen": 8080},
            "only one site of a port may go without server_names: shop and other do on port 443.",
        ),
        (
            {"locations": [LOCATION], "listen": 443},
            "port 443 cannot be with and without TLS: other has it without, shop",
        ),
        (
            {**SECURE, "listen": 8080, "listen_tls": 80},
            "port 80 cannot be with and without TLS: shop has it without, other",
        ),
        ({**SECURE, "listen": 8080, "listen_tls": 8080, "server_names": ["a.org"]}, "other has it without, other with"),
    ],
)
def test_a_port_has_one_server_of_a_name_and_is_with_tls_or_without(other, words):
    assert words in problems({**site(tls={"source": "self-signed"}), "other": other})[0]


def test_ports_of_their_own_are_well():
    assert (
        problems({**site(tls={"source": "self-signed"}), "other": {**SECURE, "listen": 8080, "listen_tls": 8443}}) == []
    )


SHARED = {
    "client_max_body_size": "0",
    "request_header_size": "16k",
    "worker_shutdown_timeout": "5s",
    "worker_connections": 1024,
    "log_days": 1,
    "status_port": 8078,
    "security_headers": {"X-A": "a", "X-B": None},
    "trusted_proxies": ["10.0.0.0/8", "10.0.0.7/24", "2001:db8::1"],
}


def test_what_all_sites_share_is_well():
    assert problems(site(), settings=SHARED) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("client_max_body_size", "10 MB", "'10 MB' is not understood. Use for example 10m."),
        ("request_header_size", "big", "'big' is not understood. Use for example 32k."),
        ("request_header_size", "2m", "2m is not between 1k and 1m."),
        ("response_header_size", "0", "0 is not between 1k and 1m."),
        ("worker_shutdown_timeout", "soon", "'soon' is not understood. Use for example 10m."),
        ("worker_connections", 0, "0 is too few. Use at least 16."),
        ("connections_per_address", 0, "0 is too few. Use at least 1."),
        ("log_days", -1, "-1 is too few. Use at least 1."),
        ("status_port", 0, "0 is not a valid port. Use a number from 1 to 65535."),
        ("trusted_proxies", ["lb"], "'lb' is not a valid address or range, for example 10.0.0.0/24."),
        ("security_headers", {"X A": "a"}, "'X A' is not a valid name for a header. Use letters, digits and -."),
    ],
)
def test_a_fault_of_what_all_sites_share_is_named(name, value, words):
    assert problems(site(), settings={**SHARED, name: value}) == [f"nginx_{name}: {words}"]
    found = problems(site(locations=[SERVICE]), users=["ops"], settings={**SHARED, name: value}, words=IN_A_SWARM)
    own = "nginx_" if name in ("worker_shutdown_timeout", "log_days", "status_port") else "app_edge_"
    assert found == [f"{own}{name}: {words}"]


IN_A_SWARM = Words("app_edge_", "swarm")
SERVICE = {"path": "/", "service": "web", "port": 3000, "basic_auth": ["ops"]}
FILES = {"source": "files", "certificate": "x", "key": "y"}


def in_a_swarm(sites, users=("ops",)):
    return problems(sites, users=users, words=IN_A_SWARM)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"locations": [SERVICE]}, ""),
        ({"locations": [{"path": "/", "upstream": "10.20.0.9:8080"}], "tls": FILES}, ""),
        ({"locations": [{"path": "/", "upstream": "[fd00::9]:8080"}]}, ""),
        ({"locations": [LOCATION]}, "locations[1].upstream: 127.0.0.1:3000 is not an address that all nodes reach"),
        ({"locations": [{"path": "/", "upstream": "shop.example:80"}]}, "shop.example:80 is not an address that all"),
        ({"locations": [{"path": "/", "upstream": "unix:/run/app.sock"}]}, "is not an address that all nodes reach"),
        ({"locations": [SERVICE], "tls": {"source": "self-signed"}}, ""),
        (
            {"locations": [SERVICE], "tls": {"source": "acme"}, "server_names": ["a.org"]},
            "nginx_acme_email must be an e-mail address",
        ),
        ({"locations": [SERVICE], "basic_auth": ["dev"]}, "dev has no password in app_edge_passwords."),
        ({"locations": []}, "app_edge_sites.shop.locations must be a list"),
    ],
)
def test_a_swarm_gets_the_same_sites_but_for_what_is_one_hosts(changes, words):
    found = in_a_swarm({"shop": changes})
    assert [words in line for line in found] == [True] if words else found == []


def test_a_swarm_may_do_without_a_site():
    assert in_a_swarm({})[0].endswith("Or do without: app_edge_enabled: false.")


def test_on_a_host_the_release_knows_the_port():
    assert (
        "nginx_sites.shop.locations[1]: 'port' is not known." in problems(site(locations=[SERVICE]), users=["ops"])[0]
    )


def test_logins_have_a_file_for_each_place_that_asks():
    sites = {
        "shop": {"basic_auth": ["ops"], "locations": [LOCATION, {**LOCATION, "basic_auth": ["dev"]}]},
        "blog": {"locations": [{**LOCATION, "basic_auth": []}]},
    }
    assert guards(sites) == {"shop": ["ops"], "shop-2": ["dev"]}


@pytest.mark.parametrize(
    ("place", "sites", "passwords"),
    [("host", "nginx_sites", "app_edge_passwords"), ("swarm", "app_edge_sites", "app_edge_passwords")],
)
def test_who_wrote_app_site_reads_app_site(place, sites, passwords):
    words = Words("app_edge_", place, {"shop": "app_site"})
    faults = {"listen": 0, "basic_auth": ["dev"], "locations": [{"path": "x", "service": "web"}]}
    assert [line.partition(": ")[0] for line in problems({"shop": faults, "blog": faults}, words=words)] == [
        f"{where}.{part}"
        for where in ("app_site", f"{sites}.blog")
        for part in ("listen", "basic_auth", "locations[1].path")
    ]
    assert f"dev has no password in {passwords}." in problems({"shop": faults}, words=words)[1]
    double = {name: {"locations": [SERVICE]} for name in ("shop", "blog")}
    assert problems(double, users=["ops"], words=words if place == "swarm" else IN_A_SWARM)[0].startswith(
        "app_edge_sites: only"
    )
