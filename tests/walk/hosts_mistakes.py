# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with the settings of a role: how to make it so, and what the message must say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .hosts_ground import public_key
from .hosts_nginx import certificate

Given = dict[str, Any]


@dataclass(frozen=True)
class Mistake:
    """`words`: the message has them. `is_late`: only a program on the host knows, and all is put back. nginx judges in
    a check too; of the others a check may not know."""

    inject: Callable[[Given], None]
    words: tuple[str, ...]
    is_late: bool = False


def _given(*words: str, late: bool = False, **settings: Any) -> Mistake:
    return Mistake(lambda given: given.update(settings), words, late)


def _site(*words: str, late: bool = False, **more: Any) -> Mistake:
    return Mistake(lambda given: _first(given).update(more), words, late)


def _first(given: Given) -> dict[str, Any]:
    return next(iter(given["nginx_sites"].values()))


def _location(*words: str, late: bool = False, **more: Any) -> Mistake:
    return Mistake(lambda given: _first(given)["locations"][0].update(more), words, late)


def _sites(*words: str, **sites: Any) -> Mistake:
    """Beside what is declared."""
    return Mistake(lambda given: given["nginx_sites"].update(sites), words)


def _one(path: str = "/", **more: Any) -> dict[str, Any]:
    return {"locations": [{"path": path, "upstream": "127.0.0.1:9001"}], **more}


def _key_of_another(given: Given) -> None:
    other = {**certificate("shop", "one"), "key": certificate("shop", "two")["key"]}
    given["nginx_sites"]["fault"] = _one(server_names=["shop.test"], listen=8088, tls={"source": "files", **other})


def _twice(given: Given) -> None:
    _first(given)["locations"].append({"path": _first(given)["locations"][0]["path"], "upstream": "127.0.0.1:9002"})


def _upstream(given: Given) -> None:
    location = _first(given)["locations"][0]
    location.pop("service", None)
    location["upstream"] = "nobody.invalid:80"


NAMES = ["f.test"]
SELF_SIGNED = {"source": "self-signed"}
NGINX = {
    "no site": _given("nginx_sites is empty", nginx_sites={}),
    "a wrong type": _given("nginx_connections_per_address", nginx_connections_per_address="many"),
    "a name in capitals": _sites("'Fault'", Fault=_one()),
    "an unknown key": _site("'upstrem'", upstrem="127.0.0.1:1"),
    "an unknown key of a location": _location("'timeout'", timeout="3s"),
    "no locations": _sites("nginx_sites.fault.locations", fault={"server_names": ["fault.test"]}),
    "no host name": _sites("'a b'", fault=_one(server_names=["a b"])),
    "no port": _sites("fault.listen", fault=_one(server_names=["fault.test"], listen=70000)),
    "a port as text": _sites("fault.listen", fault=_one(server_names=["fault.test"], listen="80")),
    "a path without /": _location("path", path="api"),
    "a loose size": _site("client_max_body_size", client_max_body_size="big"),
    "a loose time": _location("read_timeout", read_timeout="soon"),
    "a loose rate": _location("rate", rate="much"),
    "nobody's password": _site("nobody", basic_auth=["nobody"]),
    "half a directive": _site("'expires 1h'", directives=["expires 1h"]),
    "a directive that leaves its place": _site("no whole directive", directives=["} server { listen 1; "]),
    "an unknown directive": _site("nonsense", late=True, directives=["nonsense 1;"]),
    "a directive with a wrong value": _location("expires", late=True, directives=["expires whenever;"]),
    "a header with a quote": _site("X-Walk", headers={"X-Walk": 'a"b'}),
    "an unknown source of a certificate": _sites("tls.source", fault=_one(server_names=NAMES, tls={"source": "x"})),
    "half a certificate": _sites("key", fault=_one(server_names=NAMES, tls={"source": "files", "certificate": "x"})),
    "another's key": Mistake(_key_of_another, ("does not fit",)),
    "two for any name": _sites("fault1", fault1=_one(listen=8090), fault2=_one(listen=8090)),
    "two of a name": _sites(
        "f.test", fault1=_one(listen=8090, server_names=["f.test"]), fault2=_one(listen=8090, server_names=["f.test"])
    ),
    "two for any name by TLS": _sites(
        "fault1", "fault2", fault1=_one(listen=8090, listen_tls=8444, tls=SELF_SIGNED),
        fault2=_one(listen=8091, listen_tls=8444, tls=SELF_SIGNED),
    ),
    "two of a name by TLS": _sites(
        "fault1", "f.test", fault1=_one(listen=8090, listen_tls=8444, tls=SELF_SIGNED, server_names=["f.test"]),
        fault2=_one(listen=8091, listen_tls=8444, tls=SELF_SIGNED, server_names=["f.test"]),
    ),
    "a port with and without TLS": _sites(
        "8090", fault1=_one(listen=8090, server_names=["f1.test"]),
        fault2=_one(listen=8091, listen_tls=8090, tls=SELF_SIGNED, server_names=["f2.test"]),
    ),
    "a location twice": Mistake(_twice, ("locations",)),
    "the location of error pages": _location("/izzzi-pages", path="/izzzi-pages/"),
    "an upstream that nobody knows": Mistake(_upstream, ("nobody.invalid",), is_late=True),
    "a loose size for all": _given("nginx_client_max_body_size", nginx_client_max_body_size="big"),
    "a loose header size": _given("nginx_request_header_size", nginx_request_header_size="big"),
    "no proxy": _given("nginx_trusted_proxies", nginx_trusted_proxies=["load balancer"]),
    "a loose time for all": _given("nginx_worker_shutdown_timeout", nginx_worker_shutdown_timeout="soon"),
    "no connections": _given("nginx_worker_connections", nginx_worker_connections=0),
    "no port for the status": _given("nginx_status_port", nginx_status_port=0),
    "a security header with a quote": _given("X-Walk", nginx_security_headers={"X-Walk": 'a"b'}),
    "negative days": _given("nginx_log_days", nginx_log_days=-1),
}  # fmt: skip


def _options(*words: str, late: bool = False, **options: Any) -> Mistake:
    named = {name.replace("_", "-"): value for name, value in options.items()}
    return Mistake(lambda given: given["docker_daemon_options"].update(named), words, late)


def _pool_in_the_vpc(given: Given) -> None:
    given["docker_daemon_options"]["default-address-pools"] = [{"base": "10.73.0.0/16", "size": 24}]
    given["docker_reserved_networks"] = ["10.73.0.0/24"]


DOCKER = {
    "a wrong type": _given("docker_prune_enabled", docker_prune_enabled="perhaps"),
    "a number for a text": _options("log-opts.max-file", log_opts={"max-file": 3}),
    "a text for a list": _options("labels", labels="a=b"),
    "a text for a truth": _options("icc", icc="perhaps"),
    "a pool in the VPC": Mistake(_pool_in_the_vpc, ("10.73.0.0/24",)),
    "a pool that cannot be cut": _options("/8", default_address_pools=[{"base": "172.18.0.0/16", "size": 8}]),
    "no address": _options("bip", bip="bridge"),
    "a flag too": _options("hosts", hosts=["tcp://127.0.0.1:2375"]),
    "an unknown setting": _options("no-such-setting", late=True, no_such_setting=1),
    "an unknown log driver": _options("nolog", late=True, log_driver="nolog"),
    "a remapped user": _options("userns-remap", userns_remap="default"),
    "an unknown plugin": _given("docker_plugins", docker_plugins=["scout"]),
    "no version": _given("docker_version", docker_version="latest; rm"),
    "a version that is not there": _given("99.1.*", late=True, docker_version="99.1.*"),
    "a user who is not there": _given("nobody-here", docker_users=["nobody-here"]),
    "no calendar": _given("docker_prune_calendar", docker_prune_enabled=True, docker_prune_calendar="sometimes"),
    "no age": _given("docker_prune_age", docker_prune_enabled=True, docker_prune_age="a while"),
    "no mirror": _given("docker_registry_mirrors", docker_registry_mirrors=["a mirror"]),
    "no certificate": _given("docker_ca_certificates", docker_ca_certificates="none"),
    "no certificate of a registry": _given("registry:5000", docker_registry_ca_certificates={"registry:5000": "x"}),
    "a registry with a path": _given("../../x", docker_registry_ca_certificates={"../../x": "x"}),
    "no network": _given("docker_reserved_networks", docker_reserved_networks=["the VPC"]),
    "a proxy with a line break": _given("docker_proxy", docker_proxy={"https": 'http://a"\nExecStart=x'}),
}  # fmt: skip


def _rule(*words: str, **rule: Any) -> Mistake:
    whole = {"name": "more", "protocol": "tcp", "ports": ["9400"], "sources": [], **rule}
    return Mistake(lambda given: given["base_firewall_rules"].append(whole), words)


BASE = {
    "no key": _given("base_user_keys is empty", base_user_keys=[]),
    "half a key": _given("base_user_keys", base_user_keys=["ssh-ed25519 AAAA"]),
    "keys of others alone": Mistake(
        lambda given: given.update(base_user_keys=[public_key("third")]), ("A new login",), is_late=True
    ),
    "no user name": _given("base_user", base_user="Deploy User"),
    "no port": _given("base_ssh_port", base_ssh_port=70000),
    "a port that is taken": Mistake(
        lambda given: (given.update(base_ssh_port=9301), given["base_firewall_rules"][0].update(ports=["9301"])),
        ("base_ssh_port", "9301"),
    ),
    "nobody may log in": _given("base_ssh_allow_users", base_ssh_allow_users=["somebody"]),
    "a group that nobody is in": _given("login", late=True, base_ssh_allow_groups=["games"]),
    "SSH is not let in": Mistake(lambda given: given["base_firewall_rules"].pop(0), ("base_firewall_rules",)),
    "SSH from elsewhere alone": Mistake(
        lambda given: given["base_firewall_rules"][0].update(sources=["203.0.113.0/24"]), ("base_firewall_rules",)
    ),
    "no port of a rule": _rule("port '0'", ports=["0"]),
    "a range that runs back": _rule("9500-9400", ports=["9500-9400"]),
    "no network": _rule("10.0.0.1/8", sources=["10.0.0.1/8"]),
    "a name with quotes": _rule("name", name='a "b"'),
    "a rule without a protocol": _rule("protocol", protocol="icmp"),
    "no interface": _given("base_firewall_trusted_interfaces", base_firewall_trusted_interfaces=["eth 0"]),
    "no zone": _given("base_timezone", base_timezone="Mars Base"),
    "a zone that is not there": _given("Mars/Olympus", base_timezone="Mars/Olympus"),
    "no package name": _given("base_packages", base_packages=["a; b"]),
    "a package that is not there": _given("no-such-package", late=True, base_packages=["no-such-package"]),
    "no kernel setting": _given("base_sysctl", base_sysctl={"a b": 1}),
    "a value that the kernel refuses": _given(
        "net.ipv4.tcp_fin_timeout", late=True, base_sysctl={"net.ipv4.tcp_fin_timeout": "soon"}
    ),
    "no umask": _given("base_umask", base_umask="9"),
    "no size of the journal": _given("base_journal_max_size", base_journal_max_size="big"),
    "no size of the swap": _given("base_swap_size", base_swap_size="2 GB"),
    "no time": _given("base_automatic_reboot_time", base_automatic_reboot_time="3 o'clock"),
    "no module": _given("base_blocked_modules", base_blocked_modules=["a b"]),
    "no mount option": _given("base_mount_options", base_mount_options={"/dev/shm": ["no suid"]}),
    "a mount option that is not there": _given("/dev/shm", late=True, base_mount_options={"/dev/shm": ["nonsense"]}),
    "a group that is not there": _given("nobodies", base_process_group="nobodies"),
    "no NTP server": _given("base_ntp_servers", base_ntp_servers=["a b"]),
    "an unknown choice": _given("base_ssh_algorithms", base_ssh_algorithms="old"),
    "no time for the proof": _given("base_proof_seconds", base_proof_seconds=0),
    "no tries": _given("base_ssh_max_auth_tries", base_ssh_max_auth_tries=0),
    "negative seconds": _given("base_shell_timeout", base_shell_timeout=-5),
    "an unknown tool": _given("base_integrity_tools", base_integrity_tools=["tripwire"]),
    "no address to ignore": _given("base_fail2ban_ignored", base_fail2ban_ignored=["home"]),
}  # fmt: skip
MISTAKES = {"base": BASE, "docker": DOCKER, "nginx": NGINX}
